"""Moves on real PostGIS: who may make them, what they write, races of clients, and logs that tell every case."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.models import RoleRow
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.calendars.rules import DayKind, LocalDay
from gridmgmt.calendars.service import set_year
from gridmgmt.cases.rules import CaseSource, CaseState
from gridmgmt.casework import queries
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.casework.history import check, log_of
from gridmgmt.casework.intake import Reported, report
from gridmgmt.casework.machine import Given
from gridmgmt.casework.moves import LINK_WITHIN, Move, TaskState
from gridmgmt.casework.transitions import CaseParts, MoveAsk, move, provisional_cases, read, reschedule
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import (
    ForbiddenError,
    GridMgmtError,
    NotFoundError,
    RuleViolationError,
    StaleVersionError,
    TransitionNotAllowedError,
    UnauthenticatedError,
)
from tests.support import paper_grids
from tests.support.actors import TESTER
from tests.support.division import spot

NOW = datetime(2026, 3, 2, 9, tzinfo=LOCAL_ZONE)
"""A Monday."""
COVER = "0101"
WATER, GAS, POWER = "water_company", "gas_company", "power_company"
H = timedelta(hours=1)


@pytest.fixture(scope="module")
def sessions(module_database_url: str) -> Iterator[sessionmaker[Session]]:
    """The town of `paper_grids` with the built-in catalogue, in a database of its own."""
    engine = make_engine(module_database_url, pool_size=10)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        paper_grids.build(session)
        load_builtin(session, TESTER, today=NOW.date())
    yield sessions
    engine.dispose()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session
        session.rollback()


def person(session: Session, role: Role, *, department: str | None = None, area: str | None = None) -> Actor:
    """Return an account with what the database gives its role."""
    held = session.scalars(select(RoleRow.permissions).where(RoleRow.name == role)).one()
    permissions = frozenset(Permission(each) for each in held)
    grant = Grant(role, permissions, "town" if area else None, area, department)
    return Actor("account", f"{role}-{department or area or 'all'}", 1, (grant,))


def reported(session: Session, source: CaseSource = CaseSource.INSPECTOR, at: datetime = NOW) -> str:
    lon, lat = spot(0.5, 0.5)
    found = report(session, TESTER, ReportAsk(lon, lat, COVER, source), now=at)
    assert isinstance(found, Reported)
    return found.case_no


def go(session: Session, number: str, made: Move, by: Actor = TESTER, at: datetime = NOW, **given: Any) -> CaseParts:
    return move(session, by, number, MoveAsk(made, Given(**given)), at)


def dispatched(session: Session, *departments: str) -> str:
    case_no = reported(session)
    go(session, case_no, Move.ACCEPT)
    go(session, case_no, Move.REGISTER, condition_no=2)
    go(session, case_no, Move.DISPATCH, departments=departments or (WATER,))
    return case_no


def closed(session: Session) -> str:
    case_no = dispatched(session)
    for made in (Move.HANDLE, Move.GIVE_FEEDBACK, Move.VERIFY, Move.CLOSE):
        go(session, case_no, made)
    return case_no


def assert_every_log_tells_its_case(session: Session) -> None:
    found = check(session)
    assert found.cases > 0
    assert found.findings == []


def test_the_roles_take_a_case_to_its_closure(session: Session) -> None:
    case_no = reported(session, CaseSource.PUBLIC)
    body = person(session, Role.DEPARTMENT, department=WATER)
    steps: list[tuple[Actor, Move, dict[str, Any], CaseState]] = [
        (person(session, Role.OPERATOR), Move.ACCEPT, {}, CaseState.ACCEPTED),
        (person(session, Role.INSPECTOR), Move.CONFIRM, {}, CaseState.CONFIRMED),
        (person(session, Role.DUTY_CHIEF), Move.REGISTER, {"condition_no": 2}, CaseState.REGISTERED),
        (person(session, Role.DISPATCHER), Move.DISPATCH, {"departments": (WATER,)}, CaseState.DISPATCHED),
        (body, Move.HANDLE, {}, CaseState.HANDLING),
        (body, Move.GIVE_FEEDBACK, {"reason": "井盖已补"}, CaseState.HANDLED),
        (person(session, Role.INSPECTOR), Move.VERIFY, {}, CaseState.VERIFIED),
        (person(session, Role.DUTY_CHIEF), Move.CLOSE, {}, CaseState.CLOSED),
    ]
    for hours, (by, made, given, state) in enumerate(steps):
        seen = read(session, by, case_no, NOW + hours * H)
        assert made in [each.move for each in seen.moves]
        moved = go(session, case_no, made, by, NOW + hours * H, **given)
        assert moved.held.facts.state is state
        assert moved.held.facts == read(session, by, case_no, NOW).held.facts
    entries, _ = log_of(session, case_no)
    assert [entry.move for entry in entries] == [Move.REPORT, *(made for _, made, _, _ in steps)]
    assert [entry.post for entry in entries[1:]] == [by.grants[0].role for by, *_ in steps]
    assert entries[6].department_code == WATER
    assert entries[6].reason == "井盖已补"
    assert entries[4].facts["used"] == {"stage": "dispatching", "s": 3600 * 24 // 8}  # an hour of an eight-hour day
    row = session.execute(
        text("SELECT due_at, urgency, next_alarm_at, condition_no FROM cases WHERE case_no = :no"), {"no": case_no}
    ).one()
    assert row == (datetime(2026, 3, 4, 3, tzinfo=UTC), "on_time", None, 2)
    assert_every_log_tells_its_case(session)


def test_nobody_moves_a_case_elsewhere(session: Session) -> None:
    case_no = reported(session)
    with pytest.raises(ForbiddenError):
        go(session, case_no, Move.ACCEPT, person(session, Role.OPERATOR, area="310113001"))
    assert go(session, case_no, Move.ACCEPT, person(session, Role.OPERATOR, area=paper_grids.TOWN))
    with pytest.raises(ForbiddenError):
        go(session, case_no, Move.REGISTER, person(session, Role.OPERATOR), condition_no=1)
    with pytest.raises(UnauthenticatedError):
        go(session, case_no, Move.REGISTER, Actor("anonymous", "anonymous"), condition_no=1)
    with pytest.raises(NotFoundError):
        go(session, "nowhere", Move.ACCEPT)


def test_a_department_moves_its_own_tasks_alone(session: Session) -> None:
    case_no = dispatched(session, WATER, POWER)
    with pytest.raises(ForbiddenError) as caught:
        go(session, case_no, Move.HANDLE, person(session, Role.DEPARTMENT, department=GAS))
    assert caught.value.code == "department_not_yours"
    power = person(session, Role.DEPARTMENT, department=POWER)
    tasks = go(session, case_no, Move.HANDLE, power).held.facts.present
    assert [(task.department_code, task.state) for task in tasks] == [
        (WATER, TaskState.DISPATCHED), (POWER, TaskState.HANDLING),
    ]  # fmt: skip
    with pytest.raises(GridMgmtError, match=WATER):
        go(session, case_no, Move.GIVE_FEEDBACK, power, department=WATER)


def test_nobody_verifies_work_of_their_own(session: Session) -> None:
    case_no = dispatched(session)
    both = Actor("account", "both", 1, (Grant(Role.INSPECTOR, frozenset(Permission)),))
    go(session, case_no, Move.HANDLE, both)
    go(session, case_no, Move.GIVE_FEEDBACK, both)
    with pytest.raises(ForbiddenError) as caught:
        go(session, case_no, Move.VERIFY, both)
    assert caught.value.code == "own_work"


def test_a_stale_version_is_refused(session: Session) -> None:
    case_no = reported(session)
    move(session, TESTER, case_no, MoveAsk(Move.ACCEPT, version=1), NOW)
    with pytest.raises(StaleVersionError) as caught:
        move(session, TESTER, case_no, MoveAsk(Move.REJECT, Given("x"), version=1), NOW)
    assert (caught.value.fields["current"], caught.value.fields["seen"]) == (2, 1)


@pytest.mark.parametrize("made", [Move.REPORT, Move.IMPORT, Move.DUE_SOON, Move.RESCHEDULE])
def test_what_the_program_writes_is_no_move_to_ask_for(session: Session, made: Move) -> None:
    with pytest.raises(TransitionNotAllowedError):
        go(session, reported(session), made)


# --- duplicates ------------------------------------------------------------------------------------------------------


def test_a_duplicate_has_one_master(session: Session) -> None:
    master, other, third = (reported(session) for _ in range(3))
    linked = go(session, other, Move.LINK_DUPLICATE, case_no=master)
    assert (linked.held.facts.state, linked.held.master_no) == (CaseState.DUPLICATE, master)
    assert read(session, TESTER, other, NOW).held.master_no == master
    assert read(session, TESTER, master, NOW).held.duplicates == (other,)
    for case_no, named, code in [
        (third, other, "master_is_duplicate"), (third, third, "duplicate_of_itself"),
        (master, third, "case_has_duplicates"),
    ]:  # fmt: skip
        with pytest.raises(RuleViolationError) as caught:
            go(session, case_no, Move.LINK_DUPLICATE, case_no=named)
        assert caught.value.code == code
    with pytest.raises(NotFoundError):
        go(session, third, Move.LINK_DUPLICATE, case_no="nowhere")
    assert_every_log_tells_its_case(session)


def test_a_link_made_in_error_is_undone(session: Session) -> None:
    master, other, third = (reported(session) for _ in range(3))
    go(session, other, Move.ACCEPT)
    go(session, other, Move.LINK_DUPLICATE, at=NOW + H, case_no=master)
    alone = go(session, other, Move.UNLINK_DUPLICATE, at=NOW + 2 * H, reason="两处井盖")
    assert (alone.held.facts.state, alone.held.facts.stage_since, alone.held.master_no) == (
        CaseState.ACCEPTED, NOW + 2 * H, None,
    )  # fmt: skip
    assert alone.held == read(session, TESTER, other, NOW + 2 * H).held
    assert read(session, TESTER, master, NOW).held.duplicates == ()
    go(session, master, Move.LINK_DUPLICATE, case_no=third)  # nobody is linked to it any more
    assert_every_log_tells_its_case(session)


def test_only_a_duplicate_is_unlinked(session: Session) -> None:
    with pytest.raises(TransitionNotAllowedError):
        go(session, reported(session), Move.UNLINK_DUPLICATE, reason="误并")


def test_a_master_is_open_or_was_closed_lately(session: Session) -> None:
    master, other, third = closed(session), reported(session), reported(session)
    with pytest.raises(RuleViolationError) as caught:
        go(session, other, Move.LINK_DUPLICATE, at=NOW + LINK_WITHIN + H, case_no=master)
    assert caught.value.code == "master_ended"
    assert go(session, other, Move.LINK_DUPLICATE, at=NOW + LINK_WITHIN, case_no=master)
    voided = reported(session)
    go(session, voided, Move.VOID, reason="误报")
    with pytest.raises(RuleViolationError):
        go(session, third, Move.LINK_DUPLICATE, case_no=voided)


def test_a_case_names_its_component_as_the_register_does(session: Session) -> None:
    case_no = reported(session)
    session.execute(text("UPDATE cases SET component_code = 'K1' WHERE case_no = :no"), {"no": case_no})
    assert queries.read_case(session, case_no).component_name is None
    component = text(
        "INSERT INTO components (edition_id, code, type_code, name, state, valid_from, valid_to, geom)"
        " SELECT min(edition_id), 'K1', '0101', :name, 'in_use', CAST(:since AS date), CAST(:until AS date),"
        " ST_SetSRID(ST_MakePoint(121.4, 31.3), 4326) FROM editions"
    )
    session.execute(component, {"name": "井盖一号", "since": "2025-01-01", "until": "2026-01-01"})
    session.execute(component, {"name": "井盖1号", "since": "2026-01-01", "until": None})
    assert queries.read_case(session, case_no).component_name == "井盖1号"


# --- what the log tells ----------------------------------------------------------------------------------------------


def test_a_case_that_its_log_does_not_tell_is_found(session: Session) -> None:
    case_no = closed(session)
    session.execute(text("UPDATE cases SET forced = true, rework_count = 1 WHERE case_no = :no"), {"no": case_no})
    (found,) = check(session).findings
    assert (found.case_no, found.breaks) == (case_no, [])
    assert found.differences == {"forced": (True, False), "rework_count": (1, 0)}


def test_a_case_without_a_log_is_found(session: Session) -> None:
    case_no = reported(session)
    held = queries.read_case(session, case_no)
    session.execute(
        text(
            "INSERT INTO cases (case_no, kind, type, state, reported_at, geom)"
            " SELECT 'B', kind, type, state, reported_at, geom FROM cases WHERE case_id = :id"
        ),
        {"id": held.case_id},
    )
    (found,) = check(session).findings
    assert (found.case_no, found.differences) == ("B", {"log": (1, 0)})


def test_the_log_is_only_added_to(session: Session) -> None:
    reported(session)
    with pytest.raises(Exception, match="case_moves"):
        session.execute(text("UPDATE case_moves SET actor = 'nobody'"))


def test_a_calendar_that_comes_moves_provisional_deadlines(session: Session) -> None:
    begin = datetime(2031, 4, 29, 9, tzinfo=LOCAL_ZONE)  # a Tuesday of a year that nobody has announced
    case_no = reported(session, at=begin)
    go(session, case_no, Move.ACCEPT, at=begin)
    facts = go(session, case_no, Move.REGISTER, at=begin, condition_no=2).held.facts
    assert (facts.due_at, facts.due_provisional) == (datetime(2031, 5, 1, 9, tzinfo=LOCAL_ZONE), True)
    free = {date(2031, 5, day): LocalDay(DayKind.HOLIDAY) for day in (1, 2)}
    for year in range(2026, 2033):
        set_year(session, TESTER, year, free if year == 2031 else {}, source="test")
    session.expire_all()
    assert reschedule(session, provisional_cases(session), begin + H) == 1
    held = queries.read_case(session, case_no)
    assert (held.facts.due_at, held.facts.due_provisional) == (datetime(2031, 5, 5, 9, tzinfo=LOCAL_ZONE), False)
    assert held.facts.version == 4
    assert reschedule(session, provisional_cases(session), begin + H) == 0
    assert_every_log_tells_its_case(session)


# --- races -----------------------------------------------------------------------------------------------------------


def race(sessions: sessionmaker[Session], asks: list[Callable[[Session], object]]) -> list[GridMgmtError | None]:
    """Let each make its move in a transaction of its own, all at once; return what each was told."""
    barrier = Barrier(len(asks))

    def made(ask: Callable[[Session], object]) -> GridMgmtError | None:
        with sessions() as session:
            session.connection()
            barrier.wait()
            try:
                ask(session)
                session.commit()
            except GridMgmtError as error:
                session.rollback()
                return error
        return None

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(made, asks))


def asking(case_no: str, ask: MoveAsk) -> Callable[[Session], object]:
    return lambda session: move(session, TESTER, case_no, ask, NOW)


def test_of_eight_clients_one_makes_each_move(sessions: sessionmaker[Session]) -> None:
    with transaction(sessions) as session:
        case_no = reported(session)
    chain: list[tuple[Move, dict[str, Any]]] = [
        (Move.ACCEPT, {}), (Move.REGISTER, {"condition_no": 2}), (Move.DISPATCH, {"departments": (WATER,)}),
        (Move.HANDLE, {}), (Move.GIVE_FEEDBACK, {}), (Move.VERIFY, {}), (Move.CLOSE, {}),
    ]  # fmt: skip
    for version, (made, given) in enumerate(chain, start=1):
        ask = MoveAsk(made, Given(**given), version)
        told = race(sessions, [asking(case_no, ask)] * 8)
        assert told.count(None) == 1
        assert {type(error) for error in told if error} == {StaleVersionError}
    with transaction(sessions) as session:
        entries, _ = log_of(session, case_no)
        assert [entry.version for entry in entries] == list(range(1, 9))
        assert_every_log_tells_its_case(session)


def test_of_different_moves_at_once_one_is_made(sessions: sessionmaker[Session]) -> None:
    with transaction(sessions) as session:
        case_no = reported(session)
    asks = [
        MoveAsk(made, Given("理由"))
        for made in (Move.ACCEPT, Move.REJECT, Move.ASK_SUPPLEMENT, Move.VOID, Move.SETTLE_ON_SPOT)
    ]
    told = race(sessions, [asking(case_no, ask) for ask in asks])
    with transaction(sessions) as session:
        entries, _ = log_of(session, case_no)
        assert len(entries) == 1 + told.count(None)
        assert {type(error) for error in told if error} <= {TransitionNotAllowedError}
        assert_every_log_tells_its_case(session)


def test_bodies_that_finish_at_once_finish_the_case(sessions: sessionmaker[Session]) -> None:
    bodies = (WATER, GAS, POWER)
    with transaction(sessions) as session:
        case_no = dispatched(session, *bodies)
        for body in bodies:
            go(session, case_no, Move.HANDLE, department=body)
    asks = [MoveAsk(Move.GIVE_FEEDBACK, Given(department=body)) for body in bodies]
    told = race(sessions, [asking(case_no, ask) for ask in asks])
    assert told == [None, None, None]
    with transaction(sessions) as session:
        facts = queries.read_case(session, case_no).facts
        assert facts.state is CaseState.HANDLED
        assert {task.state for task in facts.present} == {TaskState.HANDLED}
        assert_every_log_tells_its_case(session)


def test_cases_are_not_linked_in_a_circle(sessions: sessionmaker[Session]) -> None:
    with transaction(sessions) as session:
        one, two = reported(session), reported(session)
    asks = [(one, two), (two, one)] * 2
    told = race(sessions, [asking(no, MoveAsk(Move.LINK_DUPLICATE, Given(case_no=other))) for no, other in asks])
    assert told.count(None) == 1
    assert {type(error) for error in told if error} <= {RuleViolationError, TransitionNotAllowedError}
    with transaction(sessions) as session:
        states = sorted(queries.read_case(session, case_no).facts.state for case_no in (one, two))
        assert states == [CaseState.DUPLICATE, CaseState.REPORTED]
        assert_every_log_tells_its_case(session)
