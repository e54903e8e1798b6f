"""From what a search found to the document that everything is made from; all counts are from unmerged demand."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.equity_quarters import stuck
from gridmgmt.analysis.siting.model import Siting
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.coverage.assemble import AreasOfLevel, levels_of, notes_of
from gridmgmt.coverage.compute import code_version, has_ages, lonlat_of, point_reasons
from gridmgmt.coverage.document import Note, Provenance
from gridmgmt.siting.candidates import Field
from gridmgmt.siting.cards import Judged
from gridmgmt.siting.document import (
    AgeCount,
    AreaBefore,
    Certificate,
    Chosen,
    CurvePoint,
    PlanStress,
    Rejected,
    SitingDocument,
    Terms,
    Totals,
    Uncoverable,
    Uncoverables,
)
from gridmgmt.siting.gains import Plan, gains, walked
from gridmgmt.siting.problem import FAR_MODELS, Inputs, Problem
from gridmgmt.siting.rules import ALL_AGES, RESIDENTS, SiteCandidate, SitingTerms

LISTED_UNCOVERABLE = 1_000
"""How many places that nothing can cover are listed; their number and residents stand beside the list."""
EXAMPLES = 5
CODE = ("gridmgmt.analysis.siting", "gridmgmt.placeability", "gridmgmt.siting")
"""The packages that decide the numbers beside those of coverage."""

Fixed = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Found:
    """What the searches of a run found: the plan, why its search ended, sure points and the curve where asked for."""

    siting: Siting
    unit: str
    stopped: str
    sure: NDArray[np.bool_] | None = None
    curve: Sequence[Siting] = ()


def assemble(
    inputs: Inputs,
    field: Field,
    cards: Mapping[int, Judged],
    problem: Problem,
    found: Found,
    stresses: tuple[PlanStress, ...],
) -> SitingDocument:
    """Return the document of a run."""
    plan = walked(problem, found.siting.chosen)
    terms = terms_of(inputs, field)
    areas = tuple(_areas(problem, plan, inputs.terms.column))
    uncoverable = ~_reachable(problem)
    return SitingDocument(
        synthetic=any(edition.synthetic for edition in inputs.editions),
        notes=(*_notes(inputs, problem), *_own_notes(problem, found, uncoverable)),
        terms=terms,
        candidates=len(field.given),
        eligible=len(problem.eligible),
        rejected=tuple(_rejected(field)),
        certificate=_certificate(found, _sum(problem.demand.weight)),
        chosen=tuple(_chosen(inputs, field, cards, problem, found, plan)),
        totals=tuple(_totals(inputs, problem, plan)),
        areas=areas,
        worst_area=_worst(problem, areas),
        curve=tuple(_curve(problem, found.curve)),
        uncoverable=_uncoverables(problem, uncoverable),
        stresses=stresses,
        inputs=inputs.editions,
        provenance=Provenance(code_version=code_version(*CODE), input_sha256=_input_sha256(inputs, field, terms)),
    )


def terms_of(inputs: Inputs, field: Field) -> Terms:
    """Return the terms as the document tells them, with what the profile stands for on the day."""
    terms, walk, profile = inputs.terms, inputs.terms.walk, inputs.state.profile
    return Terms(
        on=walk.on,
        model=terms.model,
        points=terms.points,
        type=terms.type,
        types=walk.types,
        limit_s=terms.limit_s,
        residents=terms.residents,
        area_code=terms.area_code,
        profile=profile.name,
        profile_edition=profile.edition,
        profile_evidence=profile.evidence,
        speed_m_per_s=profile.speed_m_per_s,
        at=walk.at,
        trip=walk.trip,
        barriers=tuple(str(kind) for kind in walk.barriers),
        scenario=walk.scenario,
        connection_limit_m=walk.connection_limit_m,
        source=str(terms.candidates.kind),
        layer=terms.candidates.layer,
        every_m=field.every_m,
        horizon_s=terms.horizon_s if terms.model in FAR_MODELS else None,
        spacing_m=terms.spacing_m,
        forbidden=terms.forbidden,
        forbidden_land=tuple(str(kind) for kind in terms.forbidden_land),
        judged=terms.judged,
        capacity=terms.capacity,
        max_s=terms.search.max_s,
        enough_gap=terms.search.gap,
        seed=terms.search.seed,
    )


def _input_sha256(inputs: Inputs, field: Field, terms: Terms) -> str:
    content = {
        "editions": [edition.model_dump(mode="json") for edition in inputs.editions],
        "norms": inputs.norms,
        "terms": terms.model_dump(mode="json"),
        "candidates": [asdict(each) for each in field.given],
        "code_version": code_version(*CODE),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _certificate(found: Found, residents: float) -> Certificate:
    """Return how good the plan is; a search that had no time for a bound has what bounds all plans."""
    siting = found.siting
    if not np.isfinite(siting.bound):
        siting = replace(siting, bound={"residents": residents, "ratio": 1.0}.get(found.unit, 0.0))
    return Certificate(
        objective=siting.objective,
        unit=found.unit,
        bound=siting.bound,
        gap=siting.gap if siting.gap < float("inf") else None,
        proven=siting.proven,
        solver=siting.solver,
        nodes=siting.nodes,
        stopped=found.stopped,
    )


def _chosen(
    inputs: Inputs, field: Field, cards: Mapping[int, Judged], problem: Problem, found: Found, plan: Plan
) -> list[Chosen]:
    """Return the new points in order of gain."""
    index = problem.eligible[found.siting.chosen]
    areas = _areas_at(inputs, field.lonlat[index])
    added = gains(problem, inputs.terms, found.siting.chosen, plan)
    ages = has_ages(inputs.state)
    rows = []
    for rank, (candidate, area) in enumerate(zip(index.tolist(), areas, strict=True)):
        given, card = field.given[candidate], cards.get(candidate)
        fresh = from_fixed(problem.weights[plan.fresh[rank]].sum(axis=0))
        mine = plan.nearest == rank
        rows.append(
            Chosen(
                rank=rank + 1,
                candidate=candidate,
                code=given.code,
                name=given.name,
                lon=given.lon,
                lat=given.lat,
                gain=added[rank],
                newly_covered=float(fresh[inputs.terms.column]),
                by_age=tuple(
                    AgeCount(band=band, residents=float(count)) for band, count in zip(RESIDENTS, fresh, strict=True)
                )
                if ages
                else (),
                served=_sum(problem.demand.weight[mine]),
                capacity=_capacity(given.attributes.capacity, inputs.terms),
                cost_yuan=given.attributes.cost_yuan,
                verdict=None if card is None else card.verdict,
                warnings=() if card is None else card.warnings,
                area_code=area[0],
                area_name=area[1],
                sure=None if found.sure is None else bool(found.sure[rank]),
            )
        )
    return rows


def _capacity(own: float | None, terms: SitingTerms) -> float | None:
    return terms.capacity if own is None else own


def _areas_at(inputs: Inputs, lonlat: NDArray[np.float64]) -> list[tuple[str | None, str | None]]:
    """Return code and name of the lowest area that each position lies in."""
    found: list[tuple[str | None, str | None]] = [(None, None)] * len(lonlat)
    for level in levels_of(inputs.areas, lonlat):
        for i in np.flatnonzero(level.of_place >= 0).tolist():
            found[i] = level.codes[level.of_place[i]], level.names[level.of_place[i]]
    return found


def _totals(inputs: Inputs, problem: Problem, plan: Plan) -> list[Totals]:
    reachable = _reachable(problem)
    bands = RESIDENTS if has_ages(inputs.state) else (ALL_AGES,)
    return [
        Totals(
            band=band,
            residents=_sum(problem.weights[:, column]),
            reachable=_sum(problem.weights[reachable, column]),
            covered_before=_sum(problem.weights[plan.before, column]),
            covered_after=_sum(problem.weights[plan.after, column]),
        )
        for column, band in enumerate(bands)
    ]


def _reachable(problem: Problem) -> Mask:
    """Tell which places an open point or any candidate could have within the limit."""
    times = problem.candidates.times
    found: Mask = problem.demand.before_cs <= problem.limit_cs
    found[times.place[times.cs <= problem.limit_cs]] = True
    return found


def _areas(problem: Problem, plan: Plan, column: int) -> list[AreaBefore]:
    weight = problem.weights[:, column]
    rows = []
    for level in problem.levels:
        residents, before, after = (_by_area(level, weight, mask) for mask in (None, plan.before, plan.after))
        rows += [
            AreaBefore(
                level=level.level, code=code, name=name, residents=residents[i], covered_before=before[i],
                covered_after=after[i], ratio_before=_ratio(before[i], residents[i]),
                ratio_after=_ratio(after[i], residents[i]),
            )
            for i, (code, name) in enumerate(zip(level.codes, level.names, strict=True))
        ]  # fmt: skip
    return rows


def _by_area(level: AreasOfLevel, weight: Fixed, mask: Mask | None) -> list[float]:
    inside = level.of_place >= 0 if mask is None else (level.of_place >= 0) & mask
    sums = np.zeros(len(level.codes), dtype=np.int64)
    np.add.at(sums, level.of_place[inside], weight[inside])
    found: list[float] = from_fixed(sums).tolist()
    return found


def _worst(problem: Problem, areas: Sequence[AreaBefore]) -> AreaBefore | None:
    """Return the area of the lowest level with the least share after, the first by code of equal ones."""
    if problem.quarters is None:
        return None
    lowest = [each for each in areas if each.level == problem.quarters.level and each.ratio_after is not None]
    return min(lowest, key=lambda each: (each.ratio_after or 0.0, each.code), default=None)


def _curve(problem: Problem, curve: Sequence[Siting]) -> list[CurvePoint]:
    residents = _sum(problem.demand.weight)
    rows = []
    for siting in curve:
        covered = _sum(problem.demand.weight[walked(problem, siting.chosen).after])
        rows.append(
            CurvePoint(
                points=len(siting.chosen),
                objective=siting.objective,
                bound=siting.bound,
                covered=covered,
                ratio=_ratio(covered, residents),
            )
        )
    return rows


def _rejected(field: Field) -> list[Rejected]:
    """Return the reasons by which candidates are out, those of the most first."""
    by_reason: dict[str, list[SiteCandidate]] = {}
    for given, reason in zip(field.given, field.reason, strict=True):
        if reason is not None:
            by_reason.setdefault(reason, []).append(given)
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        Rejected(
            reason=reason,
            count=len(out),
            examples=tuple(each.called for each in out[:EXAMPLES]),
            positions=tuple((each.lon, each.lat) for each in out),
        )
        for reason, out in ordered
    ]


def _uncoverables(problem: Problem, uncoverable: Mask) -> Uncoverables:
    weight = problem.demand.weight
    lost = np.flatnonzero(uncoverable & (weight > 0))
    listed = []
    for i in lost[np.lexsort((lost, -weight[lost]))][:LISTED_UNCOVERABLE].tolist():
        here = [level for level in problem.levels if level.of_place[i] >= 0]
        code = here[-1].codes[here[-1].of_place[i]] if here else None
        name = here[-1].names[here[-1].of_place[i]] if here else None
        lon, lat = problem.reach.lonlat[i].tolist()
        residents = float(from_fixed(weight[i]))
        listed.append(Uncoverable(lon=lon, lat=lat, residents=residents, area_code=code, area_name=name))
    return Uncoverables(places=len(lost), residents=_sum(weight[lost]), listed=tuple(listed))


def _notes(inputs: Inputs, problem: Problem) -> tuple[Note, ...]:
    state = inputs.state
    reasons = point_reasons(state, lonlat_of(state.points))
    return notes_of(state, inputs.editions, problem.reach, reasons, problem.levels)


def _own_notes(problem: Problem, found: Found, uncoverable: Mask) -> list[Note]:
    """Return what a reader must know of the search itself."""
    notes = []
    lost = uncoverable & (problem.demand.weight > 0)
    if found.unit == "points" and lost.any():
        residents = round(_sum(problem.demand.weight[lost]))
        notes.append(Note(code="siting_not_everybody", fields={"places": int(lost.sum()), "residents": residents}))
    if found.unit == "ratio" and problem.quarters is not None:
        held = stuck(problem.demand, problem.candidates, limit_cs=problem.limit_cs)
        names = [problem.quarters.names[i] for i in np.flatnonzero(held).tolist()]
        if names:
            shown = ", ".join(names[:EXAMPLES]) + (" …" if len(names) > EXAMPLES else "")
            notes.append(Note(code="siting_quarters_stuck", fields={"count": len(names), "named": shown}))
    if found.stopped in ("asked", "time"):
        notes.append(Note(code=f"siting_stopped_{found.stopped}", fields={}))
    return notes


def _ratio(part: float, whole: float) -> float | None:
    return min(part / whole, 1.0) if whole > 0 else None


def _sum(weight: Fixed) -> float:
    return float(from_fixed(weight.sum()))
