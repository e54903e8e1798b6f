"""A siting answer as an XLSX workbook whose bytes depend on the answer and the language alone."""

import io

from gridmgmt.reports.siting_html import lead_texts
from gridmgmt.reports.siting_tables import front_tables, further_tables, sources_table, terms_table
from gridmgmt.reports.siting_words import how_texts, is_modelled, siting_figures, siting_notes, siting_title
from gridmgmt.reports.workbook import TableWriter, workbook
from gridmgmt.siting.document import SitingDocument
from gridmgmt.texts import Language, text


def siting_xlsx(document: SitingDocument, lang: Language = "zh") -> bytes:
    """Return the workbook: summary, points, before and after, curve, circumstances, areas, terms, inputs."""
    buffer = io.BytesIO()
    with workbook(buffer, siting_title(document, lang), modelled=is_modelled(document)) as writer:
        _summary(writer, document, lang)
        for table in (*front_tables(document, lang), *further_tables(document, lang)):
            writer.sheet(table)
        writer.sheet(terms_table(document, lang))
        writer.sheet(sources_table(document, lang))
    return buffer.getvalue()


def _summary(writer: TableWriter, document: SitingDocument, lang: Language) -> None:
    """Write the first sheet: how good the plan is, what to know first, the figures, how it was found."""
    sheet = writer.book.add_worksheet(text("report.summary", lang))
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 48)
    sheet.write_string(0, 0, siting_title(document, lang), writer.bold)
    badge = [text("report.synthetic_badge", lang)] if document.synthetic else []
    row = 1
    for line in [*badge, *siting_notes(document, lang)]:
        sheet.write_string(row, 0, line, writer.warning)
        row += 1
    for line in lead_texts(document, lang):
        sheet.write_string(row, 0, line)
        row += 1
    for figure in siting_figures(document, lang):
        row += 1
        for column, words in enumerate((figure.label, figure.value, figure.detail)):
            sheet.write_string(row, column, words)
    row += 1
    for line in how_texts(document, lang):
        row += 1
        sheet.merge_range(row, 0, row, 2, "")
        sheet.write_string(row, 0, line, writer.wrapped)
        sheet.set_row(row, 48)
