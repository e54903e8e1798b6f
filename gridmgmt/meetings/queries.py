"""Reading meetings, sittings and projects as they were on a day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select, tuple_

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_in_force, at_or_below
from gridmgmt.cases.models import Case
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.meetings.models import (
    Meeting,
    MeetingMember,
    PartnerAgreement,
    QuorumRule,
    SelfProject,
    SelfProjectStep,
    Sitting,
    Topic,
    TopicStep,
)
from gridmgmt.meetings.rules import MeetingKind, MeetingRole, TopicMove


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


@dataclass(frozen=True)
class ProjectRecord:
    """A project with its state and result of a day, the name of its area and the code of the topic it came from."""

    project: SelfProject
    state: str
    result: str | None
    area_name: str | None
    topic: str | None


def holds(model: type[Meeting] | type[PartnerAgreement], on: date) -> ColumnElement[bool]:
    """Return the condition that a row holds on a day."""
    return (model.valid_from <= on) & or_(model.valid_to.is_(None), model.valid_to > on)


def needed_roles(session: Session, kind: str) -> tuple[MeetingRole, ...]:
    """Return the roles without which a meeting of a kind cannot decide."""
    roles = session.scalar(select(QuorumRule.roles).where(QuorumRule.kind == kind)) or []
    return tuple(MeetingRole(role) for role in roles)


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
    statement = _select_meetings(on).where(holds(Meeting, on)).order_by(Meeting.code).limit(limit)
    if area is not None:
        statement = statement.where(below(session, area, on, Meeting.level, Meeting.area_code))
    if kind is not None:
        statement = statement.where(Meeting.kind == kind)
    if after is not None:
        statement = statement.where(Meeting.code > after)
    return _meeting_records(session, statement, on)


def meeting_record(session: Session, meeting: Meeting, on: date) -> MeetingRecord:
    """Return a meeting with what belongs to it; agreements, sittings and topics are those of the day."""
    (found,) = _meeting_records(session, _select_meetings(on).where(Meeting.meeting_id == meeting.meeting_id), on)
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


def projects_of(
    session: Session, on: date, *, area: str | None = None, after: str | None = None, limit: int = 100
) -> list[ProjectRecord]:
    """Return the projects that were applied for until a day by code, with the states and results of the day."""
    statement = _select_projects(on).where(SelfProject.applied_on <= on).order_by(SelfProject.code).limit(limit)
    if area is not None:
        statement = statement.where(below(session, area, on, SelfProject.level, SelfProject.area_code))
    if after is not None:
        statement = statement.where(SelfProject.code > after)
    return [ProjectRecord(*row) for row in session.execute(statement)]


def project_record(session: Session, code: str, on: date) -> ProjectRecord:
    """Return the project of a code as it was on a day."""
    return ProjectRecord(*session.execute(_select_projects(on).where(SelfProject.code == code)).one())


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


def area_names(session: Session, level: str, codes: Sequence[str]) -> dict[str, str]:
    """Return the last name of each area of a level by its code."""
    statement = select(Area.code, Area.name).where(Area.level == level, Area.code.in_(codes)).order_by(Area.area_id)
    return {code: name for code, name in session.execute(statement)}  # noqa: C416 -- typed


def next_no(session: Session, column: Any, *of: ColumnElement[bool]) -> int:  # Any: a column that counts from 1
    """Return the number after the last one of a column."""
    return (session.scalar(select(func.max(column)).where(*of)) or 0) + 1


def _select_projects(on: date) -> Select[*tuple[Any, ...]]:
    """Return the statement that selects projects with what their last step until a day tells."""
    last = (
        select(SelfProjectStep.state, SelfProjectStep.result)
        .where(SelfProjectStep.project_id == SelfProject.project_id, SelfProjectStep.on <= on)
        .order_by(SelfProjectStep.step_no.desc())
        .limit(1)
        .correlate(SelfProject)
        .lateral("last_step")
    )
    area_name = last_name(SelfProject.level, SelfProject.area_code).scalar_subquery()
    return (
        select(SelfProject, last.c.state, last.c.result, area_name, Topic.code)
        .outerjoin(Topic, Topic.topic_id == SelfProject.topic_id)
        .join(last, literal(value=True))
    )


def scheduled(on: date) -> ColumnElement[bool]:
    """Return the condition that a meeting is the one on whose agenda a topic was put until a day."""
    step = (TopicStep.topic_id == Topic.topic_id) & (TopicStep.move == TopicMove.SCHEDULE) & (TopicStep.on <= on)
    return (Meeting.meeting_id == Topic.meeting_id) & exists().where(step).correlate(Topic)


def _select_meetings(on: date) -> Select[*tuple[Any, ...]]:
    topics = select(func.count()).select_from(Topic).where(scheduled(on)).correlate(Meeting).scalar_subquery()
    area_name = last_name(Meeting.level, Meeting.area_code).scalar_subquery()
    return select(Meeting, area_name, QuorumRule.roles, topics).outerjoin(QuorumRule, QuorumRule.kind == Meeting.kind)


def _meeting_records(session: Session, statement: Select[*tuple[Any, ...]], on: date) -> list[MeetingRecord]:
    """Return the meetings of a statement in its order; what belongs to them is asked once for all."""
    rows = session.execute(statement).all()
    ids = [meeting.meeting_id for meeting, *_ in rows]
    order = {str(role): number for number, role in enumerate(MeetingRole)}
    members = _by_meeting(session, MeetingMember, ids)
    agreements = _by_meeting(session, PartnerAgreement, ids, holds(PartnerAgreement, on))
    sittings = _by_meeting(session, Sitting, ids, Sitting.held_on <= on)
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


def below(session: Session, code: str, on: date, level: Any, area_code: Any) -> ColumnElement[bool]:
    """Return the condition that two columns name an area or one below it."""
    ids = at_or_below(area_in_force(session, code, on).area_id, on)
    return tuple_(level, area_code).in_(select(Area.level, Area.code).where(Area.area_id.in_(ids)))


def last_name(level: Any, code: Any) -> Select[str]:
    """Return the statement that selects the last name that an area had."""
    return (
        select(Area.name).where(Area.level == level, Area.code == code).order_by(Area.area_id.desc()).limit(1)
    )  # fmt: skip
