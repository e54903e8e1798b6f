"""A round of assessment on paper: as a page, but with the items in rows, since there are more items than streets."""

import hashlib
import json
from collections.abc import Sequence

from gridmgmt.assessment.document import Document
from gridmgmt.reports.assessment import round_notes, round_tables
from gridmgmt.reports.coverage_pdf import Values, set_in_type, table_values
from gridmgmt.reports.pdf_fonts import chinese_typeface
from gridmgmt.reports.tables import Column, Table
from gridmgmt.texts import Language, text

_FIXED = 4
"""Columns of the table of scores before those of items: rank, code, name, total."""


def round_pdf(document: Document, title: str, lang: Language, *, synthetic: bool, sha256: str | None) -> bytes:
    """Return a round as a tagged PDF; equal rounds give equal bytes.

    Parameters
    ----------
    sha256
        Of what was signed; None for an open round.

    Raises
    ------
    UnavailableError
        When no Chinese typeface is installed.
    """
    face = chinese_typeface()
    ranking, matrix, events = round_tables(document, lang)
    scheme, *notes = round_notes(document, lang, sha256=sha256)
    content: Values = {
        "lang": lang,
        "title": title,
        "badge": text("report.synthetic_badge", lang) if synthetic else "",
        "notes": notes,
        "notes_title": text("report.notes", lang),
        "figures": _figures(document, lang),
        "lead": "",
        "front": [{**table_values(ranking, lang), "wide": True}, table_values(by_item(matrix, lang), lang)],
        "tables": [],
        "said": [],
        "charts": [],
        "maps": [],
        "how_title": text("report.how", lang),
        "how": scheme,
        "parameters": None,
        "inputs": {**table_values(events, lang), "note": "" if events.rows else text("assessment.no_events", lang)},
        "hash": text("pdf.hash", lang, sha256=sha256 or _hash(document)),
        "font": face.family,
    }
    return set_in_type(content, {}, face)


def by_item(matrix: Table, lang: Language) -> Table:
    """Return the table of scores with items in rows and who is assessed in columns."""
    columns = (
        Column(text("assessment.column.items", lang), "text"),
        *(Column(_name(row), "decimal") for row in matrix.rows),
    )
    rows = tuple(
        (column.label, *(row[place] for row in matrix.rows))
        for place, column in enumerate(matrix.columns)
        if place >= _FIXED
    )
    return Table("items", matrix.title, columns, rows)


def _name(row: Sequence[object]) -> str:
    return str(row[_FIXED - 2])


def _figures(document: Document, lang: Language) -> list[dict[str, str]]:
    """Return the three figures that answer first: how many are ranked, the greatest total, how many are vetoed."""
    standings = document["standings"]
    ranked = [each for each in standings if each["rank"] is not None]
    best = min(ranked, key=lambda each: each["rank"], default=None)
    vetoed = sum(1 for each in standings if each["vetoed"])
    figures = (
        ("assessment.figure.ranked", str(len(ranked)), text("assessment.figure.of", lang, count=len(standings))),
        (
            "assessment.figure.first",
            "—" if best is None else str(best["total"]),
            "" if best is None else best["name"][lang],
        ),
        ("assessment.figure.vetoed", str(vetoed), ""),
    )
    return [{"label": text(key, lang), "value": value, "detail": detail} for key, value, detail in figures]


def _hash(document: Document) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()
