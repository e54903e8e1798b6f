"""A siting answer in words: what it is called, its figures, how good the plan is and how that is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.editions.rules import Counting
from gridmgmt.reports.coverage_html import KeyFigure
from gridmgmt.reports.formatting import (
    UNDEFINED,
    area_name,
    count_text,
    gap_text,
    label,
    minutes_text,
    note_text,
    ratio_text,
)
from gridmgmt.reports.tables import Kind, cell_text
from gridmgmt.siting.document import Certificate, SitingDocument, Totals, canonical_json, text_sha256
from gridmgmt.texts import Language, text
from gridmgmt.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE


@dataclass(frozen=True)
class Unit:
    """What the objective of a model is counted in: how cells show it, to what step it is told, what is better."""

    kind: Kind
    step: float
    more_is_better: bool


UNITS = {
    "residents": Unit("count", 1.0, more_is_better=True),
    "points": Unit("count", 1.0, more_is_better=False),
    "s": Unit("minutes", SECONDS_PER_MINUTE / 10, more_is_better=False),
    "resident_s": Unit("hours", SECONDS_PER_HOUR, more_is_better=False),
    "ratio": Unit("ratio", 0.001, more_is_better=True),
}
"""By the name that the certificate has for it."""


def is_modelled(document: SitingDocument) -> bool:
    """Return whether residents are modelled, so that a place may hold parts of a person."""
    return any(edition.counting == Counting.MODELLED for edition in document.inputs)


def siting_title(document: SitingDocument, lang: Language) -> str:
    """Return what the answer is called: how many new points of which type."""
    type_ = label("point_type", document.terms.type, lang)
    return text("siting_report.title", lang, points=len(document.chosen), type=type_)


def siting_notes(document: SitingDocument, lang: Language) -> list[str]:
    """Return what must be known before the numbers."""
    return [note_text(note, lang) for note in document.notes]


def asked_totals(document: SitingDocument) -> Totals:
    """Return the totals of those whom the model counts."""
    found = (totals for totals in document.totals if totals.band == document.terms.residents)
    return next(found, document.totals[0])


def band_name(band: str, lang: Language) -> str:
    """Return the name of an age band, that of all where it is none."""
    return text("report.who.residents", lang) if band == "60_plus" else label("age_band", band, lang)


def noun_of(document: SitingDocument) -> str:
    """Return what the objective is told in: its unit, but places where nobody is counted."""
    places = any(edition.counting == Counting.PLACES_ONLY for edition in document.inputs)
    unit = document.certificate.unit
    return "places" if places and unit == "residents" else unit


def amount(value: float, certificate: Certificate, lang: Language, *, noun: str | None = None) -> str:
    """Return a value of the objective with its unit, or with another noun (:func:`noun_of`)."""
    written = cell_text(UNITS[certificate.unit].kind, value, modelled=False)
    return text(f"siting_amount.{noun or certificate.unit}", lang, value=written)


def bound_amount(certificate: Certificate, lang: Language, *, noun: str | None = None) -> str:
    """Return the bound with its unit, rounded so that it stays a bound."""
    if certificate.bound == certificate.objective:
        return amount(certificate.bound, certificate, lang, noun=noun)
    unit = UNITS[certificate.unit]
    outward = ceil if unit.more_is_better else floor
    rounded = outward(round(certificate.bound / unit.step, 6)) * unit.step
    return amount(min(rounded, 1.0) if unit.kind == "ratio" else rounded, certificate, lang, noun=noun)


def certificate_text(document: SitingDocument, lang: Language) -> str:
    """Return in one or two sentences how good the plan is and what no plan can be."""
    found = document.certificate
    asked = document.terms.points
    plan = text("siting_report.plan", lang) if asked is None else text("siting_report.plan_of", lang, points=asked)
    noun = noun_of(document)
    objective = amount(found.objective, found, lang, noun=noun)
    reached = text(f"siting_answer.{document.terms.model}", lang, objective=objective, **_limits(document))
    if found.proven:
        return f"{reached}{text('siting_report.proven', lang, plan=plan)}"
    direction = "most" if UNITS[found.unit].more_is_better else "least"
    bound = bound_amount(found, lang, noun=noun)
    if found.gap is None:
        return f"{reached}{text(f'siting_report.{direction}', lang, plan=plan, bound=bound)}"
    gap = gap_text(found.gap)
    return f"{reached}{text(f'siting_report.{direction}_gap', lang, plan=plan, bound=bound, gap=gap)}"


def _limits(document: SitingDocument) -> dict[str, str]:
    """Return the limit and the horizon in minutes; longer walks count as the horizon."""
    limit, horizon = document.terms.limit_s, document.terms.horizon_s
    return {"minutes": minutes_text(limit), "horizon": minutes_text(limit if horizon is None else horizon)}


def search_text(document: SitingDocument, lang: Language) -> str:
    """Return what found the plan and why the search ended."""
    found = document.certificate
    terms = document.terms
    why = text(
        f"siting_stop.{found.stopped}", lang, seconds=f"{terms.max_s:g}", gap=gap_text(terms.enough_gap)
    )  # fmt: skip
    return text("siting_report.search", lang, solver=found.solver, nodes=count_text(float(found.nodes)), why=why)


def sure_text(document: SitingDocument, lang: Language) -> str | None:
    """Return how many of the points every good plan has; None where that was not looked at."""
    known = [point.sure for point in document.chosen if point.sure is not None]
    if not known:
        return None
    if not any(known):
        return text("siting_report.none_sure", lang)
    return text("siting_report.sure_points", lang, sure=sum(known), points=len(known))


def siting_figures(document: SitingDocument, lang: Language) -> tuple[KeyFigure, KeyFigure, KeyFigure, KeyFigure]:
    """Return four figures: covered then and now, newly covered, the worst area, and how far from the best."""
    totals, modelled = asked_totals(document), is_modelled(document)

    def ratio(part: float) -> str:
        return ratio_text(part / totals.residents if totals.residents else None)

    counts = {name: count_text(getattr(totals, name), modelled=modelled) for name in ("covered_after", "residents")}
    new = count_text(max(0.0, totals.covered_after - totals.covered_before), modelled=modelled)
    found, worst, noun = document.certificate, document.worst_area, noun_of(document)
    return (
        KeyFigure(
            text("report.reached", lang, minutes=minutes_text(document.terms.limit_s)),
            ratio(totals.covered_after),
            text("siting_report.before_of", lang, before=ratio(totals.covered_before),
                 part=counts["covered_after"], whole=counts["residents"]),
        ),
        KeyFigure(
            text("siting_report.newly_covered", lang),
            new,
            text("siting_report.points_of", lang, points=len(document.chosen),
                 eligible=count_text(float(document.eligible)), candidates=count_text(float(document.candidates))),
        ),
        KeyFigure(
            text("siting_report.worst", lang) if worst is None
            else text("siting_report.worst_area", lang, level=label("level", worst.level, lang)),
            ratio_text(None if worst is None else worst.ratio_after),
            UNDEFINED if worst is None else text(
                "siting_report.before_named", lang, before=ratio_text(worst.ratio_before),
                name=area_name(worst.name, lang),
            ),
        ),
        KeyFigure(
            text("siting_report.from_best", lang),
            text("siting_report.best", lang) if found.proven else f"≤ {gap_text(found.gap)}",
            text("siting_report.objective_bound", lang, objective=amount(found.objective, found, lang, noun=noun),
                 bound=bound_amount(found, lang, noun=noun)),
        ),
    )  # fmt: skip


def how_texts(document: SitingDocument, lang: Language) -> Iterator[str]:
    """Yield how the answer was found: the model, the walk, the bound, the search."""
    terms = document.terms
    yield text(f"siting_how.{terms.model}", lang, **_limits(document))
    yield text(
        "siting_report.how_walk", lang, connection=f"{terms.connection_limit_m:g}", speed=f"{terms.speed_m_per_s:g}",
        profile=label("profile", terms.profile, lang), trip=text(f"trip.{terms.trip}", lang), at=terms.at,
    )  # fmt: skip
    yield text("siting_report.how_bound", lang)
    yield search_text(document, lang)


def siting_sha256(document: SitingDocument) -> str:
    """Return the SHA-256 of the answer's canonical text."""
    return text_sha256(canonical_json(document))


def point_name(name: str | None, lon: float, lat: float) -> str:
    """Return the name of a spot, its position where it has none."""
    return name or f"{lon:.5f}, {lat:.5f}"


def has_gain(document: SitingDocument) -> bool:
    """Return whether a point's gain tells more than how many it newly covers."""
    return document.terms.model not in (SitingModel.MAX_COVERAGE, SitingModel.SET_COVER)
