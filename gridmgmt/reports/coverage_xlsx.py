"""The coverage report as an XLSX workbook whose bytes depend on the document and the language alone."""

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from gridmgmt.coverage.document import CoverageDocument
from gridmgmt.reports.coverage_html import how_text, key_figures, public_note, title
from gridmgmt.reports.formatting import UNDEFINED, note_text
from gridmgmt.reports.tables import (
    Kind,
    Table,
    inputs_table,
    numbers_tables,
    parameters_table,
    points_table,
    uncovered_table,
)
from gridmgmt.texts import Language, text
from gridmgmt.units import M2_PER_KM2, SECONDS_PER_MINUTE

_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 -- a file has no time zone; a fixed moment keeps its bytes equal

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,  # a name may begin with "="
    "strings_to_urls": False,
    "strings_to_numbers": False,  # a code of digits is a text
}

_NUMBER_FORMATS: dict[Kind, str] = {
    "count": "#,##0",
    "ratio": "0.0%",
    "minutes": "0.0",
    "km2": "#,##0.000",
    "degrees": "0.000000",
}

_SCALE: dict[Kind, float] = {"minutes": 1 / SECONDS_PER_MINUTE, "km2": 1 / M2_PER_KM2}
_WIDTH: dict[Kind, int] = {"text": 26, "degrees": 12}
_NARROW = 13


def coverage_xlsx(document: CoverageDocument, lang: Language = "zh") -> bytes:
    """Return the workbook: summary, ages, one sheet a level, uncovered places, service points, inputs.

    Cells hold the unrounded numbers (minutes, km² and ratios as numbers, too); formats alone round them.
    """
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, _OPTIONS)
    workbook.set_properties({"title": title(document, lang), "created": _CREATED})
    writer = _Writer(workbook, modelled=document.counting == "modelled")
    bands, *tables = numbers_tables(document, lang)
    writer.summary(document, bands, lang)
    for table in tables:
        writer.sheet(table)
    if document.uncovered_places is not None:
        writer.sheet(uncovered_table(document, document.uncovered_places.listed, lang))
    writer.sheet(points_table(document, lang))
    writer.sheet(inputs_table(document, lang))
    workbook.close()
    return buffer.getvalue()


class _Writer:
    """Writes tables to sheets, with the formats of one workbook."""

    def __init__(self, workbook: Any, *, modelled: bool) -> None:  # Any: xlsxwriter has no types
        self.workbook = workbook
        self.head = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.bold = workbook.add_format({"bold": True, "font_size": 14})
        self.warning = workbook.add_format({"font_color": "#7A4F10", "bold": True})
        self.wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        formats = _NUMBER_FORMATS | ({"count": "#,##0.0"} if modelled else {})
        self.number = {kind: workbook.add_format({"num_format": form}) for kind, form in formats.items()}
        self.right = workbook.add_format({"align": "right"})

    def summary(self, document: CoverageDocument, bands: Table, lang: Language) -> None:
        """Write the first sheet: what to know first, the three figures, the bands, how it was computed."""
        sheet = self.workbook.add_worksheet(text("report.summary", lang))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 24)
        sheet.write_string(0, 0, title(document, lang), self.bold)
        row = 1
        badge = [text("report.synthetic_badge", lang)] if document.synthetic else []
        withheld = public_note(document, lang)
        notes = [note_text(note, lang) for note in document.notes]
        for line in [*badge, *notes, *([withheld] if withheld else [])]:
            sheet.write_string(row, 0, line, self.warning)
            row += 1
        for figure in key_figures(document, lang):
            row += 1
            for column, words in enumerate((figure.label, figure.value, figure.detail)):
                sheet.write_string(row, column, words)
        row = self._table(sheet, row + 2, bands)
        sheet.merge_range(row + 1, 0, row + 1, 6, how_text(document, lang), self.wrapped)
        sheet.set_row(row + 1, 64)
        self._table(sheet, row + 3, parameters_table(document, lang))

    def sheet(self, table: Table) -> None:
        """Write a table to a sheet of its own, its head frozen and with filters."""
        sheet = self.workbook.add_worksheet(table.title[:31])
        for i, column in enumerate(table.columns):
            sheet.set_column(i, i, _WIDTH.get(column.kind, _NARROW))
        sheet.freeze_panes(1, 0)
        last = self._table(sheet, 0, table) - 1
        sheet.autofilter(0, 0, max(last, 1), len(table.columns) - 1)

    def _table(self, sheet: Any, top: int, table: Table) -> int:  # Any: xlsxwriter has no types
        """Write head and rows from a row on; return the row after them."""
        for i, column in enumerate(table.columns):
            sheet.write_string(top, i, column.label, self.head)
        for y, row in enumerate(table.rows, top + 1):
            for x, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
                if isinstance(cell, float):
                    sheet.write_number(y, x, cell * _SCALE.get(column.kind, 1.0), self.number[column.kind])
                elif cell is not None or column.kind != "text":
                    style = None if column.kind == "text" else self.right
                    sheet.write_string(y, x, UNDEFINED if cell is None else cell, style)
        return top + 1 + len(table.rows)
