"""The tables of a catalogue or a list of matters in files: a workbook with a sheet each, or one of them as CSV.

A sheet and a column go by their identifiers or by their names in either language, so that what is exported in Chinese
comes back as it was.
"""

import csv
from collections.abc import Mapping
from io import BytesIO, StringIO
from pathlib import Path

import xlsxwriter

from gridmgmt.catalogue.rows import Record, Tables
from gridmgmt.catalogue.tables import COLUMNS, MATTER_COLUMNS, REQUIRED
from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.ingest.files import TABLE_SUFFIXES, Rows, check_file
from gridmgmt.ingest.tables import read_sheets, read_table
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import LANGUAGES, Language, text

_WIDTH = 18


def read_catalogue_tables(path: Path, *, table: str | None = None, encoding: str | None = None) -> Tables:
    """Return the tables of a catalogue that a file holds: an XLSX with a sheet each, or a CSV of one.

    Parameters
    ----------
    table
        Which table a CSV is; without it, the one that the file is named after.

    Raises
    ------
    InputError
        When it cannot be told which table a file or a sheet is.
    FileRefusedError
        When the file cannot be read, a column is not known, or one that is needed is missing.
    """
    return _read(path, COLUMNS, table, encoding)


def read_matters_tables(path: Path, *, fates: Path | None = None, encoding: str | None = None) -> Tables:
    """Return a list of matters from an XLSX with a sheet of matters and one of fates, or from two CSV files.

    Raises
    ------
    As :func:`read_catalogue_tables`.
    """
    if check_file(path, TABLE_SUFFIXES) == ".xlsx" and fates is None:
        return _read(path, MATTER_COLUMNS, None, encoding)
    tables = _read(path, MATTER_COLUMNS, "matters", encoding)
    return tables if fates is None else {**tables, **_read(fates, MATTER_COLUMNS, "fates", encoding)}


def workbook(tables: Tables, lang: Language) -> bytes:
    """Return tables as XLSX, all cells as text, the columns named in a language."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for table, columns in _columns(tables).items():
            sheet = book.add_worksheet(text(f"catalogue_table.{table}", lang))
            sheet.set_column(0, len(columns) - 1, _WIDTH)
            sheet.freeze_panes(1, 1)
            for i, column in enumerate(columns):
                sheet.write_string(0, i, text(f"catalogue_column.{column}", lang), bold)
            for number, record in enumerate(tables.get(table, ()), start=1):
                for i, column in enumerate(columns):
                    sheet.write_string(number, i, record.cells.get(column, ""))
    return buffer.getvalue()


def csv_table(tables: Tables, table: str, lang: Language) -> bytes:
    """Return one table as CSV in UTF-8, the columns named in a language.

    Raises
    ------
    InputError
        ``catalogue_table_unknown``.
    """
    columns = _columns(tables).get(table)
    if columns is None:
        raise InputError("catalogue_table_unknown", field="table", value=table, known=", ".join(_columns(tables)))
    stream = StringIO()
    writer = csv.writer(stream)
    writer.writerow([text(f"catalogue_column.{column}", lang) for column in columns])
    for record in tables.get(table, ()):
        writer.writerow([harmless(record.cells.get(column, "")) for column in columns])
    return stream.getvalue().encode("utf-8-sig")


def _columns(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    return MATTER_COLUMNS if "matters" in tables else COLUMNS


def _read(path: Path, columns: Mapping[str, tuple[str, ...]], table: str | None, encoding: str | None) -> Tables:
    if check_file(path, TABLE_SUFFIXES) == ".xlsx":
        sheets = read_sheets(path)
        if not sheets:
            raise FileRefusedError("file_empty", file=path.name)
        if table is not None and len(sheets) == 1:
            return {table: _records(path, table, columns[table], next(iter(sheets.values())))}
        named = {_table(sheet, columns): rows for sheet, rows in sheets.items()}
    else:
        named = {table or _table(path.name.split(".")[0], columns): read_table(path, encoding=encoding)}
    return {name: _records(path, name, columns[name], rows) for name, rows in named.items()}


def _table(said: str, columns: Mapping[str, tuple[str, ...]]) -> str:
    names = _names("catalogue_table", tuple(columns))
    found = names.get(said.strip().casefold())
    if found is None:
        raise InputError("catalogue_table_unknown", field="table", value=said, known=", ".join(columns))
    return found


def _records(path: Path, table: str, columns: tuple[str, ...], rows: Rows) -> tuple[Record, ...]:
    """Return the rows of a table; one that could not be read as a row refuses the file."""
    names = _names("catalogue_column", columns)
    used = {header: names.get(header.strip().casefold()) for header in rows.columns}
    if unknown := [header for header, column in used.items() if column is None]:
        raise FileRefusedError(
            "catalogue_columns_unknown",
            file=path.name,
            table=table,
            columns=", ".join(unknown),
            known=", ".join(columns),
        )
    if missing := [column for column in REQUIRED[table] if column not in used.values()]:
        raise FileRefusedError("catalogue_columns_missing", file=path.name, table=table, columns=", ".join(missing))
    if rows.problems:
        refused = len(rows.problems)
        raise FileRefusedError("rows_refused", problems=rows.problems, read=len(rows.row) + refused, refused=refused)
    return tuple(
        Record(number, {str(used[header]): cells[i] for header, cells in rows.columns.items() if cells[i] is not None})
        for i, number in enumerate(rows.row.tolist())
    )


def _names(prefix: str, identifiers: tuple[str, ...]) -> dict[str, str]:
    """Return what identifiers are called in both languages, folded, and the identifiers themselves."""
    shown = {text(f"{prefix}.{each}", lang).casefold(): each for each in identifiers for lang in LANGUAGES}
    return shown | {each: each for each in identifiers}
