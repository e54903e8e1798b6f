"""Tables as sheets of an XLSX workbook whose bytes depend on the tables alone."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import xlsxwriter

from gridmgmt.reports.formatting import UNDEFINED
from gridmgmt.reports.tables import Kind, Table
from gridmgmt.units import M2_PER_KM2, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 -- a file has no time zone; a fixed moment keeps its bytes equal

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,  # a name may begin with "="
    "strings_to_urls": False,
    "strings_to_numbers": False,  # a code of digits is a text
}

_NUMBER_FORMATS: dict[Kind, str] = {
    "whole": "#,##0",
    "count": "#,##0",
    "ratio": "0.0%",
    "rate": "0.00%",
    "change": "+0.0%;-0.0%;0.0%",
    "points": "+0.00;-0.00;0.00",
    "gap": "0.00%",
    "minutes": "0.0",
    "minutes_beyond": "0.0",
    "hours": "#,##0",
    "tenths_of_hours": "#,##0.0",
    "km2": "#,##0.000",
    "degrees": "0.000000",
    "decimal": "#,##0.000",
}

SCALE: dict[Kind, float] = {
    **dict.fromkeys(("minutes", "minutes_beyond"), 1 / SECONDS_PER_MINUTE),
    **dict.fromkeys(("hours", "tenths_of_hours"), 1 / SECONDS_PER_HOUR),
    "km2": 1 / M2_PER_KM2,
    "points": 100,
}
"""What a number in SI units is multiplied with to be what its column says."""
_WIDTH: dict[Kind, int] = {"text": 26, "degrees": 12}
_NARROW = 13


@contextmanager
def workbook(buffer: io.BytesIO, title: str, *, modelled: bool = False) -> Iterator["TableWriter"]:
    """Give the writer of a workbook that is in the buffer when the context ends."""
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    book.set_properties({"title": title, "created": _CREATED})
    yield TableWriter(book, modelled=modelled)
    book.close()


class TableWriter:
    """Writes tables to sheets, with the formats of one workbook.

    Cells hold the unrounded numbers (minutes, km² and ratios as numbers, too); formats alone round them.
    """

    def __init__(self, book: Any, *, modelled: bool) -> None:  # Any: xlsxwriter has no types
        self.book = book
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True, "font_size": 14})
        self.warning = book.add_format({"font_color": "#7A4F10", "bold": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        formats = _NUMBER_FORMATS | ({"count": "#,##0.0"} if modelled else {})
        self.number = {kind: book.add_format({"num_format": form}) for kind, form in formats.items()}
        self.right = book.add_format({"align": "right"})

    def sheet(self, table: Table) -> None:
        """Write a table to a sheet of its own, its head frozen and with filters."""
        sheet = self.book.add_worksheet(table.title[:31])
        for i, column in enumerate(table.columns):
            sheet.set_column(i, i, _WIDTH.get(column.kind, _NARROW))
        sheet.freeze_panes(1, 0)
        last = self.table(sheet, 0, table) - 1
        sheet.autofilter(0, 0, max(last, 1), len(table.columns) - 1)

    def table(self, sheet: Any, top: int, table: Table) -> int:  # Any: xlsxwriter has no types
        """Write head and rows from a row on; return the row after them."""
        for i, column in enumerate(table.columns):
            sheet.write_string(top, i, column.label, self.head)
        for y, row in enumerate(table.rows, top + 1):
            for x, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
                if isinstance(cell, float):
                    sheet.write_number(y, x, cell * SCALE.get(column.kind, 1.0), self.number[column.kind])
                elif cell is not None or column.kind != "text":
                    style = None if column.kind == "text" else self.right
                    sheet.write_string(y, x, UNDEFINED if cell is None else cell, style)
        return top + 1 + len(table.rows)
