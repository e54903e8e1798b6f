"""The clocks of a case: its deadline through pauses and extensions, and the time used in each stage."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from gridmgmt.calendars.rules import Deadline, TimeLimit, TimeUnit, WorkCalendar
from gridmgmt.cases.rules import Urgency
from gridmgmt.casework.facts import CaseClock, CaseFacts, replace
from gridmgmt.casework.moves import STAGES, Stage

WHOLE = "whole"
"""The timer over all stages from registration to closure, which has the limit of the filing condition."""


@dataclass(frozen=True)
class StageTimer:
    """Time used in one stage, or in the whole of them, in seconds of its unit (:meth:`WorkCalendar.used_s`)."""

    stage: str
    used_s: int
    limit_s: int | None
    unit: TimeUnit
    running: bool


def started(facts: CaseFacts, limit: TimeLimit | None, calendar: WorkCalendar, at: datetime) -> CaseFacts:
    """Return the facts with a new clock that begins now; without a limit there is no deadline."""
    if limit is None:
        return _due(replace(facts, clock=None), None, calendar, at)
    clock = CaseClock(at, limit)
    return _due(replace(facts, clock=clock), calendar.deadline(at, limit), calendar, at)


def extended(facts: CaseFacts, due_at: datetime, calendar: WorkCalendar, at: datetime) -> CaseFacts:
    """Return the facts with a deadline that was granted, whatever the limit says."""
    clock = None if facts.clock is None else replace(facts.clock, extended=True)
    return _due(replace(facts, clock=clock), Deadline(due_at), calendar, at)


def stopped(facts: CaseFacts, at: datetime) -> CaseFacts:
    """Return the facts with the clock standing."""
    return replace(facts, paused_at=at, next_alarm_at=None)


def resumed(facts: CaseFacts, calendar: WorkCalendar, at: datetime) -> CaseFacts:
    """Return the facts with the clock running again: the deadlines of the case and its tasks moved by the pause."""
    stood, facts = facts.paused_at, replace(facts, paused_at=None)
    if stood is None or facts.due_at is None:
        return facts
    if facts.clock is None:
        return _resumed_by_hand(facts, facts.due_at, stood, calendar, at)
    clock = replace(facts.clock, pauses=(*facts.clock.pauses, (stood, at)))
    told = facts.due_at

    def moved(due_at: datetime | None) -> datetime | None:
        if due_at is None or due_at <= stood:
            return due_at
        if due_at == told and not clock.extended:
            return calendar.deadline(clock.began_at, clock.limit, clock.pauses).at
        return _moved(due_at, stood, at, clock.limit.unit, calendar)

    tasks = tuple(replace(task, due_at=moved(task.due_at)) if task.open else task for task in facts.tasks)
    due_at = moved(told) or told
    provisional = facts.due_provisional or (clock.limit.unit.works and due_at.date() > calendar.known_until)
    return _due(replace(facts, clock=clock, tasks=tasks), Deadline(due_at, provisional), calendar, at)


def _resumed_by_hand(
    facts: CaseFacts, told: datetime, stood: datetime, calendar: WorkCalendar, at: datetime
) -> CaseFacts:
    """Resume a case whose deadline came from a register or by hand: it moves by the pause, round the clock."""

    def moved(due_at: datetime | None) -> datetime | None:
        return due_at if due_at is None or due_at <= stood else due_at + (at - stood)

    tasks = tuple(replace(task, due_at=moved(task.due_at)) if task.open else task for task in facts.tasks)
    return _due(replace(facts, tasks=tasks), Deadline(moved(told) or told), calendar, at)


def ended(facts: CaseFacts, at: datetime) -> CaseFacts:
    """Return the facts with the clock stopped for good: in the end a case was on time or it was not."""
    if facts.due_at is None:
        return replace(facts, next_alarm_at=None, paused_at=None)
    reached = facts.paused_at or at
    urgency = Urgency.OVERDUE if reached > facts.due_at else Urgency.ON_TIME
    clock = facts.clock
    if clock is not None and facts.paused_at is not None:
        clock = replace(clock, pauses=(*clock.pauses, (facts.paused_at, at)))
    return replace(facts, clock=clock, urgency=urgency, next_alarm_at=None, paused_at=None)


def rescheduled(facts: CaseFacts, calendar: WorkCalendar, at: datetime) -> CaseFacts | None:
    """Return the facts with the deadline that another calendar gives; None where it gives the same.

    A deadline that was granted stays as it was, and so does one that stands: it is worked out when the clock runs.
    """
    clock, told = facts.clock, facts.due_at
    if clock is None or clock.extended or facts.paused_at is not None or told is None:
        return None
    deadline = calendar.deadline(clock.began_at, clock.limit, clock.pauses)
    if deadline == Deadline(told, facts.due_provisional):
        return None
    tasks = tuple(
        replace(task, due_at=deadline.at) if task.open and task.due_at == told else task for task in facts.tasks
    )
    return _due(replace(facts, tasks=tasks), deadline, calendar, at)


def staged(before: CaseFacts, after: CaseFacts, calendar: WorkCalendar, at: datetime) -> tuple[CaseFacts, int | None]:
    """Return the facts with the time told of a stage that a move has ended, and that time in seconds if one has."""
    left, entered = STAGES.get(before.state), STAGES.get(after.state)
    if left is entered:
        return after, None
    after = replace(after, stage_since=at if entered else None)
    if left is None or before.stage_since is None:
        return after, None
    used = _used_s(before, before.stage_since, at, calendar)
    return replace(after, used_s={**after.used_s, left: after.used_s.get(left, 0) + used}), used


def timers(facts: CaseFacts, calendar: WorkCalendar, at: datetime) -> list[StageTimer]:
    """Return the time used up to now in each stage that the case has been in, and last in the whole of them."""
    unit, running = _unit(facts), STAGES.get(facts.state)
    used = dict(facts.used_s)
    if running is not None and facts.stage_since is not None:
        used[running] = used.get(running, 0) + _used_s(facts, facts.stage_since, at, calendar)
    found = [StageTimer(stage, used[stage], None, unit, stage is running) for stage in Stage if stage in used]
    if (clock := facts.clock) is None:
        return found
    end = facts.closed_at or facts.paused_at or at
    limit_s = clock.limit.seconds
    if clock.extended and facts.due_at is not None:
        limit_s = round(calendar.used_s(clock.began_at, facts.due_at, unit, clock.pauses))
    runs = facts.closed_at is None and facts.paused_at is None and running is not None
    whole = round(calendar.used_s(clock.began_at, end, unit, clock.pauses))
    return [*found, StageTimer(WHOLE, whole, limit_s, unit, runs)]


def _due(facts: CaseFacts, deadline: Deadline | None, calendar: WorkCalendar, at: datetime) -> CaseFacts:
    """Set a deadline; what has been told of it already is not told again, all else is left to the watcher."""
    if deadline is None:
        return replace(
            facts, due_at=None, due_soon_at=None, due_provisional=False, urgency=Urgency.NO_DEADLINE, next_alarm_at=None
        )
    soon = _due_soon(facts, deadline.at, calendar, at)
    urgency = Urgency.ON_TIME
    alarm: datetime | None = soon
    if facts.urgency is Urgency.OVERDUE and deadline.at <= at:
        urgency, alarm = Urgency.OVERDUE, None
    elif facts.urgency is Urgency.DUE_SOON and soon <= at:
        urgency, alarm = Urgency.DUE_SOON, deadline.at
    return replace(
        facts, due_at=deadline.at, due_soon_at=soon, due_provisional=deadline.provisional, urgency=urgency,
        next_alarm_at=alarm,
    )  # fmt: skip


def _due_soon(facts: CaseFacts, due_at: datetime, calendar: WorkCalendar, at: datetime) -> datetime:
    clock = facts.clock
    if clock is None:  # a deadline that was given by hand: round the clock
        clock = CaseClock(at, TimeLimit(1, TimeUnit.URGENT_HOURS))
    if due_at <= clock.began_at:
        return due_at
    return calendar.due_soon(clock.began_at, due_at, clock.limit, pauses=clock.pauses)


def _moved(due_at: datetime, stood: datetime, goes: datetime, unit: TimeUnit, calendar: WorkCalendar) -> datetime:
    """Return a granted deadline moved by a pause: in working time rounded up to six minutes, for the body."""
    if not unit.works:
        return due_at + (goes - stood)
    left_s = calendar.used_s(stood, due_at, TimeUnit.WORKING_HOURS)
    tenths = math.ceil(left_s / 360)
    if tenths == 0:
        return max(due_at, goes)
    return calendar.deadline(goes, TimeLimit(tenths / 10, TimeUnit.WORKING_HOURS)).at


def _unit(facts: CaseFacts) -> TimeUnit:
    return TimeUnit.WORKING_HOURS if facts.clock is None else facts.clock.limit.unit


def _used_s(facts: CaseFacts, begin: datetime, end: datetime, calendar: WorkCalendar) -> int:
    return round(calendar.used_s(begin, end, _unit(facts)))


def recent(moment: datetime | None, within: timedelta, at: datetime) -> bool:
    """Tell whether a moment lies no longer back than this."""
    return moment is not None and at - moment <= within
