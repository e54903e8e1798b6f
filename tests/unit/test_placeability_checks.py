"""The twelve checks of a spot: each made to pass, to warn, to fail, and to go without an answer."""

from datetime import date
from typing import Any

import pytest

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.card import (
    AreaHere,
    BandGain,
    CheckResult,
    Equity,
    Facts,
    Gain,
    GateHere,
    LandHere,
    Load,
    PointNear,
    Street,
    Stress,
)
from gridmgmt.placeability.checks import Case, check_all
from gridmgmt.placeability.public import public_facts
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
from gridmgmt.reports.placeability_tables import why
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import LANGUAGES

PASS, WARN, FAIL, NOT_ASSESSED = PlaceVerdict.PASS, PlaceVerdict.WARN, PlaceVerdict.FAIL, PlaceVerdict.NOT_ASSESSED
TODAY = date(2026, 1, 1)
TOWN = AreaHere(level=AreaLevel.TOWN, code="310113001", name="甲镇")
QUARTER = AreaHere(level=AreaLevel.RESIDENTIAL_QUARTER, code="310113001001", name="甲一居民区")
NEIGHBOUR = AreaHere(level=AreaLevel.RESIDENTIAL_QUARTER, code="310113001002", name="甲二居民区")
UNIT = AreaHere(level=AreaLevel.BASIC_MANAGEMENT_UNIT, code="310113001101", name="甲单元")
SECTOR = AreaHere(level=AreaLevel.SECTOR, code="310113001201", name="甲片区")


def norm(
    item: NormItem, *, least: float | None = None, most: float | None = None, severity: PlaceVerdict = WARN
) -> Norm:
    return Norm("example", "1", item, (), least, most, severity, "J", "paper")


NORMS = [
    norm(NormItem.ROAD_DISTANCE_M, least=1),
    norm(NormItem.WATER_DISTANCE_M, least=10),
    norm(NormItem.RAIL_DISTANCE_M, least=30),
    norm(NormItem.RAIL_DISTANCE_M, least=10, severity=FAIL),
    norm(NormItem.HAZARD_DISTANCE_M, least=50),
    norm(NormItem.CONNECTION_M, most=50),
    norm(NormItem.NEW_RESIDENTS, least=100),
    norm(NormItem.NEW_RESIDENTS, least=1, severity=FAIL),
    norm(NormItem.COVERED_TWICE_RATIO, most=0.5),
    norm(NormItem.COVERED_TWICE_RATIO, most=0.9, severity=FAIL),
    norm(NormItem.SAME_TYPE_WALK_S, least=300),
    norm(NormItem.RESIDENTS_PER_CAPACITY, most=20),
    norm(NormItem.RESIDENTS_PER_CAPACITY, most=40, severity=FAIL),
    norm(NormItem.FLOOR_AREA_M2, least=50, severity=FAIL),
    norm(NormItem.FLOOR_AREA_M2, most=200),
    norm(NormItem.RADIUS_M, most=1000),
    norm(NormItem.STOREY_WITHOUT_LIFT, most=1, severity=FAIL),
    norm(NormItem.DAYLIGHT, least=1),
    norm(NormItem.SEVERED_RATIO, most=0.1),
    norm(NormItem.SEVERED_RATIO, most=0.5, severity=FAIL),
    norm(NormItem.COST_TO_BUDGET_RATIO, most=0.9),
    norm(NormItem.COST_TO_BUDGET_RATIO, most=1, severity=FAIL),
    norm(NormItem.LEASE_YEARS, least=5),
    norm(NormItem.COMBINED_WALK_S, most=300),
    norm(NormItem.COMBINED_WALK_S, most=900, severity=FAIL),
    norm(NormItem.GINI_RISE, most=0),
    norm(NormItem.GINI_RISE, most=0.01, severity=FAIL),
    norm(NormItem.EIGHTY_PLUS_RATIO, least=0.8),
    norm(NormItem.EIGHTY_PLUS_RATIO, least=0.5, severity=FAIL),
]
GIVEN = {
    "floor_area_m2": 120.0, "storey": 1, "lift": False, "daylight": True, "capacity": 30.0, "tenure": Tenure.OWNED,
    "candidate_status": CandidateStatus.LISTED, "cost_yuan": 800_000.0, "budget_yuan": 1_000_000.0,
    "milestone_on": date(2026, 6, 1),
}  # fmt: skip


def gain(residents: float | None = 150, **changes: Any) -> Gain:
    known = {
        "residents": residents,
        "bands": (BandGain(limit_s=1200, residents=residents),),
        "in_reach": 400,
        "covered_twice_ratio": 0.4,
        "eighty_plus_ratio": 1.1,
        "places_count": 12,
    }
    return Gain(**{**known, **changes})


def near(type_: ServicePointType, walk_time_s: float) -> PointNear:
    return PointNear(code="A", name="点A", type=type_, walk_time_s=walk_time_s)


def equity(gini_after: float) -> Equity:
    return Equity(
        level=AreaLevel.RESIDENTIAL_QUARTER, areas=9, gini_before=0.2, gini_after=gini_after, least_before=0.1,
        least_after=0.2,
    )  # fmt: skip


def load(**changes: Any) -> Load:
    known: dict[str, Any] = {"residents": 300, "per_capacity": 10, "severed_ratio": 0.05}
    return Load(**{**known, **changes})


def gate(**changes: Any) -> GateHere:
    known: dict[str, Any] = {
        "code": "G1", "name": None, "access": "public", "open_at_time": True, "always_open": True,
        "of_compound": True, "walk_time_s": 12, "lon": 121.4, "lat": 31.3,
    }  # fmt: skip
    return GateHere(**{**known, **changes})


def stress(kind: Any, residents: float) -> Stress:
    return Stress(kind=kind, residents=residents, speed_m_per_s=0.67, gate_code="G1")


GOOD = Facts(
    levels=(AreaLevel.TOWN, AreaLevel.RESIDENTIAL_QUARTER),
    areas=(TOWN, QUARTER),
    land_kinds=(LandKind.WATER, LandKind.RAIL, LandKind.HAZARD),
    land=(LandHere(kind=LandKind.WATER, name="蕰藻浜", distance_m=80),),
    street=Street(edge=7, distance_m=12),
    inside_compound=False,
    gates=(gate(of_compound=False),),
    gates_known=3,
    gain=gain(),
    nearest=(),
    nearest_of_type=near(ServicePointType.ELDERLY_SERVICE_POINT, 700),
    combined=near(ServicePointType.MEAL_POINT, 200),
    types_open=(ServicePointType.ELDERLY_SERVICE_POINT, ServicePointType.MEAL_POINT),
    load=load(),
    equity=equity(0.19),
    stresses=(stress("slow", 120), stress("gate_closed", 110)),
)


def results(facts: dict[str, Any], given: dict[str, Any], norms: list[Norm]) -> dict[PlaceCheck, CheckResult]:
    case = Case(GOOD.model_copy(update=facts), Attributes(**{**GIVEN, **given}), norms, TODAY)
    return {result.check: result for result in check_all(case)}


def land(kind: LandKind, distance_m: float) -> dict[str, Any]:
    return {"land": (LandHere(kind=kind, name="名", distance_m=distance_m),)}


OFF = {"street": Street(edge=None, distance_m=None, why_not="too_far"), "gain": None, "load": None, "equity": None,
       "stresses": (), "combined": None, "nearest_of_type": None, "gates": ()}  # fmt: skip

CASES: list[tuple[PlaceCheck, PlaceVerdict, dict[str, Any], dict[str, Any], str]] = [
    (PlaceCheck.AREA, WARN, {"areas": (TOWN,)}, {}, "in_no_area"),
    (PlaceCheck.AREA, WARN, {"areas": (TOWN, QUARTER, NEIGHBOUR)}, {}, "on_border"),
    (PlaceCheck.AREA, FAIL, {"areas": (QUARTER,)}, {}, "in_no_area"),
    (PlaceCheck.AREA, NOT_ASSESSED, {"areas": (), "levels": ()}, {}, "areas"),
    (PlaceCheck.GROUND, WARN, land(LandKind.WATER, 9.9), {}, "below"),
    (PlaceCheck.GROUND, WARN, land(LandKind.RAIL, 20), {}, "below"),
    (PlaceCheck.GROUND, FAIL, land(LandKind.RAIL, 9), {}, "below"),
    (PlaceCheck.GROUND, FAIL, land(LandKind.WATER, 0), {}, "in_water"),
    (PlaceCheck.GROUND, FAIL, land(LandKind.HAZARD, 0), {}, "in_hazard"),
    (PlaceCheck.GROUND, FAIL, land(LandKind.RAIL, 0), {}, "in_rail"),
    (PlaceCheck.GROUND, WARN, {"street": Street(edge=7, distance_m=0.5)}, {}, "below"),
    (PlaceCheck.GROUND, NOT_ASSESSED, {"land_kinds": (LandKind.WATER, LandKind.RAIL)}, {}, "land_hazard"),
    (PlaceCheck.CONNECTION, WARN, {"street": Street(edge=7, distance_m=50.1)}, {}, "above"),
    (PlaceCheck.CONNECTION, WARN, {"gates": (gate(access="residents"),)}, {}, "gate_residents"),
    (PlaceCheck.CONNECTION, WARN, {"gates": (gate(always_open=False),)}, {}, "gate_hours"),
    (PlaceCheck.CONNECTION, FAIL, {"gates": (gate(open_at_time=False, walk_time_s=None),)}, {}, "gate_closed"),
    (PlaceCheck.CONNECTION, FAIL, OFF, {}, "street_too_far"),
    (PlaceCheck.CONNECTION, NOT_ASSESSED, {"inside_compound": None}, {}, "compounds"),
    (PlaceCheck.GAIN, WARN, {"gain": gain(99.5)}, {}, "below"),
    (PlaceCheck.GAIN, WARN, {"gain": gain(None)}, {}, "gain_withheld"),
    (PlaceCheck.GAIN, FAIL, {"gain": gain(0)}, {}, "below"),
    (PlaceCheck.GAIN, NOT_ASSESSED, OFF, {}, "street_and_residents"),
    (PlaceCheck.DUPLICATION, WARN, {"gain": gain(covered_twice_ratio=0.51)}, {}, "above"),
    (PlaceCheck.DUPLICATION, WARN, {"nearest_of_type": near(ServicePointType.MEAL_POINT, 299)}, {}, "below"),
    (PlaceCheck.DUPLICATION, FAIL, {"gain": gain(covered_twice_ratio=0.95)}, {}, "above"),
    (PlaceCheck.DUPLICATION, NOT_ASSESSED, OFF, {}, "street_and_residents"),
    (PlaceCheck.CAPACITY, WARN, {"load": load(per_capacity=20.5)}, {}, "above"),
    (PlaceCheck.CAPACITY, FAIL, {"load": load(per_capacity=41)}, {}, "above"),
    (PlaceCheck.CAPACITY, FAIL, {"load": load(per_capacity=None)}, {"capacity": 0.0}, "no_capacity"),
    (PlaceCheck.CAPACITY, NOT_ASSESSED, {}, {"capacity": None}, "capacity"),
    (PlaceCheck.BUILDING, WARN, {}, {"floor_area_m2": 201.0}, "above"),
    (PlaceCheck.BUILDING, WARN, {}, {"daylight": False}, "below"),
    (PlaceCheck.BUILDING, WARN, {"load": load(beyond_radius={"radius_m:1000": 0.2})}, {}, "beyond_radius_m"),
    (PlaceCheck.BUILDING, FAIL, {}, {"floor_area_m2": 49.0}, "below"),
    (PlaceCheck.BUILDING, FAIL, {}, {"storey": 2}, "above"),
    (PlaceCheck.BUILDING, PASS, {}, {"storey": 2, "lift": True}, ""),
    (PlaceCheck.BUILDING, NOT_ASSESSED, {}, {"storey": 2, "lift": None}, "lift"),
    (PlaceCheck.BUILDING, NOT_ASSESSED, {}, {"daylight": None}, "daylight"),
    (PlaceCheck.SEVERANCE, WARN, {"load": load(severed_ratio=0.11)}, {}, "above"),
    (PlaceCheck.SEVERANCE, FAIL, {"load": load(severed_ratio=0.6)}, {}, "above"),
    (PlaceCheck.SEVERANCE, NOT_ASSESSED, {"land_kinds": (LandKind.WATER,)}, {}, "land_rail"),
    (PlaceCheck.TENURE, WARN, {}, {"cost_yuan": 950_000.0}, "above"),
    (PlaceCheck.TENURE, WARN, {}, {"candidate_status": CandidateStatus.IDEA}, "candidate_idea"),
    (PlaceCheck.TENURE, WARN, {}, {"milestone_on": date(2025, 12, 31)}, "milestone_past"),
    (PlaceCheck.TENURE, WARN, {}, {"tenure": Tenure.LEASED, "lease_years": 4.0}, "below"),
    (PlaceCheck.TENURE, FAIL, {}, {"cost_yuan": 1_000_001.0}, "above"),
    (PlaceCheck.TENURE, FAIL, {}, {"budget_yuan": 0.0}, "no_budget"),
    (PlaceCheck.TENURE, FAIL, {}, {"tenure": Tenure.DISPUTED}, "tenure_disputed"),
    (PlaceCheck.TENURE, FAIL, {}, {"candidate_status": CandidateStatus.REJECTED}, "candidate_rejected"),
    (PlaceCheck.TENURE, NOT_ASSESSED, {}, {"tenure": Tenure.LEASED}, "lease_years"),
    (PlaceCheck.TENURE, NOT_ASSESSED, {}, {"budget_yuan": None}, "budget_yuan"),
    (PlaceCheck.COMBINATION, WARN, {"combined": near(ServicePointType.MEAL_POINT, 301)}, {}, "above"),
    (PlaceCheck.COMBINATION, FAIL, {"combined": near(ServicePointType.MEAL_POINT, 901)}, {}, "above"),
    (PlaceCheck.COMBINATION, FAIL, {"combined": None}, {}, "nothing_to_combine"),
    (PlaceCheck.COMBINATION, NOT_ASSESSED, {"combined": None, "types_open": ()}, {}, "centres_and_meals"),
    (PlaceCheck.EQUITY, WARN, {"equity": equity(0.201)}, {}, "above"),
    (PlaceCheck.EQUITY, WARN, {"gain": gain(eighty_plus_ratio=0.79)}, {}, "below"),
    (PlaceCheck.EQUITY, FAIL, {"equity": equity(0.22)}, {}, "above"),
    (PlaceCheck.EQUITY, FAIL, {"gain": gain(eighty_plus_ratio=0.4)}, {}, "below"),
    (PlaceCheck.EQUITY, NOT_ASSESSED, {"equity": None}, {}, "areas_to_compare"),
    (PlaceCheck.ROBUSTNESS, WARN, {"stresses": (stress("slow", 99), stress("gate_closed", 200))}, {}, "weak_when_slow"),
    (PlaceCheck.ROBUSTNESS, FAIL, {"stresses": (stress("slow", 150), stress("gate_closed", 0))}, {},
     "weak_when_gate_closed"),
    (PlaceCheck.ROBUSTNESS, NOT_ASSESSED, {"stresses": (stress("gate_closed", 200),)}, {}, "speed_sd"),
    (PlaceCheck.ROBUSTNESS, NOT_ASSESSED, {"stresses": (stress("slow", 200),), "gates_known": 0}, {}, "gates"),
    (PlaceCheck.ROBUSTNESS, PASS, {"stresses": (stress("slow", 200),)}, {}, ""),
]  # fmt: skip


def test_a_good_spot_passes_all_checks() -> None:
    assert {check: result.verdict for check, result in results({}, {}, NORMS).items()} == dict.fromkeys(
        PlaceCheck, PASS
    )


@pytest.mark.parametrize(("check", "verdict", "facts", "given", "why_so"), CASES)
def test_each_check_says_what_it_should(check, verdict, facts, given, why_so) -> None:
    found = results(facts, given, NORMS)[check]
    assert found.verdict is verdict
    assert not why_so or why_so in {reason.code for reason in found.reasons} | set(found.needs)
    for lang in LANGUAGES:
        assert why(found, lang)


@pytest.mark.parametrize("check", PlaceCheck)
def test_every_check_can_end_in_every_verdict(check: PlaceCheck) -> None:
    assert {verdict for of, verdict, *_ in CASES if of is check} | {PASS} == set(PlaceVerdict)


def test_units_and_sectors_are_alternatives() -> None:
    levels = (AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR)
    for area in (UNIT, SECTOR):
        assert results({"levels": levels, "areas": (TOWN, area)}, {}, NORMS)[PlaceCheck.AREA].verdict is PASS
    assert results({"levels": levels, "areas": (TOWN,)}, {}, NORMS)[PlaceCheck.AREA].verdict is WARN


def test_the_best_gate_of_a_compound_counts() -> None:
    gates = (gate(code="G1", open_at_time=False), gate(code="G2", access="residents"), gate(code="G3"))
    found = results({"gates": gates}, {}, NORMS)[PlaceCheck.CONNECTION]
    assert (found.verdict, found.evidence["gate"]) == (PASS, "G3")


def test_a_breach_names_the_norm_and_its_edition() -> None:
    (reason,) = results({}, {"floor_area_m2": 49.0}, NORMS)[PlaceCheck.BUILDING].reasons
    assert reason.norm is not None
    assert (reason.norm.norm_set, reason.norm.edition, reason.norm.least) == ("example", "1", 50)
    assert "example 1 [J]" in why(results({}, {"floor_area_m2": 49.0}, NORMS)[PlaceCheck.BUILDING], "en")


def test_without_a_norm_nothing_is_judged() -> None:
    found = results({}, {}, [])
    assert found[PlaceCheck.GAIN].verdict is NOT_ASSESSED
    assert found[PlaceCheck.GAIN].needs == ("norm",)
    assert found[PlaceCheck.AREA].verdict is PASS


def test_the_bounds_themselves_keep_a_norm() -> None:
    assert norm(NormItem.FLOOR_AREA_M2, least=50, most=200).holds(50)
    assert norm(NormItem.FLOOR_AREA_M2, least=50, most=200).holds(200)
    assert not norm(NormItem.FLOOR_AREA_M2, least=50, most=200).holds(200.0001)


def test_the_worst_that_is_known_counts() -> None:
    assert worst([NOT_ASSESSED, PASS]) is PASS
    assert worst([NOT_ASSESSED, WARN, PASS]) is WARN
    assert worst([FAIL, WARN]) is FAIL
    assert worst([NOT_ASSESSED]) is NOT_ASSESSED


def test_the_public_form_rounds_before_it_judges() -> None:
    facts = GOOD.model_copy(update={"gain": gain(96, covered_twice_ratio=0.53)})
    shown = public_facts(facts, 10)
    assert shown.gain is not None
    assert (shown.gain.residents, shown.gain.covered_twice_ratio) == (100, 0.5)
    assert (shown.gain.places, shown.gain.areas, shown.gain.places_count) == ((), (), None)
    verdicts = {result.check: result.verdict for result in check_all(Case(shown, Attributes(**GIVEN), NORMS, TODAY))}
    assert verdicts[PlaceCheck.GAIN] is verdicts[PlaceCheck.DUPLICATION] is PASS


def test_the_public_form_withholds_small_numbers() -> None:
    facts = GOOD.model_copy(update={"gain": gain(9, in_reach=4), "load": load(residents=3)})
    shown = public_facts(facts, 10)
    assert shown.gain is not None
    assert shown.load is not None
    assert (shown.gain.residents, shown.gain.in_reach, shown.gain.covered_twice_ratio) == (None, None, None)
    assert (shown.load.residents, shown.load.per_capacity, shown.load.severed_ratio) == (None, None, None)
    assert [stress.residents for stress in shown.stresses] == [120, 110]
