"""Reading topics as they were on a day: those of lists, and one with all that was noted of it until then."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, or_, select, tuple_

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat
from gridmgmt.meetings.models import (
    Meeting,
    Sitting,
    Topic,
    TopicDecision,
    TopicHearing,
    TopicObjection,
    TopicOption,
    TopicRule,
    TopicStep,
    TopicSupport,
    TopicTask,
)
from gridmgmt.meetings.queries import below, last_name, needed_roles, scheduled
from gridmgmt.meetings.rules import MeetingRole, TopicOrigin, TopicState


@dataclass(frozen=True)
class TopicFilter:
    """What topics must be; None is no condition. ``area`` holds all below it, ``q`` is part of title or code."""

    area: str | None = None
    state: TopicState | None = None
    origin: TopicOrigin | None = None
    meeting: str | None = None
    q: str | None = None


@dataclass(frozen=True)
class TopicSummary:
    """A topic as lists have it; ``lon`` and ``lat`` in degrees."""

    topic_id: int
    code: str
    title: str
    detail: str | None
    origin: str
    origin_ref: str | None
    level: str
    area_code: str
    area_name: str | None
    state: str
    owners_procedure: bool
    supporters: int
    supporters_needed: int
    proposed_on: date
    meeting_code: str | None
    meeting_name: str | None
    sitting_no: int | None
    sitting_on: date | None
    resolution: str | None
    result: str | None
    lon: float
    lat: float


@dataclass(frozen=True)
class TaskState:
    """Something that an office is to do about a decided topic, as it stood on a day."""

    task_no: int
    title: str
    office: str
    due_on: date
    done_on: date | None
    result: str | None


@dataclass(frozen=True)
class TopicRecord:
    """A topic with all that was noted of it."""

    topic: TopicSummary
    steps: Sequence[TopicStep]
    options: Sequence[TopicOption]
    objections: Sequence[TopicObjection]
    hearings: Sequence[TopicHearing]
    tasks: Sequence[TaskState]
    decision: TopicDecision | None
    geometry: dict[str, Any] | None
    """Of the decision, as GeoJSON with 7 decimals."""
    gate_edition: str | None
    """Name of the edition of gates that the decision made."""
    quorum: tuple[MeetingRole, ...]
    """The roles that its meeting needs."""
    present: bool
    """Whether it has not moved on since."""


def supporters_needed(session: Session, on: date) -> int:
    """Return how many supporters bring a resident's proposal before a meeting that is made on a day.

    Raises
    ------
    NotFoundError
        ``topic_rule_missing`` before the first rule.
    """
    statement = select(TopicRule.supporters).where(TopicRule.valid_from <= on).order_by(TopicRule.valid_from.desc())
    found = session.scalar(statement.limit(1))
    if found is None:
        raise NotFoundError("topic_rule_missing", on=on)
    return found


def topic_of_code(session: Session, code: str, *, hold: bool = False) -> Topic:
    """Return the topic of a code, locked against other changes where it is to be held.

    Raises
    ------
    NotFoundError
        ``topic_unknown``.
    """
    statement = select(Topic).where(Topic.code == code)
    found = session.scalar(statement.with_for_update() if hold else statement)
    if found is None:
        raise NotFoundError("topic_unknown", field="topic", value=code)
    return found


def topic_summaries(
    session: Session, on: date, wanted: TopicFilter, *, before: tuple[date, int] | None = None, limit: int = 100
) -> list[TopicSummary]:
    """Return the topics of a day as they were then, the newest first, at most ``limit``.

    Parameters
    ----------
    on
        The day: its areas, the topics that were proposed until then, and of each its state, meeting, sitting,
        resolution, result and supporters as they were.
    before
        Day and id of the last topic of the page before.
    """
    statement = _select_summaries(on).where(*_conditions(session, on, wanted))
    if before is not None:
        statement = statement.where(tuple_(Topic.proposed_on, Topic.topic_id) < tuple_(*before))
    statement = statement.order_by(Topic.proposed_on.desc(), Topic.topic_id.desc()).limit(limit)
    return [TopicSummary(**row) for row in session.execute(statement).mappings()]


def topic_counts(session: Session, on: date, wanted: TopicFilter) -> dict[TopicState, int]:
    """Return how many topics were in each state on a day, those without any as zero."""
    state = state_on(on).label("state")
    statement = (
        select(state, func.count())
        .select_from(Topic)
        .outerjoin(Meeting, scheduled(on))
        .where(*_conditions(session, on, wanted))
        .group_by(state)
    )
    found = {state: count for state, count in session.execute(statement)}  # noqa: C416 -- typed
    return {state: found.get(state, 0) for state in TopicState}


def state_on(on: date) -> ScalarSelect[str]:
    """Return the state of a topic on a day, that of its last step until then; NULL before it was proposed."""
    return (
        select(TopicStep.state)
        .where(TopicStep.topic_id == Topic.topic_id, TopicStep.on <= on)
        .order_by(TopicStep.step_no.desc())
        .limit(1)
        .correlate(Topic)
        .scalar_subquery()
    )


def topic_record(session: Session, code: str, on: date = date.max) -> TopicRecord:
    """Return a topic as it was on a day, with all that was noted of it until then; by default as it is.

    Raises
    ------
    NotFoundError
        ``topic_unknown``, also on a day on which it was not proposed yet.
    """
    topic_id = topic_of_code(session, code).topic_id
    met = (Topic.topic_id == topic_id, state_on(on).is_not(None))
    row = session.execute(_select_summaries(on).where(*met)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("topic_unknown", field="topic", value=code)
    topic, decision = TopicSummary(**row), session.get(TopicDecision, topic_id)
    if decision is not None and decision.decided_on > on:
        decision = None
    edition_id = None if decision is None else decision.gate_edition_id
    kind = session.scalar(select(Meeting.kind).where(Meeting.code == topic.meeting_code))
    return TopicRecord(
        topic=topic,
        steps=_of_topic(session, TopicStep, TopicStep.step_no, topic_id, TopicStep.on <= on),
        options=_of_topic(session, TopicOption, TopicOption.option_no, topic_id, TopicOption.noted_on <= on),
        objections=_of_topic(
            session, TopicObjection, TopicObjection.objection_no, topic_id, TopicObjection.noted_on <= on
        ),
        hearings=_of_topic(session, TopicHearing, TopicHearing.hearing_no, topic_id, TopicHearing.held_on <= on),
        tasks=[] if decision is None else [_task(each, on) for each in _tasks(session, topic_id)],
        decision=decision,
        geometry=None if decision is None else _drawn(session, topic_id),
        gate_edition=session.scalar(select(Edition.name).where(Edition.edition_id == edition_id)),
        quorum=() if kind is None else needed_roles(session, kind),
        present=not _of_topic(session, TopicStep, TopicStep.step_no, topic_id, TopicStep.on > on),
    )


def _select_summaries(on: date) -> Select[*tuple[Any, ...]]:
    plain = (
        "topic_id", "code", "title", "detail", "origin", "origin_ref", "level", "area_code",
        "owners_procedure", "supporters_needed", "proposed_on",
    )  # fmt: skip
    state = state_on(on)
    counted = select(func.coalesce(func.sum(TopicSupport.supporters), 0)).where(
        TopicSupport.topic_id == Topic.topic_id, TopicSupport.on <= on
    )
    return (
        select(
            *(getattr(Topic, name) for name in plain),
            state.label("state"),
            counted.scalar_subquery().label("supporters"),
            case((Sitting.sitting_id.is_not(None), Topic.resolution)).label("resolution"),
            case((state == TopicState.DONE, Topic.result)).label("result"),
            last_name(Topic.level, Topic.area_code).scalar_subquery().label("area_name"),
            Meeting.code.label("meeting_code"), Meeting.name.label("meeting_name"),
            Sitting.sitting_no, Sitting.held_on.label("sitting_on"), *lonlat(Topic.geom),
        )
        .select_from(Topic)
        .outerjoin(Meeting, scheduled(on))
        .outerjoin(Sitting, (Sitting.sitting_id == Topic.sitting_id) & (Sitting.held_on <= on))
    )  # fmt: skip


def _conditions(session: Session, on: date, wanted: TopicFilter) -> list[ColumnElement[bool]]:
    state = state_on(on)
    found: list[ColumnElement[bool]] = [state.is_not(None) if wanted.state is None else state == wanted.state]
    if wanted.area is not None:
        found.append(below(session, wanted.area, on, Topic.level, Topic.area_code))
    if wanted.origin is not None:
        found.append(Topic.origin == wanted.origin)
    if wanted.meeting is not None:
        found.append(Meeting.code == wanted.meeting)
    if wanted.q:
        found.append(or_(Topic.title.icontains(wanted.q, autoescape=True), Topic.code == wanted.q.upper()))
    return found


def _drawn(session: Session, topic_id: int) -> dict[str, Any] | None:
    statement = select(func.ST_AsGeoJSON(TopicDecision.geom, 7)).where(TopicDecision.topic_id == topic_id)
    found = session.scalar(statement)
    drawn: dict[str, Any] | None = None if found is None else json.loads(found)
    return drawn


def _of_topic(
    session: Session, model: Any, order: Any, topic_id: int, *met: ColumnElement[bool]
) -> Sequence[Any]:  # Any: whatever belongs to topics
    statement = select(model).where(model.topic_id == topic_id, *met).order_by(order)
    found: Sequence[Any] = session.scalars(statement).all()
    return found


def _tasks(session: Session, topic_id: int) -> Sequence[TopicTask]:
    return session.scalars(select(TopicTask).where(TopicTask.topic_id == topic_id).order_by(TopicTask.task_no)).all()


def _task(task: TopicTask, on: date) -> TaskState:
    done = task.done_on is not None and task.done_on <= on
    ended = (task.done_on, task.result) if done else (None, None)
    return TaskState(task.task_no, task.title, task.office, task.due_on, *ended)
