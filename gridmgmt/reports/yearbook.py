"""One area's page of the yearbook: its profile at the end of a year beside that of the year before."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from gridmgmt.area_profiles.ground import Reader
from gridmgmt.area_profiles.rules import Said, Section, console, in_path
from gridmgmt.area_profiles.service import Comparison, Profile, compare, read
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.indicators.rules import Period
from gridmgmt.reports.area_profile_words import change_text, comparison_note, figure_text
from gridmgmt.reports.coverage_html import template
from gridmgmt.reports.formatting import count_text, km2_text, ratio_text
from gridmgmt.reports.render import MEDIA_TYPES, Rendered
from gridmgmt.texts import Language, text

FORMAT = "gridmgmt-yearbook-1"


@dataclass(frozen=True)
class YearbookPage:
    """What a page tells; ``over`` tells whether its year was over when it was made."""

    year: int
    over: bool
    found: Profile
    beside: Comparison
    synthetic: bool


def make_yearbook(session: Session, code: str, year: int, reader: Reader, *, today: date) -> YearbookPage:
    """Return the page of an area, at the last day of a year that has begun, of the running year at today.

    Cases are those of the year up to that day, beside those of the whole year before.

    Raises
    ------
    NotFoundError
        As :func:`gridmgmt.area_profiles.service.read`.
    """
    on = min(date(year, 12, 31), today)
    before = date(year - 1, 12, 31)
    found = read(session, code, on, reader, period=Period(date(year, 1, 1), on))
    beside = compare(session, found, before, reader, period=Period(date(year - 1, 1, 1), before))
    return YearbookPage(year, date(year, 12, 31) < today, found, beside, bool(holds_synthetic(session)))


def page_document(page: YearbookPage, lang: Language) -> dict[str, Any]:  # Any: values of JSON
    """Return what a page tells as values of JSON: the text of which its hash is made."""
    return {
        "format": FORMAT,
        "lang": lang,
        "year": page.year,
        "area": {"code": page.found.area.code, "name": page.found.area.name, "level": page.found.area.level},
        "on": page.found.on.isoformat(),
        "then": page.beside.on.isoformat(),
        "synthetic": page.synthetic,
        "notes": list(page_notes(page, lang)),
        "sections": [
            {
                "name": each.name,
                "rows": rows,
                "evidence": [figure.page or figure.href for figure in each.figures],
                "days": _days(each),
                "notes": [note.in_(lang) for note in each.notes],
            }
            for each, rows in zip(page.found.sections, _rows(page, lang), strict=True)
        ],
        "children": [list(row) for row in child_rows(page, lang)],
        "sources": sources(page, lang),
    }


def page_notes(page: YearbookPage, lang: Language) -> Sequence[str]:
    """Return what to know before the numbers."""
    notes = []
    if not page.over:
        notes.append(text("area_profile.yearbook_running", lang, year=page.year, on=page.found.on))
    if note := comparison_note(page.beside, page.found.on, lang):
        notes.append(note)
    for each in page.found.left_out:
        section = text(f"area_profile.section.{each.section}", lang)
        notes.append(text("area_profile.left_out.title", lang, section=section, why=each.why.in_(lang)))
    return notes


def sources(page: YearbookPage, lang: Language) -> list[str]:
    """Return every source that a figure of the page names, once, in order of their first use."""
    named: list[Said] = [each.source for section in page.found.sections for each in section.figures if each.source]
    return [*dict.fromkeys(each.in_(lang) for each in named)]


def child_rows(page: YearbookPage, lang: Language) -> list[tuple[str, ...]]:
    """Return the areas directly below with their few figures, as texts."""
    return [
        (
            each.name,
            each.code,
            text(f"level.{each.level}", lang),
            f"{km2_text(each.area_m2)} km²",
            count_text(None if each.reported is None else float(each.reported)),
            ratio_text(each.covered_ratio),
        )
        for each in page.found.children
    ]


def render_yearbook(page: YearbookPage, lang: Language) -> Rendered:
    """Return a page as HTML for A4; equal pages give equal bytes.

    Each number leads to its evidence on the server that the page came from, in the console where it has a page.
    """
    document = page_document(page, lang)
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    area = page.found.area
    head = {"level": text(f"level.{area.level}", lang), "code": area.code, "on": page.found.on, "then": page.beside.on}
    content = template("yearbook.html.j2").render(
        lang=lang,
        title=text("area_profile.yearbook_title", lang, name=area.name, year=page.year),
        head=text("area_profile.yearbook_head", lang, **head),
        above=" › ".join(each.name for each in page.found.above),
        document=document,
        titles={each.name: text(f"area_profile.section.{each.name}", lang) for each in page.found.sections},
        hash=text("area_profile.hash", lang, sha256=hashlib.sha256(canonical.encode()).hexdigest()),
        figure_columns=_columns(("figure", "now", "then", "change"), lang),
        child_pages=[console(f"/areas/{in_path(each.code)}", on=page.found.on) for each in page.found.children],
        child_columns=_columns(("name", "code", "level", "surface", "reported", "covered"), lang),
    )
    return Rendered(content.encode(), MEDIA_TYPES["html"], f"yearbook-{area.code}-{page.year}.html")


def _columns(names: Sequence[str], lang: Language) -> list[str]:
    return [text(f"area_profile.column.{each}", lang) for each in names]


def _days(section: Section) -> list[str]:
    """Return the days that the figures of a section describe, once each."""
    return [*dict.fromkeys(each.as_of.isoformat() for each in section.figures if each.as_of)]


def _rows(page: YearbookPage, lang: Language) -> list[list[tuple[str, str, str, str]]]:
    """Return label, text, text then and change of the figures of each section."""
    return [
        [
            (
                figure.label.in_(lang),
                figure_text(figure, lang),
                figure_text(then, lang) if (then := page.beside.changes[section.name, figure.name].figure) else "",
                change_text(figure, page.beside.changes[section.name, figure.name], lang) if then else "",
            )
            for figure in section.figures
        ]
        for section in page.found.sections
    ]
