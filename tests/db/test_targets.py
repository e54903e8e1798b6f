"""Targets, projects and budgets on the town drawn in `tests.support.paper_town`, each by the row that it answers.

A siting plan "town" has three points: u (covers the 30 residents of p3), w and v. A point U opens at u in March 2026
and is closed again in 2028; from July 2026 to 2027 the 30 live at p1 instead.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import shapely
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from gridmgmt import imports
from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.coverage.queries import answer_of, run_by_id
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import ConflictError, ForbiddenError, GridMgmtError, NotFoundError, RuleViolationError
from gridmgmt.ingest.population import read_population_points
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.targets import budget_queries, project_queries, queries, service
from gridmgmt.targets.budget_queries import StatedPart
from gridmgmt.targets.rules import Amount, AmountBound, Reached, TargetStage
from gridmgmt.work import ask_coverage, finish_coverage
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_town import DAY, degrees, labels
from tests.support.planning import CANDIDATES, keep, open_points, run, spot

WEST, EAST = "310113001", "310113002"
MARCH, JULY, AUGUST, BACK = date(2026, 3, 1), date(2026, 7, 1), date(2026, 8, 1), date(2028, 1, 1)
MILLION = Decimal(10) ** 6
TARGET = service.NewTarget(
    code="ZM-15",
    name="20分钟为老服务圈",
    area_code=EAST,
    kinds=(ServicePointType.ELDERLY_SERVICE_POINT,),
    wanted=15,
    year=2026,
    owner_post="街道老龄工作岗",
    source="《工作计划》",
    valid_from=DAY,
)


def take_population(sessions: sessionmaker[Session], folder: Path, name: str, since: date, at_p1: int) -> None:
    """Import an edition in which so many of the 30 of p3 live at p1."""
    path = folder / f"{name}.csv"
    rows = [(200, 20, 10.5 + at_p1), (900, 0, 20.25), (1500, 500, 30 - at_p1), (5000, 0, 6)]
    lines = [",".join(map(str, [*degrees([(x, y)])[0], elders, 0, 0, 0, 0])) for x, y, elders in rows]
    path.write_text("\n".join(["lon,lat,60_64,65_69,70_74,75_79,80_plus", *lines, ""]), encoding="utf-8")
    with sessions.begin() as session:
        said = labels(name, valid_from=since)
        imports.import_population(session, TESTER, read_population_points(path), said, counting=Counting.COUNTED)


def covered(sessions: sessionmaker[Session], on: date) -> float:
    """Residents within 20 minutes of an open point, by a run on a day."""
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(), on=on)
    finish_coverage(sessions, run_id, job_id, lease_s=15)
    with sessions.begin() as session:
        document = answer_of(run_by_id(session, run_id))
        found = session.scalar(text("SELECT CAST(:d AS jsonb) #>> '{totals,covered}'"), {"d": document})
    return float(found or "nan")


@pytest.fixture(scope="module")
def town(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(module_database_url)
    sessions, folder = make_sessions(engine), tmp_path_factory.mktemp("town")
    paper_town.load(sessions, folder)
    keep(sessions, "town", run(sessions, candidates=(*CANDIDATES[:2], spot(2800, 0, "w", cost_yuan=50_000))))
    open_points(sessions, folder, MARCH, [("U", 1500, 400)])
    with sessions.begin() as session:
        session.execute(text("UPDATE editions SET valid_to = :on WHERE name LIKE 'more-%'"), {"on": BACK})
    take_population(sessions, folder, "places-away", JULY, 30)
    take_population(sessions, folder, "places-back", BACK, 0)
    yield sessions
    engine.dispose()


@pytest.fixture
def session(town: sessionmaker[Session]) -> Iterator[Session]:
    """A session that leaves nothing behind."""
    with town.kw["bind"].connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def target(session: Session) -> Session:
    """The target of 15 points with the three of the plan as its items."""
    service.set_target(session, TESTER, TARGET)
    dues = {TargetStage.LOCATED: date(2026, 3, 31), TargetStage.OPEN: date(2026, 12, 31)}
    service.add_from_plan(session, TESTER, "ZM-15", service.FromPlan("town", DAY, dues=dues))
    return session


def note(session: Session, item_no: int, stage: TargetStage, on: date, **said: str | None) -> None:
    reached = Reached(stage, on, said.get("reason"))
    service.note_milestone(session, TESTER, "ZM-15", item_no, reached, today=BACK, service_point_code=said.get("point"))


def item_of(session: Session, name: str, on: date = AUGUST) -> queries.Item:
    return next(item for item in queries.target_on(session, "ZM-15", on).items if item.name == name)


# --- 20分钟为老服务圈, 15 points -----------------------------------------------------------------------------------


def test_15_planned_progress_n_of_15(target: Session) -> None:
    """20分钟为老服务圈, 15 points: an item counts from the day on which it opens."""
    found = queries.target_on(target, "ZM-15", DAY)
    assert (str(found.progress), found.progress.unlisted, found.budget_yuan) == ("0/15", 12, 350_000)
    u = item_of(target, "u", DAY)
    assert ((u.lon, u.lat), u.plan_name, u.budget_yuan) == (tuple(degrees([(1500, 400)])[0]), "town", 300_000)
    for stage, on in zip((TargetStage.LOCATED, TargetStage.APPROVED, TargetStage.BUILDING), (2, 3, 4), strict=True):
        note(target, u.item_no, stage, date(2026, on, 1))
    note(target, u.item_no, TargetStage.OPEN, JULY, point="U")
    told = {on: str(queries.target_on(target, "ZM-15", on).progress) for on in (date(2026, 6, 30), JULY, AUGUST)}
    assert told == {date(2026, 6, 30): "0/15", JULY: "1/15", AUGUST: "1/15"}
    later = queries.target_on(target, "ZM-15", AUGUST)
    assert {stage: count for stage, count in later.progress.by_stage.items() if count} == {
        TargetStage.PLANNED: 2, TargetStage.OPEN: 1,
    }  # fmt: skip
    assert later.progress.late == 2, "the two that are not located by March"
    opened = item_of(target, "u")
    assert (opened.service_point_code, opened.point_is_open, opened.late) == ("U", True, ())
    assert item_of(target, "u", BACK).point_is_open is False, "its point is closed by then"


def test_opening_a_point_never_lowers_coverage_and_closing_it_never_raises_it(town: sessionmaker[Session]) -> None:
    """20分钟为老服务圈, 15 points: beside the search's own property tests, on the editions of a target."""
    before, opened, closed = (covered(town, on) for on in (DAY, MARCH, BACK))
    assert (before, opened, closed) == (30.75, 60.75, 30.75)


def test_no_more_items_than_wanted_and_no_point_of_a_plan_twice(target: Session) -> None:
    with pytest.raises(ConflictError) as twice:
        service.add_from_plan(target, TESTER, "ZM-15", service.FromPlan("town", DAY, (1,)))
    assert twice.value.code == "plan_point_taken"
    for number in range(4, 16):
        service.add_item(target, TESTER, "ZM-15", service.NewItem(f"第{number}点", DAY))
    assert queries.target_on(target, "ZM-15", DAY).progress.unlisted == 0
    with pytest.raises(RuleViolationError) as full:
        service.add_item(target, TESTER, "ZM-15", service.NewItem("第16点", DAY))
    assert full.value.fields == {"wanted": 15, "held": 15, "more": 1}
    with pytest.raises(RuleViolationError):
        service.set_target(target, TESTER, replace(TARGET, wanted=14, valid_from=AUGUST))
    service.set_target(target, TESTER, replace(TARGET, wanted=16, valid_from=AUGUST))
    assert [queries.target_on(target, "ZM-15", on).wanted for on in (JULY, AUGUST)] == [15, 16]


@pytest.mark.parametrize(
    ("stage", "on", "said", "code"),
    [
        (TargetStage.OPEN, JULY, {"reason": "并入"}, "item_needs_point"),
        (TargetStage.OPEN, JULY, {"reason": "并入", "point": "P"}, "item_point_unknown"),
        (TargetStage.OPEN, date(2026, 2, 28), {"reason": "并入", "point": "U"}, "item_point_unknown"),
        (TargetStage.OPEN, JULY, {"reason": "并入", "point": "A"}, "item_outside_area"),
        (TargetStage.LOCATED, JULY, {"point": "U"}, "item_takes_no_point"),
        (TargetStage.APPROVED, JULY, {}, "milestone_reason_needed"),
        (TargetStage.LOCATED, date(2025, 12, 31), {}, "target_unknown"),
        (TargetStage.LOCATED, date(2030, 1, 1), {}, "milestone_in_future"),
        (TargetStage.PLANNED, JULY, {}, "stage_unchanged"),
    ],
)
def test_a_milestone_that_cannot_be_is_refused(target: Session, stage, on, said, code) -> None:
    with pytest.raises(GridMgmtError) as refused:
        note(target, item_of(target, "u").item_no, stage, on, **said)
    assert refused.value.code == code


def test_items_lie_in_the_area_of_their_target(target: Session) -> None:
    (west,) = degrees([(500, 0)])
    with pytest.raises(RuleViolationError) as outside:
        service.add_item(target, TESTER, "ZM-15", service.NewItem("x", DAY, (west[0], west[1])))
    assert (outside.value.code, outside.value.fields["area"]) == ("item_outside_area", EAST)
    with pytest.raises(RuleViolationError):
        service.change_item(target, TESTER, "ZM-15", 1, {"lonlat": (west[0], west[1])}, AUGUST)
    service.set_target(target, TESTER, replace(TARGET, code="W-1", area_code=WEST))
    with pytest.raises(RuleViolationError):
        service.add_from_plan(target, TESTER, "W-1", service.FromPlan("town", DAY))


def test_one_point_opens_one_item_and_going_back_frees_it(target: Session) -> None:
    u, v = item_of(target, "u").item_no, item_of(target, "v").item_no
    note(target, u, TargetStage.OPEN, JULY, point="U", reason="并入现有用房")
    with pytest.raises(ConflictError) as other:
        note(target, v, TargetStage.OPEN, JULY, point="U", reason="同上")
    assert other.value.code == "point_opened_other"
    note(target, u, TargetStage.BUILDING, AUGUST, reason="停业改建")
    assert (item_of(target, "u").service_point_code, str(queries.target_on(target, "ZM-15", AUGUST).progress)) == (
        None, "0/15",
    )  # fmt: skip
    assert [each.reason for each in item_of(target, "u").reached] == [None, "并入现有用房", "停业改建"]


def test_what_is_known_of_an_item_changes_and_the_log_tells_it(target: Session) -> None:
    card = {
        "question": {"lon": 121.4, "lat": 31.3, "type": "elderly_service_point"},
        "verdict": "pass",
        "on": "2026-02-01",
    }
    service.change_item(target, TESTER, "ZM-15", 1, {"budget_yuan": 1, "card": card}, AUGUST)
    assert queries.target_on(target, "ZM-15", AUGUST).items[0].card == card
    told = target.scalars(select(Change).order_by(Change.change_id.desc())).first()
    assert told is not None
    assert (told.action, told.object, set(told.after or {})) == (
        "target_item.change",
        "target:ZM-15/1",
        {"budget_yuan", "card"},
    )
    with pytest.raises(ConflictError):
        service.change_item(target, TESTER, "ZM-15", 1, {"budget_yuan": 1}, AUGUST)
    note(target, 1, TargetStage.LOCATED, AUGUST)
    with pytest.raises(RuleViolationError):
        service.change_item(target, TESTER, "ZM-15", 1, {"lonlat": None}, AUGUST)
    with pytest.raises(NotFoundError):
        service.change_item(target, TESTER, "ZM-15", 99, {"name": "x"}, AUGUST)


def test_only_who_keeps_targets_there_may(target: Session) -> None:
    west = Actor("account", "w", grants=(Grant(Role.PLANNER, frozenset({Permission.TARGETS_WRITE}), "town", WEST),))
    with pytest.raises(ForbiddenError):
        service.add_item(target, west, "ZM-15", service.NewItem("x", DAY))
    service.set_target(target, west, replace(TARGET, code="W-1", area_code=WEST))
    with pytest.raises(ForbiddenError):
        service.add_from_plan(target, west, "W-1", service.FromPlan("town", DAY))
    assert [each.code for each in queries.targets(target, DAY)] == ["W-1", "ZM-15"]


def test_the_database_keeps_history_and_milestones(target: Session) -> None:
    for statement in ("UPDATE target_milestones SET stage = 'open'", "UPDATE targets SET wanted = 1"):
        with pytest.raises(DBAPIError), target.begin_nested():
            target.execute(text(statement))


# --- 泗塘一村成套改造 -------------------------------------------------------------------------------------------------


def project(**changes: object) -> service.NewProject:
    ring = degrees([(1450, 450), (1550, 450), (1550, 550), (1450, 550)])
    said = {
        "code": "ST-1", "name": "泗塘一村成套改造", "area_code": EAST, "valid_from": DAY,
        "geometry": shapely.Polygon(ring),
        "begins_on": JULY, "ends_on": date(2027, 12, 31), "source": "《工作报告》", "households": 12,
        "households_source": "合成", "moved_60_plus": 30, "away_edition": "places-away", "home_edition": "places",
        **changes,
    }  # fmt: skip
    return service.NewProject(**said)  # type: ignore[arg-type]  # of many types


def test_elders_temporarily_moved_are_a_population_edition(town: sessionmaker[Session], session: Session) -> None:
    """泗塘一村成套改造: 30 elders are away in one edition, at home in the other; coverage is told with and without."""
    home, away = covered(town, DAY), covered(town, AUGUST)
    service.set_project(session, TESTER, project())
    (found,) = project_queries.projects(session, AUGUST, area_id=None)
    assert found.area_m2 == pytest.approx(10_000, rel=1e-3)
    inside = [project_queries.elders_inside(session, "ST-1", AUGUST, name) for name in ("places-away", "places")]
    assert (inside, inside[0] - inside[1]) == ([0.0, 30.0], -30.0)
    runs = [project_queries.coverage_run_of(session, name) for name in ("places", "places-away", "places-back", "none")]
    assert runs[0] is not None
    assert runs[1] is not None
    assert runs[0] < runs[1]
    assert runs[3] is None
    assert (home, away) == (30.75, 60.75)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"begins_on": date(2026, 6, 30)}, "project_outside_edition"),
        ({"ends_on": BACK}, "project_outside_edition"),
        ({"ends_on": None}, "project_outside_edition"),
        ({"ends_on": date(2026, 6, 1)}, "project_period"),
        ({"away_edition": "nowhere"}, "population_edition_unknown"),
        ({"away_edition": None}, "moved_without_edition"),
        ({"households_source": None}, "households_without_source"),
        ({"area_code": WEST}, "project_outside_area"),
        ({"code": "a b"}, "target_code_malformed"),
        ({"households": -1}, "target_number"),
    ],
)
def test_a_project_that_cannot_be_is_refused(session: Session, changes: dict[str, object], code: str) -> None:
    """泗塘一村成套改造: its period lies in the validity of the edition without its elders."""
    with pytest.raises(GridMgmtError) as refused:
        service.set_project(session, TESTER, project(**changes))
    assert refused.value.code == code


# --- 一保四增 ---------------------------------------------------------------------------------------------------------


def budget(base: AmountBound = AmountBound.AT_LEAST, **changes: object) -> service.NewBudget:
    additions = [("增一", "40.78"), ("增二", "43.50"), ("增三", "40.00"), ("增四", "20.00")]
    parts = (
        StatedPart("一保", Amount(310 * MILLION, base), "《支出保障办法》"),
        *(StatedPart(name, Amount(Decimal(yuan) * MILLION), "《支出保障办法》") for name, yuan in additions),
    )
    said = {
        "name": "一保四增", "area_code": EAST, "year": 2015, "parts": parts, "source": "《支出保障办法》",
        "valid_from": DAY,
        "total": Amount(460 * MILLION, AmountBound.MORE_THAN), **changes,
    }  # fmt: skip
    return service.NewBudget(**said)  # type: ignore[arg-type]  # as above


def test_yi_bao_si_zeng_keeps_its_bounds(session: Session) -> None:
    """一保四增: ≥ 310 m and four additions are ≥ 454.28 m, which does not contradict a total above 460 m."""
    service.set_budget(session, TESTER, budget())
    (found,) = budget_queries.budgets(session, DAY, year=2015)
    assert [str(part.amount) for part in found.parts] == [
        "≥ 310,000,000.00", "40,780,000.00", "43,500,000.00", "40,000,000.00", "20,000,000.00",
    ]  # fmt: skip
    assert (str(found.check.parts), str(found.total)) == ("≥ 454,280,000.00", "> 460,000,000.00")
    assert (found.check.consistent, found.check.left_open_yuan) == (True, Decimal("5.72") * MILLION)


def test_a_budget_that_contradicts_itself_is_refused_and_a_later_one_ends_the_earlier(session: Session) -> None:
    with pytest.raises(RuleViolationError) as refused:
        service.set_budget(session, TESTER, budget(AmountBound.EXACT))
    assert refused.value.code == "budget_contradicts"
    service.set_budget(session, TESTER, budget())
    service.set_budget(session, TESTER, budget(total=None, name="调整", valid_from=AUGUST))
    told = [[each.name for each in budget_queries.budgets(session, on)] for on in (JULY, AUGUST)]
    assert told == [["一保四增"], ["调整"]]
