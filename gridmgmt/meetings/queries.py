"""Reading meetings, sittings, topics and projects."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, exists, func, or_, select, tuple_

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_in_force, at_or_below
from gridmgmt.cases.models import Case
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat
from gridmgmt.meetings.models import (
    Meeting,
    MeetingMember,
    PartnerAgreement,
    QuorumRule,
    SelfProject,
    Sitting,
    Topic,
    TopicDecision,
    TopicHearing,
    TopicObjection,
    TopicOption,
    TopicRule,
    TopicStep,
    TopicTask,
)
from gridmgmt.meetings.rules import MeetingKind, MeetingRole, TopicMove, TopicOrigin, TopicState


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
class TopicRecord:
    """A topic with all that was noted of it."""

    topic: TopicSummary
    steps: Sequence[TopicStep]
    options: Sequence[TopicOption]
    objections: Sequence[TopicObjection]
    hearings: Sequence[TopicHearing]
    tasks: Sequence[TopicTask]
    decision: TopicDecision | None
    geometry: dict[str, Any] | None
    """Of the decision, as GeoJSON with 7 decimals."""
    gate_edition: str | None
    """Name of the edition of gates that the decision made."""
    quorum: tuple[MeetingRole, ...]
    """The roles that its meeting needs."""


@dataclass(frozen=True)
class MeetingRecord:
    """A meeting with its members, agreements and sittings, the newest sitting first."""

    meeting: Meeting
    area_name: str | None
    needed: tuple[MeetingRole, ...]
    members: Sequence[MeetingMember]
    agreements: Sequence[PartnerAgreement]
    sittings: Sequence[Sitting]
    topics: int


def holds(model: type[Meeting] | type[PartnerAgreement], on: date) -> ColumnElement[bool]:
    """Return the condition that a row holds on a day."""
    return (model.valid_from <= on) & or_(model.valid_to.is_(None), model.valid_to > on)


def needed_roles(session: Session, kind: str) -> tuple[MeetingRole, ...]:
    """Return the roles without which a meeting of a kind cannot decide."""
    roles = session.scalar(select(QuorumRule.roles).where(QuorumRule.kind == kind)) or []
    return tuple(MeetingRole(role) for role in roles)


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


def meeting_of_code(session: Session, code: str) -> Meeting:
    """Return the meeting of a code, held or ended.

    Raises
    ------
    NotFoundError
        ``meeting_unknown``.
    """
    found = session.scalar(select(Meeting).where(Meeting.code == code))
    if found is None:
        raise NotFoundError("meeting_unknown", field="meeting", value=code)
    return found


def meetings_on(
    session: Session, on: date, *, area: str | None = None, kind: MeetingKind | None = None,
    after: str | None = None, limit: int = 100,
) -> list[MeetingRecord]:  # fmt: skip
    """Return the meetings of a day by code, at most ``limit``.

    Parameters
    ----------
    area
        Code of an area; those of it and of all below.
    after
        Code of the last meeting of the page before.
    """
    statement = _select_meetings().where(holds(Meeting, on)).order_by(Meeting.code).limit(limit)
    if area is not None:
        statement = statement.where(_below(session, area, on, Meeting.level, Meeting.area_code))
    if kind is not None:
        statement = statement.where(Meeting.kind == kind)
    if after is not None:
        statement = statement.where(Meeting.code > after)
    return _meeting_records(session, statement, on)


def meeting_record(session: Session, meeting: Meeting, on: date) -> MeetingRecord:
    """Return a meeting with what belongs to it; agreements are those of the day."""
    (found,) = _meeting_records(session, _select_meetings().where(Meeting.meeting_id == meeting.meeting_id), on)
    return found


def sitting_of(session: Session, meeting: Meeting, sitting_no: int) -> Sitting:
    """Return a sitting of a meeting by its number.

    Raises
    ------
    NotFoundError
        ``sitting_unknown``.
    """
    statement = select(Sitting).where(Sitting.meeting_id == meeting.meeting_id, Sitting.sitting_no == sitting_no)
    found = session.scalar(statement)
    if found is None:
        raise NotFoundError("sitting_unknown", field="sitting", value=sitting_no, meeting=meeting.code)
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
        resolution and result as they were. Supporters are those counted until now.
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
        .outerjoin(Meeting, _scheduled(on))
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


def topic_record(session: Session, code: str) -> TopicRecord:
    """Return a topic with all that was noted of it; raises as :func:`topic_of_code`."""
    topic = topic_of_code(session, code)
    topic_id = topic.topic_id
    row = session.execute(_select_summaries(date.max).where(Topic.topic_id == topic_id)).mappings().one()
    decision = session.get(TopicDecision, topic_id)
    edition_id = None if decision is None else decision.gate_edition_id
    kind = session.scalar(select(Meeting.kind).where(Meeting.meeting_id == topic.meeting_id))
    return TopicRecord(
        topic=TopicSummary(**row),
        steps=_of_topic(session, TopicStep, TopicStep.step_no, topic_id),
        options=_of_topic(session, TopicOption, TopicOption.option_no, topic_id),
        objections=_of_topic(session, TopicObjection, TopicObjection.objection_no, topic_id),
        hearings=_of_topic(session, TopicHearing, TopicHearing.hearing_no, topic_id),
        tasks=_of_topic(session, TopicTask, TopicTask.task_no, topic_id),
        decision=decision,
        geometry=_drawn(session, topic_id),
        gate_edition=session.scalar(select(Edition.name).where(Edition.edition_id == edition_id)),
        quorum=() if kind is None else needed_roles(session, kind),
    )


def projects_of(
    session: Session, on: date, *, area: str | None = None, after: str | None = None, limit: int = 100
) -> Sequence[tuple[SelfProject, str | None, str | None]]:
    """Return the projects that were applied for until a day by code, as they are now, with area name and topic code."""
    area_name = _area_name(SelfProject.level, SelfProject.area_code).scalar_subquery()
    statement = (
        select(SelfProject, area_name, Topic.code)
        .outerjoin(Topic, Topic.topic_id == SelfProject.topic_id)
        .where(SelfProject.applied_on <= on)
        .order_by(SelfProject.code)
        .limit(limit)
    )
    if area is not None:
        statement = statement.where(_below(session, area, on, SelfProject.level, SelfProject.area_code))
    if after is not None:
        statement = statement.where(SelfProject.code > after)
    return [(project, name, topic) for project, name, topic in session.execute(statement)]


def project_of_code(session: Session, code: str) -> SelfProject:
    """Return the project of a code, locked against other changes.

    Raises
    ------
    NotFoundError
        ``self_project_unknown``.
    """
    found = session.scalar(select(SelfProject).where(SelfProject.code == code).with_for_update())
    if found is None:
        raise NotFoundError("self_project_unknown", field="project", value=code)
    return found


def case_exists(session: Session, case_no: str) -> bool:
    """Tell whether there is a case of a number that anybody may know of."""
    return session.scalar(select(Case.case_id).where(Case.case_no == case_no, ~Case.internal)) is not None


def area_name(session: Session, level: str, code: str) -> str | None:
    """Return the last name that an area had."""
    return session.scalar(_area_name(level, code))


def topic_code_of(session: Session, topic_id: int | None) -> str | None:
    """Return the code of a topic by its key."""
    return session.scalar(select(Topic.code).where(Topic.topic_id == topic_id))


def area_names(session: Session, level: str, codes: Sequence[str]) -> dict[str, str]:
    """Return the last name of each area of a level by its code."""
    statement = select(Area.code, Area.name).where(Area.level == level, Area.code.in_(codes)).order_by(Area.area_id)
    return {code: name for code, name in session.execute(statement)}  # noqa: C416 -- typed


def next_no(session: Session, column: Any, *of: ColumnElement[bool]) -> int:  # Any: a column that counts from 1
    """Return the number after the last one of a column."""
    return (session.scalar(select(func.max(column)).where(*of)) or 0) + 1


def _select_meetings() -> Select[*tuple[Any, ...]]:
    topics = select(func.count()).where(Topic.meeting_id == Meeting.meeting_id).scalar_subquery()
    area_name = _area_name(Meeting.level, Meeting.area_code).scalar_subquery()
    return select(Meeting, area_name, QuorumRule.roles, topics).outerjoin(QuorumRule, QuorumRule.kind == Meeting.kind)


def _meeting_records(session: Session, statement: Select[*tuple[Any, ...]], on: date) -> list[MeetingRecord]:
    """Return the meetings of a statement in its order; what belongs to them is asked once for all."""
    rows = session.execute(statement).all()
    ids = [meeting.meeting_id for meeting, *_ in rows]
    order = {str(role): number for number, role in enumerate(MeetingRole)}
    members = _by_meeting(session, MeetingMember, ids)
    agreements = _by_meeting(session, PartnerAgreement, ids, holds(PartnerAgreement, on))
    sittings = _by_meeting(session, Sitting, ids)
    return [
        MeetingRecord(
            meeting=meeting,
            area_name=area_name,
            needed=tuple(MeetingRole(role) for role in roles or ()),
            members=sorted(members[meeting.meeting_id], key=lambda each: (order[each.role], each.name)),
            agreements=sorted(agreements[meeting.meeting_id], key=lambda each: each.agreement_id),
            sittings=sorted(sittings[meeting.meeting_id], key=lambda each: -each.sitting_no),
            topics=topics,
        )
        for meeting, area_name, roles, topics in rows
    ]


def _by_meeting(
    session: Session, model: Any, ids: Sequence[int], *met: ColumnElement[bool]
) -> defaultdict[int, list[Any]]:  # Any: whatever belongs to meetings
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.scalars(select(model).where(model.meeting_id.in_(ids), *met)):
        found[row.meeting_id].append(row)
    return found


def _scheduled(on: date) -> ColumnElement[bool]:
    """Return the condition that a meeting is the one on whose agenda a topic was put until a day."""
    step = (TopicStep.topic_id == Topic.topic_id) & (TopicStep.move == TopicMove.SCHEDULE) & (TopicStep.on <= on)
    return (Meeting.meeting_id == Topic.meeting_id) & exists().where(step).correlate(Topic)


def _select_summaries(on: date) -> Select[*tuple[Any, ...]]:
    plain = (
        "topic_id", "code", "title", "detail", "origin", "origin_ref", "level", "area_code",
        "owners_procedure", "supporters", "supporters_needed", "proposed_on",
    )  # fmt: skip
    state = state_on(on)
    return (
        select(
            *(getattr(Topic, name) for name in plain),
            state.label("state"),
            case((Sitting.sitting_id.is_not(None), Topic.resolution)).label("resolution"),
            case((state == TopicState.DONE, Topic.result)).label("result"),
            _area_name(Topic.level, Topic.area_code).scalar_subquery().label("area_name"),
            Meeting.code.label("meeting_code"), Meeting.name.label("meeting_name"),
            Sitting.sitting_no, Sitting.held_on.label("sitting_on"), *lonlat(Topic.geom),
        )
        .select_from(Topic)
        .outerjoin(Meeting, _scheduled(on))
        .outerjoin(Sitting, (Sitting.sitting_id == Topic.sitting_id) & (Sitting.held_on <= on))
    )  # fmt: skip


def _conditions(session: Session, on: date, wanted: TopicFilter) -> list[ColumnElement[bool]]:
    state = state_on(on)
    found: list[ColumnElement[bool]] = [state.is_not(None) if wanted.state is None else state == wanted.state]
    if wanted.area is not None:
        found.append(_below(session, wanted.area, on, Topic.level, Topic.area_code))
    if wanted.origin is not None:
        found.append(Topic.origin == wanted.origin)
    if wanted.meeting is not None:
        found.append(Meeting.code == wanted.meeting)
    if wanted.q:
        found.append(or_(Topic.title.icontains(wanted.q, autoescape=True), Topic.code == wanted.q.upper()))
    return found


def _below(session: Session, code: str, on: date, level: Any, area_code: Any) -> ColumnElement[bool]:
    """Return the condition that two columns name an area or one below it."""
    ids = at_or_below(area_in_force(session, code, on).area_id, on)
    return tuple_(level, area_code).in_(select(Area.level, Area.code).where(Area.area_id.in_(ids)))


def _drawn(session: Session, topic_id: int) -> dict[str, Any] | None:
    statement = select(func.ST_AsGeoJSON(TopicDecision.geom, 7)).where(TopicDecision.topic_id == topic_id)
    found = session.scalar(statement)
    drawn: dict[str, Any] | None = None if found is None else json.loads(found)
    return drawn


def _area_name(level: Any, code: Any) -> Select[str]:
    """Return the statement that selects the last name that an area had."""
    return (
        select(Area.name).where(Area.level == level, Area.code == code).order_by(Area.area_id.desc()).limit(1)
    )  # fmt: skip


def _of_topic(session: Session, model: Any, order: Any, topic_id: int) -> Sequence[Any]:
    found: Sequence[Any] = session.scalars(select(model).where(model.topic_id == topic_id).order_by(order)).all()
    return found
