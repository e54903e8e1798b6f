"""Two to four plans side by side.

Only what was computed from the same inputs, of the same walks, by the same code can be told beside each other: another
population or another speed would show as the merit of a plan.
"""

from collections.abc import Iterator, Mapping, Sequence

from gridmgmt.coverage.document import InputEdition
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError
from gridmgmt.siting.document import AreaBefore, Chosen, SitingDocument, parse
from gridmgmt.siting.plan_document import (
    AreaRow,
    BandRow,
    ChangedInput,
    ComparedPlan,
    ComparedPoint,
    Cost,
    PlanComparison,
    PlanFigures,
)
from gridmgmt.siting.plan_models import Plan
from gridmgmt.siting.plan_queries import plan_named, state_of
from gridmgmt.siting.plan_rules import MOST_COMPARED, SAME_WITHIN_M, Spot, pairs

WALKS = (
    "type", "types", "limit_s", "residents", "area_code", "profile", "profile_edition", "speed_m_per_s", "at", "trip",
    "barriers", "scenario", "connection_limit_m",
)  # fmt: skip
"""The terms that plans must share to be compared; model, number of points, candidates, zones and search may differ."""


def compare(session: Session, names: Sequence[str]) -> PlanComparison:
    """Return plans side by side, in the order of their names as given.

    Raises
    ------
    InputError
        When there are fewer than two or more than four, or one is named twice.
    NotFoundError
        When one is unknown.
    ConflictError
        When two are of other inputs, other walks or another code, with what differs and what to do.
    """
    if not 2 <= len(names) <= MOST_COMPARED:
        raise InputError("plans_compared", field="plan", value=len(names), minimum=2, maximum=MOST_COMPARED)
    if len(set(names)) < len(names):
        raise InputError("plan_twice", field="plan", value=next(n for n in names if names.count(n) > 1))
    return side_by_side([plan_named(session, name) for name in names])


def side_by_side(plans: Sequence[Plan]) -> PlanComparison:
    """Return plans beside each other.

    Raises
    ------
    ConflictError
        As :func:`compare`.
    """
    documents = {plan.name: parse(plan.document) for plan in plans}
    first, *others = documents
    for name in others:
        _refuse_incomparable(first, documents[first], name, documents[name])
    return PlanComparison(
        synthetic=any(document.synthetic for document in documents.values()),
        plans=tuple(_compared(plan, documents) for plan in plans),
        bands=tuple(_bands(list(documents.values()))),
        areas=tuple(_areas(list(documents.values()))),
    )


def cost_of(chosen: Sequence[Chosen]) -> Cost:
    """Return what chosen points cost, as far as their candidates say."""
    known = [point.cost_yuan for point in chosen if point.cost_yuan is not None]
    return Cost(known_yuan=sum(known), unknown=len(chosen) - len(known))


def figures_of(document: SitingDocument) -> PlanFigures:
    """Return what an answer achieves for the residents that it asks about."""
    asked = next(row for row in document.totals if row.band == document.terms.residents)
    return PlanFigures(
        points=len(document.chosen),
        certificate=document.certificate,
        **{name: getattr(asked, name) for name in ("residents", "covered_before", "covered_after")},
        worst_area=document.worst_area,
        cost=cost_of(document.chosen),
    )


def spots_of(chosen: Sequence[Chosen]) -> list[Spot]:
    """Return where chosen points lie, under the codes of their candidates."""
    return [Spot(point.code, point.lon, point.lat) for point in chosen]


def changed_inputs(before: SitingDocument, after: SitingDocument) -> Iterator[ChangedInput]:
    """Yield the inputs of two answers that are not the same, then the code if it is another."""
    then, now = (_contents(document.inputs) for document in (before, after))
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            yield ChangedInput(name=name, before=then.get(name), after=now.get(name))
    versions = before.provenance.code_version, after.provenance.code_version
    if versions[0] != versions[1]:
        yield ChangedInput(name="code_version", before=versions[0], after=versions[1])


def _contents(inputs: Sequence[InputEdition]) -> Mapping[str, str]:
    """Return the fingerprint of each input by what it is of and called."""
    return {": ".join(filter(None, (each.subject, each.level, each.name))): each.content_sha256 for each in inputs}


def _refuse_incomparable(first: str, a: SitingDocument, other: str, b: SitingDocument) -> None:
    named = {"field": "plan", "value": other, "plan": first}
    walks = [
        f"{name}: {_shown(getattr(a.terms, name))} ≠ {_shown(getattr(b.terms, name))}"
        for name in WALKS
        if getattr(a.terms, name) != getattr(b.terms, name)
    ]
    if walks:
        raise ConflictError("plans_of_other_walks", **named, differences="; ".join(walks))
    changed = list(changed_inputs(a, b))
    inputs = [each.name for each in changed if each.name != "code_version"]
    if inputs:
        raise ConflictError("plans_of_other_inputs", **named, differences="; ".join(inputs))
    if changed:
        raise ConflictError("plans_of_other_code", **named, one=changed[0].before, another=changed[0].after)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _compared(plan: Plan, documents: Mapping[str, SitingDocument]) -> ComparedPlan:
    document = documents[plan.name]
    also: list[list[str]] = [[] for _ in document.chosen]
    for name, other in documents.items():
        if name != plan.name:
            for pair in pairs(spots_of(document.chosen), spots_of(other.chosen), SAME_WITHIN_M):
                also[pair.first].append(name)
    return ComparedPlan(
        name=plan.name,
        state=state_of(plan),
        author=plan.author,
        made_at=plan.made_at,
        document_sha256=plan.document_sha256,
        terms=document.terms,
        figures=figures_of(document),
        points=tuple(
            ComparedPoint(chosen=chosen, also_in=tuple(names))
            for chosen, names in zip(document.chosen, also, strict=True)
        ),
    )


def _bands(documents: Sequence[SitingDocument]) -> Iterator[BandRow]:
    for rows in zip(*(document.totals for document in documents), strict=True):
        yield BandRow(
            band=rows[0].band,
            residents=rows[0].residents,
            covered_before=rows[0].covered_before,
            covered_after=tuple(row.covered_after for row in rows),
        )


def _areas(documents: Sequence[SitingDocument]) -> Iterator[AreaRow]:
    by_code = [{(area.level, area.code): area for area in document.areas} for document in documents]
    for key, area in by_code[0].items():
        rows: list[AreaBefore] = [areas[key] for areas in by_code]
        yield AreaRow(
            **{name: getattr(area, name) for name in ("level", "code", "name", "residents", "covered_before")},
            ratio_before=area.ratio_before,
            covered_after=tuple(row.covered_after for row in rows),
            ratio_after=tuple(row.ratio_after for row in rows),
        )
