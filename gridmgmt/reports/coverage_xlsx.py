"""The coverage report as an XLSX workbook whose bytes depend on the document and the language alone."""

import io

from gridmgmt.coverage.document import CoverageDocument
from gridmgmt.reports.coverage_html import how_text, key_figures, public_note, title
from gridmgmt.reports.coverage_tables import reading_tables
from gridmgmt.reports.formatting import note_text
from gridmgmt.reports.tables import (
    Table,
    inputs_table,
    numbers_tables,
    parameters_table,
    points_table,
    uncovered_table,
)
from gridmgmt.reports.workbook import TableWriter, workbook
from gridmgmt.texts import Language, text


def coverage_xlsx(document: CoverageDocument, lang: Language = "zh") -> bytes:
    """Return the workbook: summary, ages, a sheet a level, sensitivity, gaps, flows, places, points, inputs."""
    buffer = io.BytesIO()
    with workbook(buffer, title(document, lang), modelled=document.counting == "modelled") as writer:
        bands, *tables = numbers_tables(document, lang)
        _summary(writer, document, bands, lang)
        for table in tables:
            writer.sheet(table)
        for table in reading_tables(document, lang):
            writer.sheet(table)
        if document.uncovered_places is not None:
            writer.sheet(uncovered_table(document, document.uncovered_places.listed, lang))
        writer.sheet(points_table(document, lang))
        writer.sheet(inputs_table(document.inputs, lang))
    return buffer.getvalue()


def _summary(writer: TableWriter, document: CoverageDocument, bands: Table, lang: Language) -> None:
    """Write the first sheet: what to know first, the three figures, the bands, how it was computed."""
    sheet = writer.book.add_worksheet(text("report.summary", lang))
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 24)
    sheet.write_string(0, 0, title(document, lang), writer.bold)
    row = 1
    badge = [text("report.synthetic_badge", lang)] if document.synthetic else []
    withheld = public_note(document, lang)
    notes = [note_text(note, lang) for note in document.notes]
    for line in [*badge, *notes, *([withheld] if withheld else [])]:
        sheet.write_string(row, 0, line, writer.warning)
        row += 1
    for figure in key_figures(document, lang):
        row += 1
        for column, words in enumerate((figure.label, figure.value, figure.detail)):
            sheet.write_string(row, column, words)
    row = writer.table(sheet, row + 2, bands)
    sheet.merge_range(row + 1, 0, row + 1, 6, how_text(document, lang), writer.wrapped)
    sheet.set_row(row + 1, 64)
    writer.table(sheet, row + 3, parameters_table(document, lang))
