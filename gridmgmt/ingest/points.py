"""Rows with one point each: a table with coordinate columns, or a vector file of points."""

from pathlib import Path

from gridmgmt.ingest.columns import keep_where
from gridmgmt.ingest.files import TABLE_SUFFIXES, VECTOR_SUFFIXES, Rows, check_file
from gridmgmt.ingest.tables import Select, read_table
from gridmgmt.ingest.vector import read_vector


def read_rows(
    path: Path,
    *,
    encoding: str | None = None,
    layer: str | None = None,
    select: Select | None = None,
) -> Rows:
    """Return the rows of a CSV, XLSX or vector file.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be read.
    """
    if check_file(path, (*TABLE_SUFFIXES, *VECTOR_SUFFIXES)) in TABLE_SUFFIXES:
        return read_table(path, encoding=encoding, select=select)
    return read_vector(path, encoding=encoding, layer=layer)


def filtered(rows: Rows, filters: tuple[str, ...]) -> tuple[Rows, int]:
    """Return the rows that all filters keep, and how many they left out."""
    kept = keep_where(rows.columns, filters, len(rows.row))
    return rows.where(kept), int((~kept).sum())
