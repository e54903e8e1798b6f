"""The coverage report as one printable HTML page that needs nothing from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from gridmgmt.coverage.document import CoverageDocument
from gridmgmt.reports.coverage_tables import gap_texts, gaps_table, point_flows_table, ranges_table, sensitivity_table
from gridmgmt.reports.formatting import WITHHELD, count_text, label, minutes_text, note_text, ratio_text
from gridmgmt.reports.pdf_maps import inline
from gridmgmt.reports.tables import (
    Table,
    cell_text,
    inputs_table,
    numbers_tables,
    parameters_table,
    points_table,
    uncovered_table,
    who,
)
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    from gridmgmt.reports.coverage_pdf_maps import Drawn

LISTED = 200
"""Rows of the lists of places and points on the page; the XLSX holds all."""


@dataclass(frozen=True)
class KeyFigure:
    """One of the three figures that answer the question: what it is, the number, and what it is made of."""

    label: str
    value: str
    detail: str


def coverage_html(document: CoverageDocument, lang: Language = "zh", *, maps: Sequence["Drawn"] = ()) -> str:
    """Return the report as HTML text in one language with maps, exact or public as the document is."""
    return template("coverage.html.j2").render(
        document=document,
        lang=lang,
        title=title(document, lang),
        figures=key_figures(document, lang),
        notes=[note_text(note, lang) for note in document.notes],
        public_note=public_note(document, lang),
        maps=[(drawn, [inline(svg) for _, svg in drawn.layers]) for drawn in maps],
        tables=numbers_tables(document, lang),
        uncovered=_first(uncovered_table(document, document.uncovered_places.listed[:LISTED], lang))
        if document.uncovered_places
        else None,
        uncovered_caption=_uncovered_caption(document, lang),
        ranges=ranges_table(document, lang) if document.totals.ranges else None,
        sensitivity=sensitivity_table(document, lang) if document.sensitivity else None,
        gaps=_first(gaps_table(document, document.gaps.listed[:LISTED], lang)) if document.gaps else None,
        gaps_caption=_gaps_caption(document, lang),
        gap_texts=list(gap_texts(document, document.gaps, lang)) if document.gaps else [],
        flows=_first(point_flows_table(document, document.flows, lang)) if document.flows else None,
        points=_first(points_table(document, lang)),
        points_caption=_points_caption(document, lang),
        inputs=inputs_table(document.inputs, lang),
        parameters=parameters_table(document, lang),
        how=how_text(document, lang),
        cell_text=lambda kind, cell: cell_text(kind, cell, modelled=document.counting == "modelled"),
    )


def title(document: CoverageDocument, lang: Language) -> str:
    """Return the report's title with the limit."""
    return text("report.title", lang, minutes=minutes_text(document.parameters.limit_s))


def how_text(document: CoverageDocument, lang: Language) -> str:
    """Return how the answer was computed, in words."""
    asked = document.parameters
    when = (
        "" if asked.at is None else text("reading.how_when", lang, trip=text(f"trip.{asked.trip}", lang), at=asked.at)
    )
    how = text(
        "report.how_text",
        lang,
        connection=f"{asked.connection_limit_m:g}",
        minutes=minutes_text(asked.limit_s),
        speed=f"{asked.speed_m_per_s:g}",
        profile=label("profile", asked.profile, lang),
    )
    return f"{how} {when}".strip()


def public_note(document: CoverageDocument, lang: Language) -> str | None:
    """Return what the sign of withheld counts means, None in the exact form."""
    threshold = document.suppression_threshold
    return None if threshold is None else text("report.form_public", lang, threshold=threshold)


def key_figures(document: CoverageDocument, lang: Language) -> tuple[KeyFigure, KeyFigure, KeyFigure]:
    """Return the three figures: how many there are, how many reach a point and which share, how many do not."""
    totals, modelled = document.totals, document.counting == "modelled"
    whole, part = totals.residents, totals.covered
    unknown = WITHHELD if whole is None or part is None else None

    def shown(count: float | None) -> str:
        return count_text(WITHHELD if count is None else count, modelled=modelled)

    missed = None if whole is None or part is None else max(0.0, whole - part)
    minutes = minutes_text(document.parameters.limit_s)
    parts = {name: shown(getattr(totals, name)) for name in ("uncovered", "not_connectable", "outside")}
    return (
        KeyFigure(who(document, lang), shown(whole), _scope(document, lang)),
        KeyFigure(
            text("report.reached", lang, minutes=minutes),
            ratio_text(unknown or totals.ratio),
            text("report.of", lang, part=shown(part), whole=shown(whole)),
        ),
        KeyFigure(text("report.not_reached", lang), shown(missed), text("report.not_reached_parts", lang, **parts)),
    )


def _scope(document: CoverageDocument, lang: Language) -> str:
    """Return the area that was asked for, by name where the document knows it."""
    code = document.parameters.area_code
    if code is None:
        return text("report.everywhere", lang)
    names = (area.name for level in document.levels for area in level.areas if area.code == code)
    return f"{next(names, '')} {code}".strip()


def _uncovered_caption(document: CoverageDocument, lang: Language) -> str:
    found = document.uncovered_places
    if found is None:
        return text("report.uncovered_public", lang)
    key = "report.uncovered_listed" + ("_places" if document.counts == "places" else "")
    residents = count_text(found.residents, modelled=document.counting == "modelled")
    listed = min(LISTED, len(found.listed))
    return text(key, lang, count=count_text(found.count), residents=residents, listed=listed)


def _gaps_caption(document: CoverageDocument, lang: Language) -> str:
    found = document.gaps
    if found is None:
        return text("reading.gaps_public", lang)
    key = "reading.gaps_listed" + ("_places" if document.counts == "places" else "")
    residents = count_text(found.residents, modelled=document.counting == "modelled")
    limit, listed = minutes_text(document.parameters.limit_s), min(LISTED, len(found.listed))
    return text(key, lang, count=count_text(found.count), residents=residents, limit=limit, listed=listed)


def _points_caption(document: CoverageDocument, lang: Language) -> str:
    points = document.service_points
    listed = min(LISTED, len(points.listed))
    return text("report.points_listed", lang, total=points.total, connectable=points.connectable, listed=listed)


def _first(table: Table) -> Table:
    """Return a table's first rows."""
    return Table(table.key, table.title, table.columns, table.rows[:LISTED])


def template(name: str) -> Template:
    """Return a template of this package; everything it draws is escaped."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gridmgmt.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["text"] = text
    return environment
