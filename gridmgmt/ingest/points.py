"""Rows with one point each: a table with coordinate columns, or a vector file of points."""

from collections.abc import Mapping
from pathlib import Path

from gridmgmt.crs import Datum
from gridmgmt.ingest.columns import keep_where
from gridmgmt.ingest.files import TABLE_SUFFIXES, VECTOR_SUFFIXES, Rows, check_file
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Intake, Review
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
        return read_table(path, encoding=encoding, layer=layer, select=select)
    return read_vector(path, encoding=encoding, layer=layer)


def read_points(
    path: Path,
    *,
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return the rows of any table or vector file of points: ``row`` and the file's columns, geometry POINT in WGS 84.

    ``columns`` names those of ``lon`` and ``lat`` where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})
    rows = read_rows(path, encoding=encoding, layer=layer)
    review = Review(rows.row, rows.problems)
    geometry = reviewed_points(rows, review, datum=datum, lon=given.get("lon"), lat=given.get("lat"))
    return review.intake(rows.columns, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared)


def filtered(rows: Rows, filters: tuple[str, ...]) -> tuple[Rows, int]:
    """Return the rows that all filters keep, and how many they left out."""
    kept = keep_where(rows.columns, filters, len(rows.row))
    return rows.where(kept), int((~kept).sum())
