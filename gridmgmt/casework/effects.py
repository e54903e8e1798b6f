"""What each move makes of a case, beside the state that the table gives it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import TimeLimit, WorkCalendar
from gridmgmt.cases.rules import CaseState, Urgency
from gridmgmt.casework import clocks
from gridmgmt.casework.facts import CaseFacts, Request, Task, replace, with_task
from gridmgmt.casework.moves import Move, Need, RequestKind, TaskState
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.clock import local_date
from gridmgmt.errors import InputError, RuleViolationError

LONGEST_EXTENSION = timedelta(days=366)
"""So far from now a deadline may be moved by one extension (a choice of this project)."""
MOST_DEPARTMENTS = 20
"""More bodies than this do not share one case."""


@dataclass(frozen=True)
class Link:
    """Where a case was when it was linked to another, and since when it has been."""

    state: CaseState
    at: datetime


@dataclass(frozen=True)
class Given:
    """What a move is given.

    The caller looks up ``master_id``, the case that ``case_no`` names, and the ``link`` that is to be undone.
    """

    reason: str | None = None
    condition_no: int | None = None
    departments: tuple[str, ...] = ()
    department: str | None = None
    case_no: str | None = None
    master_id: int | None = None
    link: Link | None = None
    due_at: datetime | None = None
    satisfied: bool | None = None
    document_no: str | None = None
    note: str | None = None

    def of(self, need: Need) -> Any:  # one of the fields above
        """Return what is given for a need."""
        return getattr(self, need)


NOTHING = Given()


@dataclass(frozen=True)
class Scene:
    """When a move is made, and what holds then; the catalogue is that of the day of the report."""

    calendar: WorkCalendar
    catalogue: Catalogue
    at: datetime


def _accept(facts: CaseFacts, _given: Given, scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, accepted_at=facts.accepted_at or scene.at)


def _register(facts: CaseFacts, given: Given, scene: Scene, _name: str) -> CaseFacts:
    number, limit = _condition(facts, given, scene)
    facts = replace(facts, condition_no=number, registered_at=scene.at)
    return clocks.started(facts, limit, scene.calendar, scene.at)


def _condition(facts: CaseFacts, given: Given, scene: Scene) -> tuple[int | None, TimeLimit | None]:
    """Return the filing condition and its time limit; none for a type that the catalogue does not have."""
    type_ = scene.catalogue.types.get(facts.type)
    if type_ is None or not type_.conditions:
        return None, None
    number = given.condition_no or facts.condition_no or type_.conditions[0].no
    return number, type_.condition(number).limit


def _dispatch(facts: CaseFacts, given: Given, scene: Scene, _name: str) -> CaseFacts:
    codes = given.departments
    if len(set(codes)) < len(codes) or len(codes) > MOST_DEPARTMENTS:
        raise InputError("departments_repeated", field="departments", value=", ".join(codes), limit=MOST_DEPARTMENTS)
    for code in codes:
        _check_body(facts, code, scene)
    turn = facts.round + 1
    tasks = tuple(Task(turn, code, code == codes[0], TaskState.DISPATCHED, facts.due_at) for code in codes)
    return replace(
        facts, tasks=(*facts.tasks, *tasks), department_code=codes[0], dispatched_at=scene.at, handled_at=None
    )


def _check_body(facts: CaseFacts, code: str, scene: Scene) -> None:
    """Refuse a body of another area, or that does not hold the matter.

    Where no body holds it, those of its town or below may take it.
    """
    department = scene.catalogue.department(code)
    if facts.areas and department.area_code is not None and department.area_code not in facts.areas:
        raise RuleViolationError("body_elsewhere", field="departments", value=code, area=department.area_code)
    if scene.catalogue.holds(code, facts.type, facts.reported_at):
        return
    areas = {level: area for level in AreaLevel if (area := facts.area_of(level)) is not None}
    nobody = facts.type not in scene.catalogue.types or (
        scene.catalogue.holder(facts.type, areas, facts.reported_at) is None
    )
    territorial = department.area_code in facts.areas and department.area_code != facts.district_code
    if not (nobody and territorial):
        day = local_date(facts.reported_at)
        raise RuleViolationError("matter_not_held", field="departments", value=code, type=facts.type, on=day)


def _handle(facts: CaseFacts, given: Given, _scene: Scene, name: str) -> CaseFacts:
    return _handled_by(with_task(facts, replace(_task(facts, given), state=TaskState.HANDLING)), name)


def _give_feedback(facts: CaseFacts, given: Given, scene: Scene, name: str) -> CaseFacts:
    done = replace(_task(facts, given), state=TaskState.HANDLED, done_at=scene.at)
    facts = _without(_handled_by(with_task(facts, done), name), department=done.department_code)
    return _when_all_are_done(facts, scene.at)


def _when_all_are_done(facts: CaseFacts, at: datetime) -> CaseFacts:
    if any(task.open for task in facts.present):
        return replace(facts, state=CaseState.HANDLING)
    return replace(facts, state=CaseState.HANDLED, handled_at=at, requests=())


def _send_back(facts: CaseFacts, given: Given, _scene: Scene, _name: str) -> CaseFacts:
    last = facts.round
    ends = {True: TaskState.SENT_BACK, False: TaskState.DROPPED}
    tasks = tuple(
        replace(task, state=ends[task.department_code == given.department])
        if task.round == last and task.open else task
        for task in facts.tasks
    )  # fmt: skip
    return replace(facts, tasks=tasks, requests=(), department_code=None, send_back_count=facts.send_back_count + 1)


def _rework(facts: CaseFacts, given: Given, _scene: Scene, _name: str) -> CaseFacts:
    present = {task.department_code: task for task in facts.present}
    for code in given.departments:
        if code not in present:
            raise InputError("move_department", field="departments", value=code, known=", ".join(present))
    for code in given.departments or present:
        facts = with_task(facts, replace(present[code], state=TaskState.HANDLING))
    return replace(facts, handled_at=None, rework_count=facts.rework_count + 1)


def _settle(facts: CaseFacts, _given: Given, scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, handled_at=scene.at, closed_at=scene.at)


def _close(facts: CaseFacts, _given: Given, scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, closed_at=scene.at)


def _force_close(facts: CaseFacts, _given: Given, scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, closed_at=scene.at, forced=True)


def _link(facts: CaseFacts, given: Given, _scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, duplicate_of=given.master_id)


def _unlink(facts: CaseFacts, given: Given, scene: Scene, _name: str) -> CaseFacts:
    """Bring a case back to where it was; its clock, had a register given it one, stood meanwhile."""
    if given.link is None:
        raise ValueError("the link that is undone is missing")
    facts = replace(facts, state=given.link.state, duplicate_of=None, paused_at=given.link.at)
    facts = clocks.resumed(facts, scene.calendar, scene.at)
    return replace(facts, next_alarm_at=None)  # it is not registered: nobody is told of its deadline


def _ask(kind: RequestKind) -> Callable[[CaseFacts, Given, Scene, str], CaseFacts]:
    def asked(facts: CaseFacts, given: Given, scene: Scene, _name: str) -> CaseFacts:
        due_at = given.due_at if kind is RequestKind.EXTENSION else None
        if due_at is not None:
            _check_extension(facts, due_at, scene.at)
        request = Request(kind, given.department or "", scene.at, given.reason or "", due_at, given.document_no)
        return replace(facts, requests=(*facts.requests, request))

    return asked


def _check_extension(facts: CaseFacts, due_at: datetime, at: datetime) -> None:
    latest = max(at, facts.due_at or at)
    if due_at.tzinfo is None or due_at <= latest:
        raise InputError("extension_not_later", field="due_at", value=due_at.isoformat(), after=latest.isoformat())
    _check_near(due_at, at)


def _check_near(due_at: datetime, at: datetime) -> None:
    if due_at - at > LONGEST_EXTENSION:
        raise InputError("extension_too_long", field="due_at", value=due_at.isoformat(), days=LONGEST_EXTENSION.days)


def _refuse(kind: RequestKind) -> Callable[[CaseFacts, Given, Scene, str], CaseFacts]:
    def refused(facts: CaseFacts, given: Given, _scene: Scene, _name: str) -> CaseFacts:
        return _without(facts, kind=kind, department=given.department)

    return refused


def _grant_extension(facts: CaseFacts, given: Given, scene: Scene, _name: str) -> CaseFacts:
    """Move the deadline of the body that asked, and with it that of the case, which cannot end before."""
    request = _request(facts, RequestKind.EXTENSION, given)
    due_at = given.due_at or request.due_at
    task = _task(facts, given)
    before = task.due_at or facts.due_at or scene.at
    if due_at is None or due_at.tzinfo is None or due_at <= before:
        value = due_at.isoformat() if due_at else None
        raise InputError("extension_not_later", field="due_at", value=value, after=before.isoformat())
    _check_near(due_at, scene.at)
    facts = _without(facts, kind=RequestKind.EXTENSION, department=given.department)
    facts = with_task(facts, replace(task, due_at=due_at))
    facts = replace(facts, extension_count=facts.extension_count + 1)
    if facts.due_at is not None and facts.due_at >= due_at:
        return facts
    return clocks.extended(facts, due_at, scene.calendar, scene.at)


def _suspend(facts: CaseFacts, _given: Given, scene: Scene, _name: str) -> CaseFacts:
    left = tuple(each for each in facts.requests if each.kind is not RequestKind.SUSPENSION)
    return clocks.stopped(replace(facts, requests=left), scene.at)


def _resume(facts: CaseFacts, _given: Given, scene: Scene, _name: str) -> CaseFacts:
    return clocks.resumed(replace(facts, state=_where_it_was(facts)), scene.calendar, scene.at)


def _where_it_was(facts: CaseFacts) -> CaseState:
    """Return the state before a suspension, as the tasks tell it."""
    if not any(task.open for task in facts.present):
        return CaseState.REGISTERED
    untouched = all(task.state is TaskState.DISPATCHED for task in facts.present)
    return CaseState.DISPATCHED if untouched else CaseState.HANDLING


def _supervise(facts: CaseFacts, _given: Given, _scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, supervised=True)


def _lift(facts: CaseFacts, _given: Given, _scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, supervised=False, escalation=0)


def _escalate(facts: CaseFacts, _given: Given, _scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, escalation=facts.escalation + 1)


def _grant_appeal(facts: CaseFacts, given: Given, scene: Scene, _name: str) -> CaseFacts:
    """Take a rework back, or let another deadline count for a case that is closed."""
    facts = _without(facts, kind=RequestKind.APPEAL, department=given.department)
    if facts.state is CaseState.CLOSED:
        return _judged_by(facts, given.due_at)
    task = _task(facts, given)
    facts = with_task(facts, replace(task, state=TaskState.HANDLED))
    if not any(each.open and each.done_at is not None for each in facts.present):  # nothing of the rework is left
        facts = replace(facts, rework_count=max(facts.rework_count - 1, 0))
    return _when_all_are_done(facts, scene.at)


def _judged_by(facts: CaseFacts, due_at: datetime | None) -> CaseFacts:
    if due_at is None or facts.closed_at is None:
        return facts
    urgency = Urgency.OVERDUE if facts.closed_at > due_at else Urgency.ON_TIME
    return replace(facts, due_at=due_at, due_provisional=False, urgency=urgency)


def _rate(facts: CaseFacts, given: Given, _scene: Scene, _name: str) -> CaseFacts:
    return replace(facts, satisfied=given.satisfied)


def _reopen(facts: CaseFacts, given: Given, scene: Scene, _name: str) -> CaseFacts:
    number, limit = _condition(facts, given, scene)
    facts = replace(
        facts, closed_at=None, handled_at=None, dispatched_at=None, department_code=None, condition_no=number,
        forced=False, satisfied=None, requests=(), handlers=(), reopen_count=facts.reopen_count + 1,
        registered_at=facts.registered_at or scene.at, urgency=Urgency.NO_DEADLINE,
    )  # fmt: skip
    return clocks.started(facts, limit, scene.calendar, scene.at)


def _task(facts: CaseFacts, given: Given) -> Task:
    """Return the present task of the body that a move is made for."""
    return next(task for task in facts.present if task.department_code == given.department)


def _request(facts: CaseFacts, kind: RequestKind, given: Given) -> Request:
    return next(each for each in facts.requests if each.kind is kind and each.department_code == given.department)


def _without(facts: CaseFacts, *, kind: RequestKind | None = None, department: str | None) -> CaseFacts:
    """Return the facts without what a body has asked for."""
    left = tuple(
        each for each in facts.requests
        if each.department_code != department or (kind is not None and each.kind is not kind)
    )  # fmt: skip
    return replace(facts, requests=left)


def _handled_by(facts: CaseFacts, name: str) -> CaseFacts:
    return facts if name in facts.handlers else replace(facts, handlers=(*facts.handlers, name))


EFFECTS: Mapping[Move, Callable[[CaseFacts, Given, Scene, str], CaseFacts]] = {
    Move.ACCEPT: _accept,
    Move.LINK_DUPLICATE: _link,
    Move.UNLINK_DUPLICATE: _unlink,
    Move.REGISTER: _register,
    Move.DISPATCH: _dispatch,
    Move.HANDLE: _handle,
    Move.SEND_BACK: _send_back,
    Move.SETTLE_ON_SPOT: _settle,
    Move.GIVE_FEEDBACK: _give_feedback,
    Move.REWORK: _rework,
    Move.CLOSE: _close,
    Move.FORCE_CLOSE: _force_close,
    Move.ASK_EXTENSION: _ask(RequestKind.EXTENSION),
    Move.GRANT_EXTENSION: _grant_extension,
    Move.REFUSE_EXTENSION: _refuse(RequestKind.EXTENSION),
    Move.ASK_SUSPENSION: _ask(RequestKind.SUSPENSION),
    Move.SUSPEND: _suspend,
    Move.REFUSE_SUSPENSION: _refuse(RequestKind.SUSPENSION),
    Move.RESUME: _resume,
    Move.SUPERVISE: _supervise,
    Move.LIFT_SUPERVISION: _lift,
    Move.ESCALATE: _escalate,
    Move.APPEAL: _ask(RequestKind.APPEAL),
    Move.GRANT_APPEAL: _grant_appeal,
    Move.REFUSE_APPEAL: _refuse(RequestKind.APPEAL),
    Move.RATE: _rate,
    Move.REOPEN: _reopen,
}
"""Moves without an entry change the state and nothing else."""
