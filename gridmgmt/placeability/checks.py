"""The twelve checks: from what was found about a spot, and the norms in force, to verdicts with reasons.

Nothing is read or searched here; numbers that decide stand in norms, never in this file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.card import CheckResult, Facts, GateHere, NormUsed, Reason, Scalar
from gridmgmt.placeability.rules import (
    Attributes,
    CandidateStatus,
    Norm,
    NormItem,
    PlaceCheck,
    PlaceVerdict,
    Tenure,
    worst,
)
from gridmgmt.service_points.rules import ServicePointType

CENTRES_AND_MEALS = (
    ServicePointType.ELDERLY_SERVICE_CENTRE,
    ServicePointType.MEAL_POINT,
    ServicePointType.COMMUNITY_CANTEEN,
)
"""With these a new point should be combined, or stand near them."""
OUTERMOST = (AreaLevel.DISTRICT, AreaLevel.TOWN)
"""A spot in no area of these lies outside what is planned for."""
GROUND_KINDS = (LandKind.WATER, LandKind.RAIL, LandKind.HAZARD)
SEVERING_KINDS = (LandKind.WATER, LandKind.RAIL)
"""What cuts a spot off; walls do not: nearly every home lies behind one, and its gates tell what they cost."""


@dataclass(frozen=True)
class Case:
    """What the checks judge: the spot's facts and attributes, the norms for its type, and the day."""

    facts: Facts
    attributes: Attributes
    norms: Sequence[Norm]
    on: date


@dataclass
class _Sheet:
    """Collects the reasons, the gaps and the evidence of one check."""

    case: Case
    reasons: list[Reason] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    evidence: dict[str, Scalar] = field(default_factory=dict)

    def fault(self, code: str, verdict: PlaceVerdict, **fields: Scalar) -> None:
        self.reasons.append(Reason(code=code, verdict=verdict, fields=fields))

    def need(self, *codes: str) -> None:
        self.needs += [code for code in codes if code not in self.needs]

    def hold(self, item: NormItem, value: float | None, **fields: Scalar) -> None:
        """Hold a value against every norm of an item; without a norm or a value it cannot be assessed."""
        norms = [norm for norm in self.case.norms if norm.item is item]
        if not norms:
            self.need("norm")
        if value is None:
            return
        self.evidence[item] = value
        self.reasons += [_breach(norm, value, fields) for norm in _worst_of_each_set(norms, value)]

    def result(self, check: PlaceCheck) -> CheckResult:
        found = worst([reason.verdict for reason in self.reasons])
        if found is PlaceVerdict.NOT_ASSESSED and not self.needs:
            found = PlaceVerdict.PASS
        return CheckResult(
            check=check, verdict=found, reasons=tuple(self.reasons), needs=tuple(self.needs), evidence=self.evidence
        )


def _worst_of_each_set(norms: Iterable[Norm], value: float) -> list[Norm]:
    """Return the norms that a value breaks; of one set those that warn only where none fails."""
    broken = [norm for norm in norms if not norm.holds(value)]
    failed = {norm.norm_set for norm in broken if norm.severity is PlaceVerdict.FAIL}
    return [norm for norm in broken if norm.severity is PlaceVerdict.FAIL or norm.norm_set not in failed]


def _breach(norm: Norm, value: float, fields: Mapping[str, Scalar]) -> Reason:
    below = norm.least is not None and value < norm.least
    used = NormUsed(
        norm_set=norm.norm_set, edition=norm.edition, item=norm.item, least=norm.least, most=norm.most,
        evidence=norm.evidence, source=norm.source,
    )  # fmt: skip
    code = "below" if below else "above"
    return Reason(code=code, verdict=norm.severity, fields={"value": value, **fields}, norm=used)


def check_all(case: Case) -> tuple[CheckResult, ...]:
    """Return the results of all checks, in their order."""
    results = []
    for check, judge in _CHECKS.items():
        sheet = _Sheet(case)
        judge(sheet)
        results.append(sheet.result(check))
    return tuple(results)


def _area(sheet: _Sheet) -> None:
    """Judge whether it lies in exactly one area of every level that is loaded; outside the outermost is a failure.

    Units and sectors are alternatives: one of them suffices.
    """
    facts = sheet.case.facts
    if not facts.levels:
        sheet.need("areas")
    depths = {RANK[area.level] for area in facts.areas}
    for level in facts.levels:
        here = [area for area in facts.areas if area.level == level]
        sheet.evidence[level] = ", ".join(f"{area.code} {area.name}" for area in here) or None
        if RANK[level] not in depths:
            sheet.fault("in_no_area", PlaceVerdict.FAIL if level in OUTERMOST else PlaceVerdict.WARN, level=str(level))
        elif len(here) > 1:
            sheet.fault("on_border", PlaceVerdict.WARN, level=str(level), areas=", ".join(area.code for area in here))


def _ground(sheet: _Sheet) -> None:
    """Judge the ground: not in water, on rails, on the carriageway or in danger."""
    facts = sheet.case.facts
    items = {
        LandKind.WATER: NormItem.WATER_DISTANCE_M,
        LandKind.RAIL: NormItem.RAIL_DISTANCE_M,
        LandKind.HAZARD: NormItem.HAZARD_DISTANCE_M,
    }
    nearest = {land.kind: land for land in facts.land}
    for kind, item in items.items():
        if kind not in facts.land_kinds:
            sheet.need(f"land_{kind}")
        elif (land := nearest.get(kind)) is not None:
            if land.distance_m == 0:
                sheet.evidence[item] = 0.0
                sheet.fault(f"in_{kind}", PlaceVerdict.FAIL, name=land.name)
            else:
                sheet.hold(item, land.distance_m, name=land.name)
    sheet.hold(NormItem.ROAD_DISTANCE_M, facts.street.distance_m)
    if (use := nearest.get(LandKind.LANDUSE)) is not None and use.distance_m == 0:
        sheet.evidence["land_use"] = use.name


def _connection(sheet: _Sheet) -> None:
    """Judge whether it joins the network near by, through a gate that is open to those who come."""
    facts = sheet.case.facts
    if facts.street.edge is None:
        sheet.fault(f"street_{facts.street.why_not}", PlaceVerdict.FAIL)
        return
    sheet.evidence |= {"street": facts.street.name, "edge": facts.street.edge}
    sheet.hold(NormItem.CONNECTION_M, facts.street.distance_m)
    if facts.inside_compound is None:
        sheet.need("compounds")
    own = [gate for gate in facts.gates if gate.of_compound]
    if own:
        _through_gates(sheet, own)
    elif facts.gates:
        sheet.evidence |= {"gate": facts.gates[0].code, "gate_walk_time_s": facts.gates[0].walk_time_s}


def _through_gates(sheet: _Sheet, gates: Sequence[GateHere]) -> None:
    """Judge the gates of the compound that the spot lies in, the best one first."""
    best = min(gates, key=lambda gate: (not gate.open_at_time, gate.access != "public", not gate.always_open))
    sheet.evidence |= {"gate": best.code, "gate_access": best.access}
    if not best.open_at_time or best.access == "closed":
        sheet.fault("gate_closed", PlaceVerdict.FAIL, gate=best.code)
    elif best.access == "residents":
        sheet.fault("gate_residents", PlaceVerdict.WARN, gate=best.code)
    elif not best.always_open:
        sheet.fault("gate_hours", PlaceVerdict.WARN, gate=best.code)


def _gain(sheet: _Sheet) -> None:
    """Judge whether enough residents are covered who were not before."""
    gain = sheet.case.facts.gain
    if gain is None:
        sheet.need("street_and_residents")
        return
    if gain.residents is None:
        sheet.fault("gain_withheld", PlaceVerdict.WARN)
    sheet.hold(NormItem.NEW_RESIDENTS, gain.residents)
    sheet.evidence |= {f"band_{band.limit_s:.15g}_s": band.residents for band in gain.bands}
    sheet.evidence["in_reach"] = gain.in_reach


def _duplication(sheet: _Sheet) -> None:
    """Judge whether most are covered already, or a point of the same type is next door."""
    facts = sheet.case.facts
    if facts.gain is None:
        sheet.need("street_and_residents")
        return
    sheet.hold(NormItem.COVERED_TWICE_RATIO, facts.gain.covered_twice_ratio)
    if (near := facts.nearest_of_type) is not None:
        sheet.evidence["nearest_of_type"] = near.code
        sheet.hold(NormItem.SAME_TYPE_WALK_S, near.walk_time_s, point=near.code)


def _capacity(sheet: _Sheet) -> None:
    """Judge whether the rooms can serve those who would come."""
    load, capacity = sheet.case.facts.load, sheet.case.attributes.capacity
    if load is None:
        sheet.need("street_and_residents")
        return
    sheet.evidence["load"] = load.residents
    sheet.evidence["points_changed"] = len(load.taken)
    if capacity is None:
        sheet.need("capacity")
    elif not capacity:
        sheet.fault("no_capacity", PlaceVerdict.FAIL)
    elif load.residents is None:
        sheet.need("withheld")
    else:
        sheet.hold(NormItem.RESIDENTS_PER_CAPACITY, load.per_capacity, capacity=capacity)


def _building(sheet: _Sheet) -> None:
    """Judge the norms of the type: floor area, radius and time of those served, storey and lift, daylight."""
    given = sheet.case.attributes
    sheet.need(*(name for name in ("floor_area_m2", "storey", "daylight") if getattr(given, name) is None))
    sheet.hold(NormItem.FLOOR_AREA_M2, given.floor_area_m2)
    if given.storey is not None:
        sheet.evidence["storey"] = given.storey
        if given.lift is None and any(_not_kept(sheet, NormItem.STOREY_WITHOUT_LIFT, given.storey)):
            sheet.need("lift")
        elif given.lift:
            sheet.evidence["lift"] = True
        else:
            sheet.hold(NormItem.STOREY_WITHOUT_LIFT, given.storey)
    if given.daylight is not None:
        sheet.hold(NormItem.DAYLIGHT, float(given.daylight))
    _within_reach(sheet)


def _not_kept(sheet: _Sheet, item: NormItem, value: float) -> list[Norm]:
    return _worst_of_each_set((norm for norm in sheet.case.norms if norm.item is item), value)


def _within_reach(sheet: _Sheet) -> None:
    """Judge whether those whom the spot serves live within a norm's radius and walking time."""
    load = sheet.case.facts.load
    for norm in sheet.case.norms:
        if load is None or norm.item not in (NormItem.RADIUS_M, NormItem.WALK_TIME_S) or norm.most is None:
            continue
        share = load.beyond_radius.get(f"{norm.item}:{norm.most:.15g}")
        if share:
            breach = _breach(norm, norm.most, {"share": share})
            sheet.reasons.append(breach.model_copy(update={"code": f"beyond_{norm.item}"}))


def _severance(sheet: _Sheet) -> None:
    """Judge whether water or rail lies between it and those it serves."""
    facts = sheet.case.facts
    sheet.need(*(f"land_{kind}" for kind in SEVERING_KINDS if kind not in facts.land_kinds))
    if facts.load is None:
        sheet.need("street_and_residents")
        return
    sheet.hold(NormItem.SEVERED_RATIO, facts.load.severed_ratio)


def _tenure(sheet: _Sheet) -> None:
    """Judge whether the rooms can be had, for long enough, within the budget and in time."""
    given = sheet.case.attributes
    wanted = ["tenure", "candidate_status", "cost_yuan", "budget_yuan", "milestone_on"]
    sheet.need(*(name for name in wanted if getattr(given, name) is None))
    if given.tenure is Tenure.LEASED and given.lease_years is None:
        sheet.need("lease_years")
    if given.tenure is Tenure.DISPUTED:
        sheet.fault("tenure_disputed", PlaceVerdict.FAIL)
    elif given.tenure is Tenure.LEASED:
        sheet.hold(NormItem.LEASE_YEARS, given.lease_years)
    if given.candidate_status is CandidateStatus.REJECTED:
        sheet.fault("candidate_rejected", PlaceVerdict.FAIL)
    elif given.candidate_status is CandidateStatus.IDEA:
        sheet.fault("candidate_idea", PlaceVerdict.WARN)
    if given.milestone_on is not None and given.milestone_on < sheet.case.on:
        sheet.fault("milestone_past", PlaceVerdict.WARN, on=given.milestone_on.isoformat())
    _budget(sheet, given.cost_yuan, given.budget_yuan)
    sheet.evidence |= {"tenure": given.tenure, "candidate_status": given.candidate_status}


def _budget(sheet: _Sheet, cost: float | None, budget: float | None) -> None:
    if cost is None or budget is None:
        return
    if budget > 0:
        sheet.hold(NormItem.COST_TO_BUDGET_RATIO, cost / budget)
    elif cost > 0:
        sheet.fault("no_budget", PlaceVerdict.FAIL, cost_yuan=cost)


def _combination(sheet: _Sheet) -> None:
    """Judge whether a centre or a place for meals is near."""
    facts = sheet.case.facts
    if facts.street.edge is None:
        sheet.need("street_and_residents")
    elif facts.combined is not None:
        sheet.evidence["combined_with"] = facts.combined.code
        sheet.hold(NormItem.COMBINED_WALK_S, facts.combined.walk_time_s, point=facts.combined.code)
    elif any(type_ in CENTRES_AND_MEALS for type_ in facts.types_open):
        sheet.fault("nothing_to_combine", PlaceVerdict.FAIL)
    else:
        sheet.need("centres_and_meals")


def _equity(sheet: _Sheet) -> None:
    """Judge whether shares of areas get more uneven, and whether the very old are served no less than others."""
    facts = sheet.case.facts
    if facts.gain is None:
        sheet.need("street_and_residents")
        return
    if facts.equity is None:
        sheet.need("areas_to_compare")
    else:
        equity = facts.equity
        sheet.evidence |= {"least_before": equity.least_before, "least_after": equity.least_after}
        sheet.evidence |= {"gini_before": equity.gini_before, "gini_after": equity.gini_after}
        sheet.hold(NormItem.GINI_RISE, equity.gini_after - equity.gini_before)
    sheet.hold(NormItem.EIGHTY_PLUS_RATIO, facts.gain.eighty_plus_ratio)


def _robustness(sheet: _Sheet) -> None:
    """Judge whether it still adds enough for slow walkers, and while the nearest gate is closed."""
    facts = sheet.case.facts
    if facts.gain is None:
        sheet.need("street_and_residents")
        return
    kinds = {stress.kind for stress in facts.stresses}
    if "slow" not in kinds:
        sheet.need("speed_sd")
    if "gate_closed" not in kinds and not facts.gates_known:
        sheet.need("gates")
    for stress in facts.stresses:
        sheet.evidence[stress.kind] = stress.residents
        if stress.residents is not None:
            sheet.reasons += [
                _breach(norm, stress.residents, {"gate": stress.gate_code, "speed_m_per_s": stress.speed_m_per_s})
                .model_copy(update={"code": f"weak_when_{stress.kind}"})
                for norm in _not_kept(sheet, NormItem.NEW_RESIDENTS, stress.residents)
            ]  # fmt: skip


_CHECKS: Mapping[PlaceCheck, Callable[[_Sheet], None]] = {
    PlaceCheck.AREA: _area,
    PlaceCheck.GROUND: _ground,
    PlaceCheck.CONNECTION: _connection,
    PlaceCheck.GAIN: _gain,
    PlaceCheck.DUPLICATION: _duplication,
    PlaceCheck.CAPACITY: _capacity,
    PlaceCheck.BUILDING: _building,
    PlaceCheck.SEVERANCE: _severance,
    PlaceCheck.TENURE: _tenure,
    PlaceCheck.COMBINATION: _combination,
    PlaceCheck.EQUITY: _equity,
    PlaceCheck.ROBUSTNESS: _robustness,
}
