"""The machine of a case, without a database: the table, each effect by numbers worked out by hand, and any walk."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gridmgmt.access.rules import Permission
from gridmgmt.calendars.rules import DayKind, LocalDay, WorkCalendar
from gridmgmt.cases.rules import ENDED, CaseState, Urgency
from gridmgmt.casework import clocks, machine
from gridmgmt.casework.facts import CaseFacts, as_json, columns_of, facts_of
from gridmgmt.casework.machine import Given, LogEntry, Mover, Scene
from gridmgmt.casework.moves import (
    APPEAL_WITHIN,
    CONFIRMED_FIRST,
    REGISTERED_OPEN,
    REOPEN_WITHIN,
    RULES,
    STAGES,
    Move,
    Need,
    RequestKind,
    Stage,
    TaskState,
)
from gridmgmt.casework.replay import breaks, differences, last_link, replay
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.errors import InputError, NotFoundError, RuleViolationError, TransitionNotAllowedError
from gridmgmt.settings import PROJECT_DIR
from gridmgmt.texts import text
from tests.support.casework import CALENDAR, CATALOGUE, COVER, INVESTMENT, MONDAY, STALL, anybody, case, scene

CHIEF, BODY = anybody(), anybody("body")
H, D = timedelta(hours=1), timedelta(days=1)
S = CaseState


def day(number: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of March 2026, whose 2nd is a Monday."""
    return datetime(2026, 3, number, hour, minute, tzinfo=LOCAL_ZONE)


class Walk:
    """One case moved step by step, with its log."""

    def __init__(self, facts: CaseFacts, by: Mover = CHIEF) -> None:
        self.by = by
        self.facts, first = machine.report(facts, by, MONDAY)
        self.log = [first]

    def go(self, move: Move, after: timedelta = timedelta(), by: Mover | None = None, **given: Any) -> CaseFacts:
        by = by or (BODY if move in (Move.HANDLE, Move.GIVE_FEEDBACK) else self.by)
        link = last_link(self.log) if move is Move.UNLINK_DUPLICATE else None
        self.facts, entry = machine.apply(self.facts, move, Given(link=link, **given), scene(after), by)
        self.log.append(entry)
        told = replay(self.log)
        assert told is not None
        assert differences(self.facts, told) == {}
        assert breaks(self.log) == []
        return self.facts

    def legal(self, after: timedelta = timedelta(), by: Mover | None = None) -> list[Move]:
        return [each.move for each in machine.legal(self.facts, by or self.by, CATALOGUE, MONDAY + after)]

    def needs(self, move: Move, after: timedelta = timedelta()) -> tuple[Need, ...]:
        found = {each.move: each.needs for each in machine.legal(self.facts, self.by, CATALOGUE, MONDAY + after)}
        return found[move]


def at_work(*departments: str, type_: str = COVER, condition_no: int | None = 1) -> Walk:
    """Return a case that its bodies have begun to handle: all of it on Monday 9:00."""
    walk = Walk(case(type_))
    walk.go(Move.ACCEPT)
    walk.go(Move.REGISTER, condition_no=condition_no)
    walk.go(Move.DISPATCH, departments=departments or ("W",))
    for department in departments or ("W",):
        walk.go(Move.HANDLE, department=department)
    return walk


def closed(after: timedelta = D) -> Walk:
    walk = at_work()
    for move in (Move.GIVE_FEEDBACK, Move.VERIFY, Move.CLOSE):
        walk.go(move, after)
    return walk


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_move_has_a_line() -> None:
    assert set(RULES) == set(Move)


@pytest.mark.parametrize("state", CaseState)
def test_legal_moves_are_those_of_the_table(state: CaseState) -> None:
    found = machine.legal(replace(case(), state=state), CHIEF, CATALOGUE, MONDAY)
    assert {each.move for each in found} <= {move for move, rule in RULES.items() if state in rule.sources}
    assert machine.legal(replace(case(), state=state), replace(CHIEF, permissions=frozenset()), CATALOGUE, MONDAY) == ()


@pytest.mark.parametrize("permission", sorted({r.permission for r in RULES.values() if r.permission}))
def test_nothing_is_legal_without_its_permission(permission: Permission) -> None:
    lacking = replace(CHIEF, permissions=frozenset(Permission) - {permission})
    for state in CaseState:
        for each in machine.legal(replace(case(), state=state), lacking, CATALOGUE, MONDAY):
            assert RULES[each.move].permission is not permission


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def test_the_page_of_the_machine_has_its_table() -> None:
    page = (PROJECT_DIR / "docs" / "cases.md").read_text(encoding="utf-8").splitlines()
    moves = [
        f"| `{move}` {text(f'case_move.{move}')} | {listed(s for s in CaseState if s in rule.sources)} |"
        f" {listed([rule.to]) if rule.to else 'as it was'} |"
        f" {listed([rule.permission]) if rule.permission else 'the program'} |"
        f" {listed(rule.needs)} | {listed(rule.takes)} |"
        for move, rule in RULES.items()
    ]
    states = [
        f"| `{state}` {text(f'case_state.{state}')} | {f'`{STAGES[state]}`' if state in STAGES else '–'} |"
        f" {'ended' if state in ENDED else 'open'} |"
        for state in CaseState
    ]
    assert [line for line in page if line.startswith("| `") and line.count("|") == 7] == moves
    assert [line for line in page if line.startswith("| `") and line.count("|") == 4] == states


def test_a_case_goes_from_report_to_closure() -> None:
    walk = Walk(case(STALL, "public"))
    chain = [
        (Move.ACCEPT, S.ACCEPTED, {}), (Move.CONFIRM, S.CONFIRMED, {}), (Move.REGISTER, S.REGISTERED, {}),
        (Move.DISPATCH, S.DISPATCHED, {"departments": ("P",)}), (Move.HANDLE, S.HANDLING, {}),
        (Move.GIVE_FEEDBACK, S.HANDLED, {}), (Move.VERIFY, S.VERIFIED, {}), (Move.CLOSE, S.CLOSED, {}),
    ]  # fmt: skip
    for move, state, given in chain:
        assert move in walk.legal()
        assert walk.go(move, **given).state is state  # type: ignore[arg-type]  # what each move takes
    assert walk.facts.version == 9
    assert [entry.version for entry in walk.log] == list(range(1, 10))


@pytest.mark.parametrize("source", sorted(CONFIRMED_FIRST))
def test_what_the_public_reports_is_confirmed_before_it_is_registered(source: str) -> None:
    walk = Walk(case(source=source))
    walk.go(Move.ACCEPT)
    assert Move.REGISTER not in walk.legal()
    assert Move.SETTLE_ON_SPOT not in walk.legal()
    walk.go(Move.CONFIRM)
    assert {Move.REGISTER, Move.SETTLE_ON_SPOT} <= set(walk.legal())


def test_an_illegal_move_names_the_legal_ones() -> None:
    with pytest.raises(TransitionNotAllowedError) as caught:
        Walk(case()).go(Move.CLOSE, reason="x")
    assert set(caught.value.legal) == {
        "accept", "reject", "link_duplicate", "ask_supplement", "settle_on_spot", "void", "supervise",
    }  # fmt: skip
    assert "Accept" in caught.value.message("en")
    assert "受理" in caught.value.message("zh")


@pytest.mark.parametrize("reason", [None, ""])
def test_a_rejection_carries_a_reason(reason: str | None) -> None:
    with pytest.raises(InputError, match="reason"):
        Walk(case()).go(Move.REJECT, reason=reason)


def test_a_supplement_comes_back_as_a_report() -> None:
    walk = Walk(case())
    assert walk.go(Move.ASK_SUPPLEMENT, reason="哪一个路口？").state is S.SUPPLEMENT
    assert walk.go(Move.SUPPLEMENT).state is S.REPORTED


@pytest.mark.parametrize(
    ("moves", "state"),
    [
        ((), S.REPORTED),
        ((Move.ACCEPT,), S.ACCEPTED),
        ((Move.ACCEPT, Move.CONFIRM), S.CONFIRMED),
        ((Move.ACCEPT, Move.ASK_SUPPLEMENT), S.SUPPLEMENT),
    ],
)
def test_a_link_made_in_error_is_undone(moves: tuple[Move, ...], state: CaseState) -> None:
    walk = Walk(case(STALL, "public"))
    for move in moves:
        walk.go(move, reason="哪一个路口？")
    before = walk.go(Move.SUPERVISE, reason="市民多次来电")
    linked = walk.go(Move.LINK_DUPLICATE, H, case_no="X", master_id=7)
    assert (linked.state, linked.duplicate_of) == (S.DUPLICATE, 7)
    assert walk.legal(D) == [Move.UNLINK_DUPLICATE]
    facts = walk.go(Move.UNLINK_DUPLICATE, D, reason="两处不同的摊位")
    assert facts.state is state
    counted: dict[str, Any] = {"version": 0, "stage_since": None, "used_s": {}}
    assert replace(facts, **counted) == replace(before, **counted)


def test_the_time_as_a_duplicate_counts_for_no_stage() -> None:
    walk = Walk(case(STALL))
    walk.go(Move.LINK_DUPLICATE, H, case_no="X", master_id=7)  # Monday 10:00
    walk.go(Move.UNLINK_DUPLICATE, D, reason="误并")  # Tuesday 9:00
    assert walk.go(Move.ACCEPT, D + H).used_s == {Stage.ACCEPTANCE: 2 * 3600}


def test_linked_again_a_case_comes_back_to_where_it_was_last() -> None:
    walk = Walk(case(STALL))
    walk.go(Move.LINK_DUPLICATE, case_no="X", master_id=7)
    walk.go(Move.UNLINK_DUPLICATE, reason="误并")
    walk.go(Move.ACCEPT)
    walk.go(Move.LINK_DUPLICATE, case_no="Y", master_id=8)
    assert walk.go(Move.UNLINK_DUPLICATE, reason="误并").state is S.ACCEPTED


@pytest.mark.parametrize(("due", "then"), [(D, 2 * D), (H, H)])
def test_the_deadline_of_a_register_stands_while_a_case_is_a_duplicate(due: timedelta, then: timedelta) -> None:
    """Linked at 10:00 for a day: what was not due by then is due a day later."""
    walk = Walk(replace(case(), due_at=MONDAY + due, urgency=Urgency.ON_TIME))
    walk.go(Move.LINK_DUPLICATE, H, case_no="X", master_id=7)
    facts = walk.go(Move.UNLINK_DUPLICATE, H + D, reason="误并")
    assert (facts.due_at, facts.next_alarm_at, facts.paused_at) == (MONDAY + then, None, None)


def test_what_a_register_calls_a_duplicate_stays_one() -> None:
    assert machine.legal(case(state=S.DUPLICATE), CHIEF, CATALOGUE, MONDAY) == ()


def test_an_officer_settles_on_the_spot() -> None:
    walk = Walk(case(STALL))
    facts = walk.go(Move.SETTLE_ON_SPOT, H)
    assert (facts.state, facts.closed_at, facts.registered_at) == (S.CLOSED, MONDAY + H, None)
    assert walk.log[-1].move is Move.SETTLE_ON_SPOT


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_a_body_without_the_matter_is_refused() -> None:
    walk = Walk(case(INVESTMENT))
    walk.go(Move.ACCEPT)
    walk.go(Move.REGISTER)
    with pytest.raises(RuleViolationError, match="R"):
        walk.go(Move.DISPATCH, departments=("R",))
    with pytest.raises(RuleViolationError, match="U"):  # of another town
        walk.go(Move.DISPATCH, departments=("U",))
    with pytest.raises(NotFoundError):
        walk.go(Move.DISPATCH, departments=("X",))
    assert walk.go(Move.DISPATCH, departments=("T",)).department_code == "T"  # nobody holds it: the town's own body


def test_the_list_in_force_at_the_report_counts() -> None:
    walk = Walk(replace(case(INVESTMENT), reported_at=datetime(2015, 6, 30, 12, tzinfo=LOCAL_ZONE)))
    walk.go(Move.ACCEPT)
    walk.go(Move.REGISTER)
    assert walk.go(Move.DISPATCH, departments=("R",)).state is S.DISPATCHED  # no list spoke of it then


@pytest.mark.parametrize("departments", [(), ("W", "W")])
def test_dispatch_names_each_body_once(departments: tuple[str, ...]) -> None:
    walk = Walk(case())
    walk.go(Move.ACCEPT)
    walk.go(Move.REGISTER, condition_no=1)
    with pytest.raises(InputError):
        walk.go(Move.DISPATCH, departments=departments)


def test_a_body_of_another_town_gets_no_case_of_this_one() -> None:
    """U is the other town's, T this one's; of a case that lies nowhere nobody can say whose it is."""
    walk = Walk(case())
    walk.go(Move.ACCEPT)
    walk.go(Move.REGISTER, condition_no=1)
    with pytest.raises(RuleViolationError) as refusal:
        walk.go(Move.DISPATCH, departments=("W", "U"))
    assert (refusal.value.code, refusal.value.fields["value"]) == ("body_elsewhere", "U")
    assert walk.go(Move.DISPATCH, departments=("W", "T")).department_code == "W"
    nowhere = Walk(replace(case(), cell_code=None, quarter_code=None, town_code=None, district_code=None))
    nowhere.go(Move.ACCEPT)
    nowhere.go(Move.REGISTER, condition_no=1)
    assert nowhere.go(Move.DISPATCH, departments=("U",)).department_code == "U"


def test_a_joint_case_is_handled_when_all_have_done_their_share() -> None:
    walk = at_work("W", "P", "R")
    assert [(task.department_code, task.lead) for task in walk.facts.present] == [
        ("W", True), ("P", False), ("R", False),
    ]  # fmt: skip
    assert walk.go(Move.GIVE_FEEDBACK, H, department="W").state is S.HANDLING
    assert walk.go(Move.GIVE_FEEDBACK, 2 * H, department="R").state is S.HANDLING
    with pytest.raises(InputError, match="W"):
        walk.go(Move.GIVE_FEEDBACK, 2 * H, department="W")
    facts = walk.go(Move.GIVE_FEEDBACK, 3 * H)  # the one that is left need not be named
    assert (facts.state, facts.handled_at) == (S.HANDLED, MONDAY + 3 * H)
    assert [task.done_at for task in facts.present] == [MONDAY + H, MONDAY + 3 * H, MONDAY + 2 * H]


def test_a_joint_case_needs_the_body_named() -> None:
    walk = at_work("W", "P")
    assert Need.DEPARTMENT in walk.needs(Move.GIVE_FEEDBACK)
    with pytest.raises(InputError):
        walk.go(Move.GIVE_FEEDBACK)


def test_a_body_speaks_for_itself_alone() -> None:
    walk = at_work("W", "P")
    water = anybody("water", departments=frozenset({"W"}))
    roads = anybody("roads", departments=frozenset({"R"}))
    assert Move.GIVE_FEEDBACK in walk.legal(by=water)
    assert Move.GIVE_FEEDBACK not in walk.legal(by=roads)
    assert walk.go(Move.GIVE_FEEDBACK, by=water).present[0].state is TaskState.HANDLED
    assert walk.log[-1].department_code == "W"
    assert Move.GIVE_FEEDBACK not in walk.legal(by=water)


def test_what_was_sent_back_is_dispatched_anew() -> None:
    walk = at_work("W", "P")
    facts = walk.go(Move.SEND_BACK, department="W", reason="不属本部门")
    assert (facts.state, facts.department_code, facts.send_back_count) == (S.REGISTERED, None, 1)
    assert [task.state for task in facts.present] == [TaskState.SENT_BACK, TaskState.DROPPED]
    facts = walk.go(Move.DISPATCH, departments=("R",))
    assert [(task.round, task.department_code) for task in facts.present] == [(2, "R")]
    assert len(facts.tasks) == 3


def test_a_rework_counts_and_may_concern_one_body() -> None:
    walk = at_work("W", "P")
    walk.go(Move.GIVE_FEEDBACK, department="W")
    walk.go(Move.GIVE_FEEDBACK, department="P")
    with pytest.raises(InputError, match="R"):
        walk.go(Move.REWORK, reason="未修好", departments=("R",))
    facts = walk.go(Move.REWORK, reason="未修好", departments=("P",))
    assert (facts.state, facts.rework_count, facts.handled_at) == (S.HANDLING, 1, None)
    assert [task.state for task in facts.present] == [TaskState.HANDLED, TaskState.HANDLING]
    assert walk.go(Move.GIVE_FEEDBACK, H).state is S.HANDLED


def test_nobody_verifies_work_of_their_own() -> None:
    walk = at_work()
    walk.go(Move.GIVE_FEEDBACK, by=BODY)
    assert not {Move.VERIFY, Move.REWORK} & set(walk.legal(by=BODY))
    assert Move.VERIFY in walk.legal(by=CHIEF)
    assert Move.VERIFY in walk.legal(by=replace(BODY, administrator=True))
    with pytest.raises(TransitionNotAllowedError):
        walk.go(Move.VERIFY, by=BODY)


# --- the clock -------------------------------------------------------------------------------------------------------


def test_the_filing_condition_sets_the_deadline() -> None:
    walk = Walk(case())
    walk.go(Move.ACCEPT)
    assert walk.needs(Move.REGISTER) == (Need.CONDITION_NO,)
    with pytest.raises(InputError):
        walk.go(Move.REGISTER)
    with pytest.raises(NotFoundError):
        walk.go(Move.REGISTER, condition_no=3)
    facts = walk.go(Move.REGISTER, condition_no=1)
    assert facts.due_at == day(4, 9)  # two working days
    assert facts.due_soon_at == day(3, 14)  # half a day, four hours, is left: 14:00–17:30 and 8:30–9:00
    assert (facts.urgency, facts.next_alarm_at) == (Urgency.ON_TIME, day(3, 14))
    urgent = Walk(case())
    urgent.go(Move.ACCEPT)
    assert urgent.go(Move.REGISTER, condition_no=2).due_at == day(2, 12)


def test_a_type_that_the_catalogue_does_not_have_has_no_deadline() -> None:
    walk = Walk(replace(case(), type="Pothole"))
    walk.go(Move.ACCEPT)
    assert walk.needs(Move.REGISTER) == ()
    facts = walk.go(Move.REGISTER)
    assert (facts.due_at, facts.urgency, facts.condition_no) == (None, Urgency.NO_DEADLINE, None)
    assert walk.go(Move.DISPATCH, departments=("R",)).state is S.DISPATCHED


def test_a_suspension_moves_the_deadline_by_its_working_time() -> None:
    walk = at_work()
    walk.go(Move.ASK_SUSPENSION, D, reason="等材料")
    assert [each.kind for each in walk.facts.requests] == [RequestKind.SUSPENSION]
    facts = walk.go(Move.SUSPEND, D, reason="同意")  # Tuesday 9:00, one of two days used
    assert (facts.state, facts.paused_at, facts.next_alarm_at, facts.requests) == (S.SUSPENDED, day(3, 9), None, ())
    facts = walk.go(Move.RESUME, 7 * D)  # the Monday after
    assert (facts.state, facts.paused_at, facts.due_at) == (S.HANDLING, None, day(10, 9))
    assert facts.present[0].due_at == day(10, 9)
    assert facts.clock is not None
    assert facts.clock.pauses == ((day(3, 9), day(9, 9)),)


@pytest.mark.parametrize(("before", "state"), [(0, S.REGISTERED), (1, S.DISPATCHED), (2, S.HANDLING)])
def test_a_resumed_case_is_where_it_was(before: int, state: CaseState) -> None:
    walk = Walk(case(STALL))
    walk.go(Move.ACCEPT)
    walk.go(Move.REGISTER)
    for move, given in [(Move.DISPATCH, {"departments": ("P",)}), (Move.HANDLE, {})][:before]:
        walk.go(move, **given)  # type: ignore[arg-type]  # what each move takes
    walk.go(Move.SUSPEND, reason="台风")
    assert walk.go(Move.RESUME, H).state is state


def test_an_extension_is_granted_by_somebody_else() -> None:
    walk = at_work()
    with pytest.raises(InputError):
        walk.go(Move.ASK_EXTENSION, reason="雨", due_at=day(4, 9))  # no later than it is due
    walk.go(Move.ASK_EXTENSION, reason="雨", due_at=day(6, 12))
    assert walk.facts.due_at == day(4, 9)
    assert Move.ASK_EXTENSION not in walk.legal()
    facts = walk.go(Move.GRANT_EXTENSION)
    assert (facts.due_at, facts.extension_count, facts.requests) == (day(6, 12), 1, ())
    assert Need.DOCUMENT_NO in walk.needs(Move.ASK_EXTENSION)
    with pytest.raises(InputError):
        walk.go(Move.ASK_EXTENSION, reason="雨", due_at=day(9, 12))
    walk.go(Move.ASK_EXTENSION, reason="雨", due_at=day(9, 12), document_no="2026-17")
    facts = walk.go(Move.REFUSE_EXTENSION, reason="不同意")
    assert (facts.due_at, facts.extension_count, facts.requests) == (day(6, 12), 1, ())


def test_an_extension_of_one_body_is_no_other_bodys() -> None:
    walk = at_work("W", "P")
    walk.go(Move.ASK_EXTENSION, department="P", reason="雨", due_at=day(6, 12))
    facts = walk.go(Move.GRANT_EXTENSION)
    assert [task.due_at for task in facts.present] == [day(4, 9), day(6, 12)]
    assert facts.due_at == day(6, 12)  # the case cannot end before


def test_a_granted_deadline_moves_with_a_suspension_too() -> None:
    walk = at_work()
    walk.go(Move.ASK_EXTENSION, reason="雨", due_at=day(6, 12))
    walk.go(Move.GRANT_EXTENSION)
    walk.go(Move.SUSPEND, D, reason="雪")  # Tuesday 9:00, 27 working hours before Friday noon
    facts = walk.go(Move.RESUME, 2 * D)
    assert facts.due_at == day(9, 12)  # Friday noon, and the eight hours of a working day


def test_feedback_ends_what_was_asked() -> None:
    walk = at_work()
    walk.go(Move.ASK_EXTENSION, reason="雨", due_at=day(6, 12))
    assert walk.go(Move.GIVE_FEEDBACK).requests == ()


def test_time_is_told_by_stage() -> None:
    walk = Walk(case(STALL))
    walk.go(Move.ACCEPT, timedelta(minutes=10))
    walk.go(Move.REGISTER, timedelta(minutes=40))
    walk.go(Move.DISPATCH, H, departments=("P",))
    walk.go(Move.HANDLE, 2 * H)
    assert walk.facts.used_s == {Stage.ACCEPTANCE: 600, Stage.CONFIRMATION: 1800, Stage.DISPATCH: 1200}
    walk.go(Move.SUSPEND, 2 * H, reason="x")  # 11:00
    walk.go(Move.RESUME, 4 * H)  # 13:00
    walk.go(Move.GIVE_FEEDBACK, 5 * H)  # 14:00
    assert walk.facts.used_s[Stage.HANDLING] == 3600 + 3600
    assert walk.log[-1].facts["used"] == {"stage": "handling", "s": 3600}
    timers = {t.stage: t for t in clocks.timers(walk.facts, CALENDAR, day(2, 15))}
    assert (timers["verification"].used_s, timers["verification"].running) == (3600, True)
    # from 9:40 to 15:00 without the hour of noon, and without 11:00 to 12:00 when the clock stood
    assert (timers["whole"].used_s, timers["whole"].limit_s) == (4_800 + 7_200, 8 * 3_600)


def test_a_case_closed_late_stays_overdue() -> None:
    assert closed().facts.urgency is Urgency.ON_TIME
    late = closed(3 * D)
    assert (late.facts.urgency, late.facts.next_alarm_at) == (Urgency.OVERDUE, None)


def test_force_and_void_end_everything() -> None:
    forced = at_work("W", "P")
    forced.go(Move.ASK_SUSPENSION, department="W", reason="x")
    facts = forced.go(Move.FORCE_CLOSE, H, reason="拆迁")
    assert (facts.state, facts.forced, facts.closed_at, facts.requests) == (S.CLOSED, True, MONDAY + H, ())
    assert {task.state for task in facts.tasks} == {TaskState.DROPPED}
    voided = at_work()
    voided.go(Move.SUSPEND, reason="x")
    facts = voided.go(Move.VOID, H, reason="误报")
    assert (facts.state, facts.forced, facts.paused_at) == (S.VOIDED, False, None)


def test_a_provisional_deadline_is_worked_out_anew() -> None:
    begin = datetime(2031, 4, 30, 9, tzinfo=LOCAL_ZONE)  # a Wednesday; nobody has announced the holidays of 2031
    facts = replace(case(STALL), state=S.ACCEPTED, reported_at=begin)
    there = Scene(CALENDAR, CATALOGUE, begin)
    facts, _ = machine.apply(facts, Move.REGISTER, Given(), there, CHIEF)
    assert (facts.due_at, facts.due_provisional) == (begin + D, True)
    free = {begin.date() + D: LocalDay(DayKind.HOLIDAY)}
    announced = WorkCalendar(days=free, known_years=frozenset(range(2020, 2033)))
    found = machine.reschedule(facts, announced, CHIEF, begin + H)
    assert found is not None
    assert (found[0].due_at, found[0].due_provisional, found[0].version) == (begin + 2 * D, False, facts.version + 1)
    assert found[1].move is Move.RESCHEDULE
    assert machine.reschedule(found[0], announced, CHIEF, begin + H) is None


# --- supervision, appeal, rating -------------------------------------------------------------------------------------


def test_supervision_is_a_flag() -> None:
    walk = at_work()
    assert Move.ESCALATE not in walk.legal()
    facts = walk.go(Move.SUPERVISE, reason="领导批示")
    assert (facts.supervised, facts.state) == (True, S.HANDLING)
    assert walk.go(Move.ESCALATE, reason="仍未处置").escalation == 1
    facts = walk.go(Move.LIFT_SUPERVISION)
    assert (facts.supervised, facts.escalation) == (False, 0)


def test_an_appeal_takes_a_rework_back() -> None:
    walk = at_work()
    assert Move.APPEAL not in walk.legal()
    walk.go(Move.GIVE_FEEDBACK, H)
    walk.go(Move.REWORK, 2 * H, reason="未修好")
    walk.go(Move.APPEAL, 2 * H, reason="照片是别处的")
    facts = walk.go(Move.GRANT_APPEAL, 3 * H, reason="属实")
    assert (facts.state, facts.rework_count, facts.requests) == (S.HANDLED, 0, ())
    assert facts.present[0].done_at == MONDAY + H


def test_an_appeal_against_a_closing_may_move_the_deadline_that_counts() -> None:
    walk = closed(3 * D)  # due on Wednesday, closed on Thursday
    assert Move.APPEAL not in walk.legal(3 * D + APPEAL_WITHIN + H)
    walk.go(Move.APPEAL, 4 * D, reason="停电")
    facts = walk.go(Move.GRANT_APPEAL, 4 * D, reason="属实", due_at=day(5, 9))
    assert (facts.state, facts.urgency, facts.due_at) == (S.CLOSED, Urgency.ON_TIME, day(5, 9))
    walk.go(Move.APPEAL, 4 * D, reason="再次")
    assert walk.go(Move.REFUSE_APPEAL, 4 * D, reason="不成立").requests == ()


def test_a_dissatisfied_reporter_has_the_case_opened_again() -> None:
    walk = closed()
    assert Move.REOPEN not in walk.legal(D)
    walk.go(Move.RATE, 2 * D, satisfied=True)
    assert Move.REOPEN not in walk.legal(2 * D)
    walk.go(Move.RATE, 2 * D, satisfied=False)
    assert Move.REOPEN in walk.legal(D + REOPEN_WITHIN)
    assert Move.REOPEN not in walk.legal(D + REOPEN_WITHIN + timedelta(seconds=1))
    facts = walk.go(Move.REOPEN, 2 * D, reason="又坏了")
    assert (facts.state, facts.reopen_count, facts.closed_at, facts.satisfied) == (S.REGISTERED, 1, None, None)
    assert facts.due_at == day(6, 9)  # two working days from Wednesday
    assert walk.go(Move.DISPATCH, 2 * D, departments=("W",)).round == 2


def test_a_register_that_brought_no_tasks_can_be_moved_on() -> None:
    facts = replace(case(STALL, state=S.DISPATCHED), department_code="P")
    facts, entry = machine.apply(facts, Move.HANDLE, Given(), scene(), CHIEF)
    assert (facts.state, facts.round, entry.department_code) == (S.HANDLING, 1, "P")


def test_a_deadline_of_a_register_stands_while_its_case_is_suspended() -> None:
    facts = replace(case(STALL, state=S.HANDLING), department_code="P", due_at=day(4, 9), next_alarm_at=day(4, 9))
    facts, _ = machine.apply(facts, Move.SUSPEND, Given(reason="雪"), scene(), CHIEF)
    facts, _ = machine.apply(facts, Move.RESUME, Given(), scene(D), CHIEF)
    assert (facts.state, facts.due_at, facts.present[0].due_at) == (S.HANDLING, day(5, 9), day(5, 9))
    assert facts.next_alarm_at == day(4, 21)  # a quarter of the 48 hours from Tuesday 9:00 is left


def test_what_is_done_for_no_body_names_none_in_the_log() -> None:
    _, entry = machine.apply(case(), Move.ACCEPT, Given(department="P"), scene(), CHIEF)
    assert entry.department_code is None


def test_an_extension_ends_within_a_year() -> None:
    walk = at_work()
    with pytest.raises(InputError, match="366"):
        walk.go(Move.ASK_EXTENSION, reason="雨", due_at=MONDAY + 366 * D + H)
    walk.go(Move.ASK_EXTENSION, reason="雨", due_at=MONDAY + 366 * D)
    with pytest.raises(InputError, match="366"):
        walk.go(Move.GRANT_EXTENSION, due_at=MONDAY + 367 * D)
    walk.go(Move.GRANT_EXTENSION)
    walk.go(Move.SUSPEND, reason="雪")
    assert walk.go(Move.RESUME, D).state is S.HANDLING  # however much working time is left


def test_two_appeals_take_one_rework_back_once() -> None:
    walk = at_work("W", "P")
    for rework in range(2):
        for department in ("W", "P"):
            walk.go(Move.GIVE_FEEDBACK, rework * H, department=department)
        walk.go(Move.REWORK, rework * H, reason="未修好")
    for department in ("W", "P"):
        walk.go(Move.APPEAL, 2 * H, department=department, reason="照片是别处的")
        walk.go(Move.GRANT_APPEAL, 2 * H, department=department, reason="属实")
    assert (walk.facts.state, walk.facts.rework_count) == (S.HANDLED, 1)


# --- the log ---------------------------------------------------------------------------------------------------------


def test_a_log_that_the_machine_would_not_have_written_is_found() -> None:
    walk = closed()
    assert breaks(walk.log[1:])[0] == "1: accept"
    assert breaks([*walk.log[:2], *walk.log[3:]]) == ["3: dispatch"]
    other = replay([*walk.log[:-1]])
    assert other is not None
    assert {"state", "version", "closed_at"} <= set(differences(walk.facts, other))


def test_the_watchers_entries_leave_the_version() -> None:
    walk = at_work()
    soon = replace(walk.log[-1], move=Move.DUE_SOON, facts={})
    late = replace(walk.log[-1], move=Move.OVERDUE, facts={})
    told = replay([*walk.log, soon])
    assert told is not None
    assert (told.urgency, told.next_alarm_at, told.version) == (Urgency.DUE_SOON, day(4, 9), walk.facts.version)
    told = replay([*walk.log, soon, late])
    assert told is not None
    assert (told.urgency, told.next_alarm_at) == (Urgency.OVERDUE, None)
    assert breaks([*walk.log, soon, late]) == []


def test_facts_come_back_from_their_columns() -> None:
    facts = at_work("W", "P").facts
    row = {**as_json(facts), **columns_of(facts)}
    assert facts_of(row) == facts


CHAIN = (
    Move.ACCEPT, Move.REGISTER, Move.CONFIRM, Move.DISPATCH, Move.HANDLE, Move.GIVE_FEEDBACK, Move.VERIFY, Move.CLOSE,
    Move.SUPPLEMENT, Move.RESUME,
)  # fmt: skip

FLAGS = (Move.SUPERVISE, Move.LIFT_SUPERVISION, Move.ESCALATE)


class AnyWalk(RuleBasedStateMachine):
    """Any legal move with whatever it may be given, at any time: the log tells the case, and what must hold holds."""

    def __init__(self) -> None:
        super().__init__()
        self.at = MONDAY

    @initialize(
        type_=st.sampled_from([COVER, STALL, INVESTMENT, "other"]), source=st.sampled_from(["public", "inspector"])
    )
    def report(self, type_: str, source: str) -> None:
        facts = replace(case(source=source), type=type_)
        self.facts, first = machine.report(facts, CHIEF, self.at)
        self.log: list[LogEntry] = [first]

    @rule(hours=st.floats(0, 60))
    def wait(self, hours: float) -> None:
        self.at += timedelta(hours=hours)

    @rule(data=st.data(), steps=st.integers(1, 6))
    def go_on(self, data: st.DataObject, steps: int) -> None:
        for _ in range(steps):
            legal = {each.move: each for each in machine.legal(self.facts, CHIEF, CATALOGUE, self.at)}
            if (move := next((move for move in CHAIN if move in legal), None)) is None:
                return
            self.make(data, legal[move], BODY if RULES[move].permission is Permission.CASES_HANDLE else CHIEF)

    @rule(data=st.data(), times=st.integers(1, 8), rare=st.integers(0, 9))
    def wander(self, data: st.DataObject, times: int, rare: int) -> None:
        for _ in range(times):
            by = data.draw(st.sampled_from([CHIEF, BODY]))
            found = list(machine.legal(self.facts, by, CATALOGUE, self.at))
            usual = [each for each in found if RULES[each.move].to not in ENDED and each.move not in FLAGS]
            if pool := usual if usual and rare else found:
                self.make(data, data.draw(st.sampled_from(pool)), by)

    @rule()
    def ring(self) -> None:
        """What the watcher of deadlines does."""
        alarm, due_at = self.facts.next_alarm_at, self.facts.due_at
        if alarm is None or due_at is None or alarm > self.at:
            return
        late = self.at >= due_at
        move, urgency = (Move.OVERDUE, Urgency.OVERDUE) if late else (Move.DUE_SOON, Urgency.DUE_SOON)
        self.facts = replace(self.facts, urgency=urgency, next_alarm_at=None if late else due_at)
        self.log.append(LogEntry(self.facts.version, move, self.facts.state, self.at, "watcher", None, None, None, {}))

    def make(self, data: st.DataObject, each: machine.LegalMove, by: Mover) -> None:
        before = self.facts
        self.facts, entry = machine.apply(before, each.move, self.given(data, each), self.scene(), by)
        self.log.append(entry)
        if each.move is Move.LINK_DUPLICATE:
            self.unlinked = before
        if each.move is Move.UNLINK_DUPLICATE:
            counted: dict[str, Any] = {"version": 0, "stage_since": None, "used_s": {}}
            assert replace(self.facts, **counted) == replace(self.unlinked, **counted)
        assert self.facts.version == before.version + 1
        assert self.facts.state in self.possible(each.move, before)

    def scene(self) -> Scene:
        return Scene(CALENDAR, CATALOGUE, self.at)

    def possible(self, move: Move, before: CaseFacts) -> set[CaseState]:
        rule = RULES[move]
        other = {
            Move.GIVE_FEEDBACK: {S.HANDLING}, Move.RESUME: {S.REGISTERED, S.DISPATCHED, S.HANDLING},
            Move.GRANT_APPEAL: {S.HANDLING, S.HANDLED, S.CLOSED},
            Move.UNLINK_DUPLICATE: {S.REPORTED, S.ACCEPTED, S.CONFIRMED, S.SUPPLEMENT},
        }.get(move, set())  # fmt: skip
        return {before.state if rule.to is None else rule.to, *other}

    def given(self, data: st.DataObject, each: machine.LegalMove) -> Given:
        latest = max(self.at, *(t.due_at for t in self.facts.present if t.due_at), self.facts.due_at or self.at)
        holding = ["T"] if self.facts.type == INVESTMENT else ["W", "P", "R", "T"]
        bodies = [task.department_code for task in self.facts.present]
        draw: dict[Need, Any] = {
            Need.REASON: st.just("理由"),
            Need.CASE_NO: st.just("X"),
            Need.CONDITION_NO: st.just(1),
            Need.DEPARTMENTS: st.lists(
                st.sampled_from(bodies if each.move is Move.REWORK else holding), min_size=1, unique=True
            ).map(tuple),
            Need.DEPARTMENT: st.sampled_from(each.departments or ("W",)),
            Need.DUE_AT: st.timedeltas(timedelta(minutes=1), timedelta(days=2)).map(lambda more: latest + more),
            Need.SATISFIED: st.booleans(),
            Need.DOCUMENT_NO: st.just("1"),
        }
        asked = [*each.needs, *(need for need in each.takes if need is not Need.DUE_AT and data.draw(st.booleans()))]
        given = Given(**{str(need): data.draw(draw[need]) for need in asked})
        looked_up: dict[Move, dict[str, Any]] = {
            Move.LINK_DUPLICATE: {"master_id": 7},
            Move.UNLINK_DUPLICATE: {"link": last_link(self.log)},
        }
        return replace(given, **looked_up.get(each.move, {}))

    @invariant()
    def the_log_tells_the_case(self) -> None:
        told = replay(self.log)
        assert told is not None
        assert differences(self.facts, told) == {}
        assert breaks(self.log) == []

    @invariant()
    def columns_hold_it(self) -> None:
        assert facts_of({**as_json(self.facts), **columns_of(self.facts)}) == self.facts

    @invariant()
    def tasks_and_state_agree(self) -> None:
        facts, work = self.facts, [task for task in self.facts.present if task.open]
        if facts.state in (S.DISPATCHED, S.HANDLING):
            assert work
            assert facts.department_code == facts.present[0].department_code
        if facts.state in (S.HANDLED, S.VERIFIED):
            assert not work
        assert facts.duplicate_of == (7 if facts.state is S.DUPLICATE else None)
        if facts.state in ENDED:
            assert not work
            assert facts.next_alarm_at is None
            assert facts.paused_at is None
        assert sum(task.lead for task in facts.present) == (1 if facts.present else 0)

    @invariant()
    def the_clock_runs_where_it_should(self) -> None:
        facts = self.facts
        assert (facts.paused_at is not None) == (facts.state is S.SUSPENDED)
        assert (facts.stage_since is not None) == (facts.state in STAGES)
        assert (facts.closed_at is not None) == (facts.state is S.CLOSED)
        if facts.state in REGISTERED_OPEN and facts.due_at is not None and facts.state is not S.SUSPENDED:
            assert (facts.next_alarm_at is None) == (facts.urgency is Urgency.OVERDUE)
            assert facts.due_soon_at is not None
            assert facts.due_soon_at <= facts.due_at
        if facts.clock is not None and not facts.clock.extended and facts.state in REGISTERED_OPEN:
            pauses = facts.clock.pauses
            assert facts.due_at == CALENDAR.deadline(facts.clock.began_at, facts.clock.limit, pauses).at

    @invariant()
    def timers_add_up(self) -> None:
        timers = clocks.timers(self.facts, CALENDAR, self.at)
        assert sum(timer.running for timer in timers if timer.stage != clocks.WHOLE) <= 1
        assert all(timer.used_s >= 0 for timer in timers)

    @invariant()
    def requests_come_from_bodies_at_work(self) -> None:
        bodies = {task.department_code for task in self.facts.present}
        assert {each.department_code for each in self.facts.requests} <= bodies
        asked = [(each.kind, each.department_code) for each in self.facts.requests]
        assert len(asked) == len(set(asked))


TestAnyWalk = AnyWalk.TestCase
TestAnyWalk.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_empty_catalogue_moves_a_case_as_far_as_it_needs_no_body() -> None:
    nothing = Catalogue("", MONDAY.date(), {}, {}, {}, {})
    facts = replace(case(), state=S.ACCEPTED)
    facts, _ = machine.apply(facts, Move.REGISTER, Given(), Scene(CALENDAR, nothing, MONDAY), CHIEF)
    assert facts.state is S.REGISTERED
