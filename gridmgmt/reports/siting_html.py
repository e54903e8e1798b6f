"""A siting answer as one printable HTML page that needs nothing from outside."""

from collections.abc import Iterable, Sequence

from gridmgmt.reports.coverage_html import LISTED, template
from gridmgmt.reports.coverage_pdf_maps import Drawn
from gridmgmt.reports.formatting import count_text, minutes_text
from gridmgmt.reports.pdf_maps import inline
from gridmgmt.reports.siting_drawings import SitingGround, curve_drawn, siting_maps
from gridmgmt.reports.siting_tables import front_tables, further_tables, sources_table, terms_table
from gridmgmt.reports.siting_words import (
    certificate_text,
    how_texts,
    is_modelled,
    siting_figures,
    siting_notes,
    siting_title,
    sure_text,
)
from gridmgmt.reports.tables import Table, cell_text
from gridmgmt.siting.document import SitingDocument
from gridmgmt.texts import Language, text


def siting_html(document: SitingDocument, lang: Language = "zh", *, ground: SitingGround | None = None) -> str:
    """Return the answer as HTML text in one language; with ground its maps show areas and open points, too."""
    curve = curve_drawn(document, lang)
    return template("siting.html.j2").render(
        document=document,
        lang=lang,
        title=siting_title(document, lang),
        notes=siting_notes(document, lang),
        figures=siting_figures(document, lang),
        lead=lead_texts(document, lang),
        front=front_tables(document, lang),
        curve=_drawings([] if curve is None else [curve]),
        maps=_drawings(siting_maps(document, ground, lang)),
        further=[_first(table) for table in further_tables(document, lang)],
        captions={"uncoverable": uncoverable_text(document, lang)},
        how=list(how_texts(document, lang)),
        parameters=terms_table(document, lang),
        inputs=sources_table(document, lang),
        cell_text=lambda kind, cell: cell_text(kind, cell, modelled=is_modelled(document)),
    )


def lead_texts(document: SitingDocument, lang: Language) -> Sequence[str]:
    """Return what is told before all numbers: how good the plan is, and how much of it is sure."""
    sure = sure_text(document, lang)
    return [certificate_text(document, lang), *([] if sure is None else [sure])]


def uncoverable_text(document: SitingDocument, lang: Language) -> str:
    """Return how many nothing can cover."""
    found = document.uncoverable
    return text(
        "siting_report.uncoverable_count", lang, places=count_text(float(found.places)),
        residents=count_text(found.residents, modelled=is_modelled(document)),
        minutes=minutes_text(document.terms.limit_s), listed=min(LISTED, len(found.listed)),
    )  # fmt: skip


def _drawings(maps: Iterable[Drawn]) -> list[tuple[Drawn, list[str]]]:
    return [(drawn, [inline(svg) for _, svg in drawn.layers]) for drawn in maps]


def _first(table: Table) -> Table:
    return Table(table.key, table.title, table.columns, table.rows[:LISTED])
