"""The profile of an area on the district of paper, before and after a part of a town becomes a subdistrict.

In March 2026 the quarter 004 of 顾村 becomes the subdistrict C, and the two sectors of 大场 become one.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import shapely
from sqlalchemy import event

from gridmgmt.access.rules import Actor, Grant, Permission, Role, anonymous
from gridmgmt.area_profiles.ground import Reader
from gridmgmt.area_profiles.rules import Figure
from gridmgmt.area_profiles.service import Profile, compare, read
from gridmgmt.areas import service as areas
from gridmgmt.areas.queries import area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import service as bodies
from gridmgmt.bodies.rules import FactBound, NewBody, NewFact, NewPost, OrganisationKind
from gridmgmt.boundaries import service as boundaries
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.editions.service import open_draft
from gridmgmt.errors import NotFoundError
from gridmgmt.indicators.rules import Period
from gridmgmt.meetings import topics
from gridmgmt.meetings.topics import Proposal
from gridmgmt.premises import service as premises
from gridmgmt.premises.service import NewPremises
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.targets import service as targets
from gridmgmt.targets.budget_queries import StatedPart
from gridmgmt.targets.rules import Amount, AmountBound
from tests.support.actors import TESTER
from tests.support.division import add_cases, add_residents, add_service_points, block, spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, UNIT, add_areas, described, load_district

NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)
FEB, CHANGE, MARCH = date(2026, 2, 10), date(2026, 3, 1), date(2026, 3, 10)
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
STREET, FOURTH = "310113008", f"{GUCUN}004"
IN_FIRST, IN_THIRD, IN_FOURTH, IN_DACHANG = spot(0.5, 4.5), spot(3.5, 3.5), spot(0.5, 1.5), spot(6.5, 2.5)


@pytest.fixture(scope="module")
def district(module_database_url: str) -> Iterator[Session]:
    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
        load_builtin(session, TESTER, today=FIRST)
        fill(session)
        govern(session)
        change_boundaries(session)
    with Session(engine) as session:
        yield session
    engine.dispose()


def fill(session: Session) -> None:
    add_residents(session, FIRST, [(IN_FIRST, (1, 2, 3, 4, 5)), (IN_FOURTH, (10, 0, 0, 0, 0)), (IN_DACHANG, (20,) * 5)])
    types = [(IN_FIRST, "meal_point", "open"), (IN_THIRD, "medical", "planned"), (IN_FOURTH, "meal_point", "open")]
    add_service_points(session, FIRST, types)
    january = "2026-01-20T10:00:00+08:00"
    add_cases(
        session, FIRST, [(at, "0101", "registered", january) for at in (IN_FIRST, IN_FIRST, IN_FOURTH, IN_DACHANG)]
    )
    for number in range(12):  # 12 are told, the 2 of them that are let to groups are fewer than the threshold
        said = NewPremises(f"R{number}", "1号", *IN_FIRST, date(2026, 1, 5), group_renting=number < 2)
        premises.register(session, TESTER, said, today=FEB)
    premises.publish(session, TESTER, date(2026, 1, 1), threshold=5, now=NOW)


def govern(session: Session) -> None:
    def body(code: str, kind: OrganisationKind, area: str) -> None:
        bodies.add_body(session, TESTER, NewBody(code, kind, f"机构{code}", area, FIRST, "paper"))

    body("P", OrganisationKind.POLICE_STATION, GUCUN)
    body("R1", OrganisationKind.RESIDENTS_COMMITTEE, f"{GUCUN}001")
    body("R4", OrganisationKind.RESIDENTS_COMMITTEE, FOURTH)
    bodies.set_post(session, TESTER, NewPost("R1", "member", "委员", 5, FIRST))
    for area, value in ((f"{GUCUN}001", 5e7), (f"{GUCUN}003", 1e7)):
        said = NewFact(area, "village_assets", value, FIRST, "source A", FactBound.AT_LEAST)
        bodies.add_fact(session, TESTER, said)
    topic = topics.propose(session, TESTER, Proposal("开门", *IN_THIRD, date(2026, 1, 20)), today=FEB)
    topics.withdraw(session, TESTER, topic.code, "不办了", MARCH, today=MARCH)
    wanted = targets.NewTarget(
        "T", "新增", GUCUN, (ServicePointType.MEAL_POINT,), 15, 2026, "老龄岗", "《计划》", date(2026, 1, 1)
    )
    targets.set_target(session, TESTER, wanted)
    part = StatedPart("一保", Amount(Decimal(310), AmountBound.AT_LEAST), "《办法》")
    total = Amount(Decimal(460), AmountBound.MORE_THAN)
    asked = targets.NewBudget(
        name="经费", area_code="310113", year=2026, parts=(part,), total=total, source="《办法》", valid_from=FIRST
    )
    targets.set_budget(session, TESTER, asked)


def change_boundaries(session: Session) -> None:
    draft = open_draft(session, described("2026", CHANGE))
    west = block(0, 0, 2, 4)
    towns = {GUCUN: ("顾村镇", shapely.difference(block(0, 0, 5, 8), west)), STREET: ("新街道", west)}
    add_areas(session, draft, AreaLevel.TOWN, towns)
    ended = area_in_force(session, f"{DACHANG}-S1", FEB)
    areas.end(session, draft, [ended.area_id])
    add_areas(session, draft, AreaLevel.SECTOR, {f"{DACHANG}-S2": ("片区", block(5, 0, 8, 8))})
    boundaries.check(session, TESTER, draft)
    boundaries.approve(session, TESTER, draft, "批复1号", FEB, "新设街道")
    boundaries.activate(session, TESTER, draft)


def reader(actor: Actor = TESTER, form: str = "exact") -> Reader:
    def refuse(_: str) -> None:
        raise AssertionError

    return Reader(actor, NOW, "zh", form, refuse)  # type: ignore[arg-type]  # no run is ever asked for


def profile(session: Session, code: str, on: date, **said: object) -> Profile:
    return read(session, code, on, reader(**said), period=JANUARY)  # type: ignore[arg-type]  # an actor, a form


def figures(found: Profile, name: str) -> dict[str, Figure]:
    return {each.name: each for section in found.sections if section.name == name for each in section.figures}


def values(found: Profile, name: str) -> dict[str, float | None]:
    return {each.name: each.value for each in figures(found, name).values()}


def test_a_town_is_told_as_its_rooms_tell_it(district: Session) -> None:
    """One page per area: bodies, points, residents, cases, topics, targets of 顾村 counted by hand."""
    found = profile(district, GUCUN, FEB)
    people = values(found, "population")
    assert (people["residents_60_plus"], people["residents_60_64"], people["residents_80_plus"]) == (25, 11, 5)
    assert people["residents"] is None  # nobody has counted them all: unknown, not 0
    assert values(found, "bodies") == {
        "bodies": 3, "posts": 5, "kind.police_station": 1, "kind.residents_committee": 2,
    }  # fmt: skip
    assert values(found, "points") == {"open": 2, "planned": 1, "meal_point": 2}
    assert values(found, "cases")["reported"] == 3
    assert values(found, "topics") == {"topics": 1, "state.proposed": 1}
    target = figures(found, "targets")["target.T"]
    assert (target.value, target.numerator, target.denominator) == (0, 0, 15)
    (assets,) = figures(found, "facts").values()
    assert (assets.value, assets.bound) == (6e7, "at_least")
    assert [each.code for each in found.above] == ["310113"]
    assert {each.code: each.reported for each in found.children} == {UNIT: 2, f"{GUCUN}003": 0, FOURTH: 1}


def test_what_is_unknown_or_not_judged_is_never_zero(district: Session) -> None:
    found = profile(district, GUCUN, FEB)
    (share,) = figures(found, "coverage").values()  # no run has been asked
    assert (share.value, share.state) == (None, "unknown")
    rates = values(found, "cases")
    assert rates["reported"] == 3
    assert rates["satisfaction_rate"] is None  # nobody was asked
    before = read(district, GUCUN, date(2015, 1, 10), reader())  # of December 2014 there is no register of cases
    assert values(before, "cases")["reported"] is None
    assert [each.reported for each in before.children] == [None, None, None]
    budget = figures(profile(district, "310113", FEB), "budgets")
    assert [each.bound for each in budget.values()] == ["more_than", "at_least", "at_least"]
    assert figures(found, "budgets") == {}  # of the district alone


def test_small_counts_stay_withheld_and_the_register_is_for_who_may_read_it(district: Session) -> None:
    visitor = profile(district, f"{GUCUN}001", FEB, actor=anonymous(reading=True), form="public")
    told = figures(visitor, "premises")
    assert (told["premises"].value, told["uninspected"].value) == (12, 12)
    assert (told["group_renting"].value, told["group_renting"].state) == (None, "withheld")
    assert [each.section for each in visitor.left_out] == ["premises_register"]
    assert figures(visitor, "premises_register") == {}
    people = figures(visitor, "population")
    assert (people["residents_60_plus"].state, "residents_60_64" in people) == ("withheld", False)
    grant = Grant(Role.INSPECTOR, frozenset({Permission.READ, Permission.PREMISES_READ}), "town", GUCUN)
    of_gucun = replace(anonymous(reading=True), grants=(grant,))
    assert profile(district, f"{GUCUN}001", FEB, actor=of_gucun).left_out == []
    gone = profile(district, FOURTH, FEB, actor=of_gucun)  # judged by the areas of today, when it lies elsewhere
    assert [each.section for each in gone.left_out] == ["premises_register"]
    inside = profile(district, f"{GUCUN}001", FEB)
    assert values(inside, "premises_register")["group_renting"] == 2
    assert inside.left_out == []
    assert figures(profile(district, UNIT, FEB, actor=anonymous(reading=True)), "premises") == {}  # by no unit


def test_two_editions_are_set_side_by_side_in_their_own_boundaries(district: Session) -> None:
    now = profile(district, GUCUN, MARCH)
    beside = compare(district, now, FEB, reader(), period=JANUARY)
    assert beside.then is not None
    told = {name: each.difference for (_, name), each in beside.changes.items()}
    assert told["reported"] == -1  # the case in 004 was there, and is the subdistrict's in the areas of March
    assert told["bodies"] == -1
    assert told["residents_60_plus"] == -10
    assert now.area.area_m2 / beside.then.area_m2 == pytest.approx(0.8, rel=1e-3)  # 32 of 40 squares
    assert told["surface"] == pytest.approx(now.area.area_m2 - beside.then.area_m2)
    topic = beside.changes["topics", "state.withdrawn"]
    assert (values(now, "topics"), topic.figure) == ({"topics": 1, "state.withdrawn": 1}, None)
    assert told["residents"] is None


def test_where_a_code_was_not_in_force_its_land_is_named(district: Session) -> None:
    street = profile(district, STREET, MARCH)
    assert values(street, "cases")["reported"] == 1
    beside = compare(district, street, FEB, reader())
    assert beside.then is None
    assert [(each.from_code, each.to_code) for each in beside.origins] == [(GUCUN, STREET)]
    assert {each.figure for each in beside.changes.values()} == {None}
    with pytest.raises(NotFoundError) as refused:
        profile(district, f"{DACHANG}-S1", MARCH)
    assert (refused.value.code, refused.value.fields["ended_on"]) == ("area_retired", CHANGE)
    assert f"{DACHANG}-S2" in str(refused.value.fields["successors"])
    with pytest.raises(NotFoundError) as unknown:
        profile(district, "no-such-code", MARCH)
    assert unknown.value.code == "area_unknown"
    ended = compare(district, profile(district, f"{DACHANG}-S1", FEB), MARCH, reader())
    assert [each.to_code for each in ended.ends] == [f"{DACHANG}-S2"]


def test_a_page_asks_no_more_questions_for_more_areas(district: Session) -> None:
    asked: list[str] = []
    engine = district.get_bind()

    def note(*said: object) -> None:
        asked.append(str(said[2]))

    later = replace(reader(), now=datetime(2026, 6, 1, tzinfo=UTC))
    counted: dict[int, int] = {}
    event.listen(engine, "before_cursor_execute", note)
    try:
        for on in (FEB, date(2026, 5, 10)):
            read(district, GUCUN, on, later)  # what never changes is kept
            asked.clear()
            counted[len(read(district, GUCUN, on, later).children)] = len(asked)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert counted[3] == counted[2] <= 50
