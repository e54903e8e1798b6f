"""A siting answer as a PDF whose bytes depend on the answer, its ground and the language alone."""

from dataclasses import asdict

from gridmgmt.reports.coverage_pdf import LISTED, Values, map_values, set_in_type, table_values
from gridmgmt.reports.pdf_fonts import chinese_typeface
from gridmgmt.reports.siting_drawings import SitingGround, curve_drawn, siting_maps
from gridmgmt.reports.siting_html import lead_texts
from gridmgmt.reports.siting_tables import front_tables, further_tables, sources_table, terms_table
from gridmgmt.reports.siting_words import (
    how_texts,
    is_modelled,
    siting_figures,
    siting_notes,
    siting_sha256,
    siting_title,
)
from gridmgmt.siting.document import SitingDocument
from gridmgmt.texts import Language, text


def siting_pdf(document: SitingDocument, lang: Language = "zh", *, ground: SitingGround | None = None) -> bytes:
    """Return the answer as a tagged PDF; with ground its maps show areas and open points, too.

    Raises
    ------
    UnavailableError
        When no Chinese typeface is installed.
    """
    face = chinese_typeface()
    curve = curve_drawn(document, lang)
    charts, maps = [] if curve is None else [curve], siting_maps(document, ground, lang)
    content = _content(document, lang) | {
        "charts": [map_values(drawn) for drawn in charts],
        "maps": [map_values(drawn) for drawn in maps],
        "font": face.family,
    }
    return set_in_type(content, dict(layer for drawn in (*charts, *maps) for layer in drawn.layers), face)


def _content(document: SitingDocument, lang: Language) -> Values:
    """Return what the template prints, every text and number as it is to be read."""
    modelled = is_modelled(document)
    return {
        "lang": lang,
        "title": siting_title(document, lang),
        "badge": text("report.synthetic_badge", lang) if document.synthetic else "",
        "notes": siting_notes(document, lang),
        "notes_title": text("report.notes", lang),
        "figures": [asdict(figure) for figure in siting_figures(document, lang)],
        "lead": "\n".join(lead_texts(document, lang)),
        "front": [table_values(table, lang, modelled=modelled) for table in front_tables(document, lang)],
        "tables": [
            table_values(table, lang, modelled=modelled, most=LISTED) for table in further_tables(document, lang)
        ],
        "said": [],
        "how_title": text("report.how", lang),
        "how": "\n".join(how_texts(document, lang)),
        "parameters": table_values(terms_table(document, lang), lang),
        "inputs": table_values(sources_table(document, lang), lang),
        "hash": text("pdf.hash", lang, sha256=siting_sha256(document)),
    }
