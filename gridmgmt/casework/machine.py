"""The machine of a case: which moves are legal now, and what a move makes of a case and writes into its log.

Pure: a case goes in, a case and one entry of the log come out. The table is :data:`gridmgmt.casework.moves.RULES`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridmgmt.access.rules import Permission
from gridmgmt.calendars.rules import WorkCalendar
from gridmgmt.cases.rules import ENDED, CaseState
from gridmgmt.casework import clocks
from gridmgmt.casework.effects import EFFECTS, NOTHING, Given, Link, Scene
from gridmgmt.casework.facts import CaseFacts, Task, changes, replace
from gridmgmt.casework.moves import (
    APPEAL_WITHIN,
    CONFIRMED_FIRST,
    REOPEN_WITHIN,
    RULES,
    STAGES,
    Move,
    Need,
    RequestKind,
    TaskState,
)
from gridmgmt.catalogue.rules import CaseType, Catalogue
from gridmgmt.errors import InputError, MoveNeedsError, TransitionNotAllowedError

__all__ = [
    "NOTHING",
    "OTHER_EYES",
    "Given",
    "LegalMove",
    "Link",
    "LogEntry",
    "Mover",
    "Scene",
    "apply",
    "legal",
    "other_eyes",
    "report",
    "reschedule",
]


OTHER_EYES = frozenset({Move.VERIFY, Move.REWORK})
"""Moves that nobody makes about work of their own."""


_MOVES_FROM: Mapping[CaseState, tuple[Move, ...]] = {
    state: tuple(move for move, rule in RULES.items() if state in rule.sources) for state in CaseState
}


@dataclass(frozen=True)
class Mover:
    """Who moves a case, as far as it reaches this one.

    ``post`` is the role in which somebody acts; ``departments`` None may speak for every body.
    """

    name: str
    post: str | None
    permissions: frozenset[Permission]
    departments: frozenset[str] | None = None
    administrator: bool = False

    def speaks_for(self, department_code: str) -> bool:
        """Tell whether it may move the task of a body."""
        return self.departments is None or department_code in self.departments


@dataclass(frozen=True)
class LegalMove:
    """A move that is legal now, with what it must and what it may be given."""

    move: Move
    needs: tuple[Need, ...]
    takes: tuple[Need, ...]
    departments: tuple[str, ...] = ()
    """The bodies that it can be made for."""


@dataclass(frozen=True)
class LogEntry:
    """One entry of the log of a case; ``facts`` is JSON: all that the move has set, and the time it has told."""

    version: int
    move: Move
    state: CaseState
    at: datetime
    actor: str
    post: str | None
    department_code: str | None
    reason: str | None
    facts: Mapping[str, Any]


def legal(facts: CaseFacts, by: Mover, catalogue: Catalogue, at: datetime) -> tuple[LegalMove, ...]:
    """Return the moves that somebody may make now, in the order of the table."""
    found = (_legal(facts, move, by, catalogue, at) for move in _MOVES_FROM[facts.state])
    return tuple(move for move in found if move is not None)


def apply(facts: CaseFacts, move: Move, given: Given, scene: Scene, by: Mover) -> tuple[CaseFacts, LogEntry]:
    """Return what a move makes of a case, and its entry of the log.

    Raises
    ------
    TransitionNotAllowedError
        When the move is not legal now, naming those that are.
    InputError
        When it is not given what it needs, or something that cannot be.
    RuleViolationError
        When a body does not hold the matter.
    """
    allowed = _legal(facts, move, by, scene.catalogue, scene.at)
    if allowed is None:
        names = [str(each.move) for each in legal(facts, by, scene.catalogue, scene.at)]
        raise TransitionNotAllowedError("transition_not_allowed", move=str(move), state=str(facts.state), legal=names)
    given = _complete(allowed, given)
    rule = RULES[move]
    after = replace(facts, state=rule.to or facts.state, tasks=facts.tasks or facts.present)
    after = EFFECTS.get(move, _unchanged)(after, given, scene, by.name)
    return _logged(facts, after, move, given, scene, by)


def other_eyes(facts: CaseFacts, by: Mover) -> bool:
    """Tell whether somebody else has handled a case than who is to verify it; an administrator may do both."""
    return by.administrator or by.name not in facts.handlers


def report(facts: CaseFacts, by: Mover, at: datetime) -> tuple[CaseFacts, LogEntry]:
    """Return a case as it is reported, and the first entry of its log."""
    after = replace(facts, state=CaseState.REPORTED, version=1, stage_since=at)
    return after, _entry(Move.REPORT, after, at, by, NOTHING, changes(None, after))


def reschedule(facts: CaseFacts, calendar: WorkCalendar, by: Mover, at: datetime) -> tuple[CaseFacts, LogEntry] | None:
    """Return a case with the deadline that another calendar gives, and its entry; None where nothing changes."""
    after = clocks.rescheduled(facts, calendar, at)
    if after is None:
        return None
    after = replace(after, version=facts.version + 1)
    return after, _entry(Move.RESCHEDULE, after, at, by, NOTHING, changes(facts, after))


def _logged(
    before: CaseFacts, after: CaseFacts, move: Move, given: Given, scene: Scene, by: Mover
) -> tuple[CaseFacts, LogEntry]:
    if after.state in ENDED and before.state not in ENDED:
        after = _wound_up(after, scene.at)
    after, used = clocks.staged(before, after, scene.calendar, scene.at)
    after = replace(after, version=before.version + 1)
    told = changes(before, after)
    if used is not None:
        told["used"] = {"stage": STAGES[before.state], "s": used}
    if given.note:
        told["note"] = given.note
    if given.document_no:
        told["document_no"] = given.document_no
    return after, _entry(move, after, scene.at, by, given, told)


def _entry(move: Move, after: CaseFacts, at: datetime, by: Mover, given: Given, told: Mapping[str, Any]) -> LogEntry:
    department = given.department or (given.departments[0] if move is Move.DISPATCH else None)
    return LogEntry(after.version, move, after.state, at, by.name, by.post, department, given.reason, told)


def _wound_up(facts: CaseFacts, at: datetime) -> CaseFacts:
    """End what is still open in a case that has ended."""
    tasks = tuple(replace(task, state=TaskState.DROPPED) if task.open else task for task in facts.tasks)
    return clocks.ended(replace(facts, tasks=tasks, requests=()), at)


def _unchanged(facts: CaseFacts, _given: Given, _scene: Scene, _name: str) -> CaseFacts:
    return facts


def _complete(allowed: LegalMove, given: Given) -> Given:
    """Return what is given with the one body filled in where there is one alone; refuse what lacks.

    A move that is made for no body speaks for none in the log.
    """
    if not allowed.departments:
        given = replace(given, department=None)
    if given.department is None and len(allowed.departments) == 1:
        given = replace(given, department=allowed.departments[0])
    for need in allowed.needs:
        if given.of(need) in (None, (), ""):
            raise MoveNeedsError(move=allowed.move, field=need, needs=allowed.needs)
    if allowed.departments and given.department not in allowed.departments:
        known = ", ".join(allowed.departments)
        raise InputError("move_department", field="department", value=given.department, known=known)
    return given


def _legal(facts: CaseFacts, move: Move, by: Mover, catalogue: Catalogue, at: datetime) -> LegalMove | None:
    rule = RULES[move]
    if facts.state not in rule.sources or rule.permission is None or rule.permission not in by.permissions:
        return None
    guard = _GUARDS.get(move)
    if guard is not None and not guard(facts, by, at):
        return None
    bodies: tuple[str, ...] = ()
    if (candidates := _BODIES.get(move)) is not None:
        bodies = candidates(facts, by, at)
        if not bodies:
            return None
    lacking = _not_needed(facts, move, bodies, catalogue.types.get(facts.type))
    needs = tuple(need for need in rule.needs if need not in lacking)
    takes = (*rule.takes, *(need for need in rule.needs if need in lacking and need is not Need.DEPARTMENT))
    if Need.DOCUMENT_NO in takes and facts.extension_count:
        needs, takes = (*needs, Need.DOCUMENT_NO), tuple(need for need in takes if need is not Need.DOCUMENT_NO)
    return LegalMove(move, needs, takes, bodies)


def _not_needed(facts: CaseFacts, move: Move, bodies: tuple[str, ...], type_: CaseType | None) -> frozenset[Need]:
    """Return what this case does not need for a move: nobody is asked where there is one answer, or none."""
    known = len(type_.conditions) if type_ is not None else 0
    again = move is Move.REOPEN and facts.condition_no is not None
    return frozenset(
        need
        for need, spared in ((Need.DEPARTMENT, len(bodies) == 1), (Need.CONDITION_NO, known < 2 or again))
        if spared
    )


# --- what the table cannot say in a line -----------------------------------------------------------------------------


def _confirmed(facts: CaseFacts, _by: Mover, _at: datetime) -> bool:
    return facts.state is CaseState.CONFIRMED or facts.source not in CONFIRMED_FIRST


def _other_eyes(facts: CaseFacts, by: Mover, _at: datetime) -> bool:
    return other_eyes(facts, by)


def _reopenable(facts: CaseFacts, _by: Mover, at: datetime) -> bool:
    return facts.satisfied is False and clocks.recent(facts.closed_at, REOPEN_WITHIN, at)


_GUARDS: Mapping[Move, Callable[[CaseFacts, Mover, datetime], bool]] = {
    Move.REGISTER: _confirmed,
    Move.SETTLE_ON_SPOT: _confirmed,
    **dict.fromkeys(OTHER_EYES, _other_eyes),
    Move.SUPERVISE: lambda facts, _by, _at: not facts.supervised,
    Move.LIFT_SUPERVISION: lambda facts, _by, _at: facts.supervised,
    Move.ESCALATE: lambda facts, _by, _at: facts.supervised,
    Move.REOPEN: _reopenable,
    Move.UNLINK_DUPLICATE: lambda facts, _by, _at: facts.duplicate_of is not None,  # a register's stays one
}

_Bodies = Callable[[CaseFacts, Mover, datetime], tuple[str, ...]]


def _with_task(*states: TaskState) -> _Bodies:
    def bodies(facts: CaseFacts, by: Mover, _at: datetime) -> tuple[str, ...]:
        return _speaking(facts, by, lambda task: task.state in states)

    return bodies


def _asking(kind: RequestKind) -> _Bodies:
    def bodies(facts: CaseFacts, by: Mover, at: datetime) -> tuple[str, ...]:
        asked = _asked(kind)(facts, by, at)
        if kind is RequestKind.EXTENSION and facts.due_at is None:
            return ()
        return _speaking(facts, by, lambda task: task.open and task.department_code not in asked)

    return bodies


def _asked(kind: RequestKind) -> _Bodies:
    def bodies(facts: CaseFacts, _by: Mover, _at: datetime) -> tuple[str, ...]:
        return tuple(request.department_code for request in facts.requests if request.kind is kind)

    return bodies


def _appealing(facts: CaseFacts, by: Mover, at: datetime) -> tuple[str, ...]:
    """Return bodies that may say a rework was wrong, or how the case was closed."""
    asked = _asked(RequestKind.APPEAL)(facts, by, at)
    if facts.state is CaseState.CLOSED:
        if not clocks.recent(facts.closed_at, APPEAL_WITHIN, at):
            return ()
        return _speaking(facts, by, lambda task: task.department_code not in asked)
    return _speaking(
        facts, by,
        lambda task: task.open and task.done_at is not None and task.department_code not in asked,
    )  # fmt: skip


def _speaking(facts: CaseFacts, by: Mover, condition: Callable[[Task], bool]) -> tuple[str, ...]:
    return tuple(
        task.department_code for task in facts.present if by.speaks_for(task.department_code) and condition(task)
    )


_BODIES: Mapping[Move, _Bodies] = {
    Move.HANDLE: _with_task(TaskState.DISPATCHED),
    Move.GIVE_FEEDBACK: _with_task(TaskState.HANDLING),
    Move.SEND_BACK: _with_task(TaskState.DISPATCHED, TaskState.HANDLING),
    Move.ASK_EXTENSION: _asking(RequestKind.EXTENSION),
    Move.GRANT_EXTENSION: _asked(RequestKind.EXTENSION),
    Move.REFUSE_EXTENSION: _asked(RequestKind.EXTENSION),
    Move.ASK_SUSPENSION: _asking(RequestKind.SUSPENSION),
    Move.REFUSE_SUSPENSION: _asked(RequestKind.SUSPENSION),
    Move.APPEAL: _appealing,
    Move.GRANT_APPEAL: _asked(RequestKind.APPEAL),
    Move.REFUSE_APPEAL: _asked(RequestKind.APPEAL),
}
"""The bodies that a move can be made for; with none it is not legal."""
