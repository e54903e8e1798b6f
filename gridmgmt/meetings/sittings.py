"""Convening meetings, keeping their sittings and agreements; self-governance projects."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import ancestors, area_in_force
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, DuplicateCodeError, InputError
from gridmgmt.meetings import queries, topic_queries
from gridmgmt.meetings.models import Meeting, MeetingMember, PartnerAgreement, SelfProject, SelfProjectStep, Sitting
from gridmgmt.meetings.rules import (
    MeetingKind,
    MeetingRole,
    Member,
    ProjectState,
    check_attendance,
    check_held,
    check_members,
    check_project_step,
    quorum,
)


@dataclass(frozen=True)
class NewMeeting:
    """A meeting to be convened from a day on; ``seats`` is the total as stated, None where nobody states it."""

    code: str
    kind: MeetingKind
    name: str
    area: str
    convenor: str
    members: Sequence[Member]
    valid_from: date
    seats: int | None = None
    body_code: str | None = None


@dataclass(frozen=True)
class NewSitting:
    """A sitting that was held, with heads by role."""

    held_on: date
    attendance: Mapping[MeetingRole, int]
    place: str | None = None
    document_no: str | None = None


@dataclass(frozen=True)
class NewAgreement:
    """An agreement with a partner unit, or so many where the source does not say with whom."""

    subject: str
    valid_from: date
    partner: str | None = None
    agreements: int = 1
    source: str | None = None


@dataclass(frozen=True)
class NewProject:
    """A project that an area applies for."""

    code: str
    area: str
    title: str
    amount_yuan: int
    applied_on: date
    topic: str | None = None


def require_today(session: Session, actor: Actor, level: str, code: str, today: date) -> None:
    """Ask for the right to keep meetings on an area and all that hold it today, whatever day it is about."""
    require(actor, Permission.MEETINGS_WRITE, areas=ancestors(session, level, code, today))


def convene(session: Session, actor: Actor, new: NewMeeting, *, today: date) -> Meeting:
    """Set up a meeting of an area.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    DuplicateCodeError
        ``meeting_code_taken``.
    InputError, RuleViolationError
        As :func:`gridmgmt.meetings.rules.check_members`; ``meeting_roles_missing`` when a role without which it
        could never decide has no seat.
    """
    area = area_in_force(session, new.area, new.valid_from)
    require_today(session, actor, area.level, area.code, today)
    if session.scalar(select(Meeting.meeting_id).where(Meeting.code == new.code)) is not None:
        raise DuplicateCodeError("meeting_code_taken", field="code", value=new.code)
    seats = check_members(new.kind, new.members, new.seats)
    lacking = quorum(queries.needed_roles(session, new.kind), dict.fromkeys((m.role for m in new.members), 1)).missing
    if lacking:
        raise InputError("meeting_roles_missing", field="members", kind=new.kind, missing=", ".join(lacking))
    meeting = Meeting(
        code=new.code, kind=new.kind, name=new.name, level=area.level, area_code=area.code, convenor=new.convenor,
        body_code=new.body_code, seats=seats, valid_from=new.valid_from,
    )  # fmt: skip
    session.add(meeting)
    session.flush()
    session.add_all(MeetingMember(meeting_id=meeting.meeting_id, **asdict(member)) for member in new.members)
    session.flush()
    after = {"kind": new.kind, "area": area.code, "convenor": new.convenor, "seats": seats, "on": str(new.valid_from)}
    record(session, actor, "meeting.convene", f"meeting:{new.code}", after=after)
    return meeting


def end_meeting(session: Session, actor: Actor, code: str, on: date, *, today: date) -> Meeting:
    """End a meeting on a day.

    Raises
    ------
    ConflictError
        ``ended_already``.
    """
    meeting = queries.meeting_of_code(session, code)
    require_today(session, actor, meeting.level, meeting.area_code, today)
    if meeting.valid_to is not None:
        raise ConflictError("ended_already", begins=meeting.valid_from, ended=meeting.valid_to, on=on)
    meeting.valid_to = on
    session.flush()
    record(session, actor, "meeting.end", f"meeting:{code}", after={"on": str(on)})
    return meeting


def hold_sitting(session: Session, actor: Actor, code: str, new: NewSitting, *, today: date) -> Sitting:
    """Note that a meeting sat, and whether all were there whom it needs to decide.

    Raises
    ------
    NotFoundError
        ``meeting_unknown``.
    ConflictError
        ``meeting_not_held`` on a day on which there was no such meeting.
    InputError
        ``held_in_future``; as :func:`gridmgmt.meetings.rules.check_attendance`.
    """
    meeting = queries.meeting_of_code(session, code)
    require_today(session, actor, meeting.level, meeting.area_code, today)
    check_held(new.held_on, today, field="held_on")
    if meeting.valid_from > new.held_on or (meeting.valid_to is not None and meeting.valid_to <= new.held_on):
        raise ConflictError("meeting_not_held", field="held_on", value=new.held_on, meeting=code)
    seats: dict[MeetingRole, int] = {}
    for member in queries.meeting_record(session, meeting, new.held_on).members:
        seats[MeetingRole(member.role)] = seats.get(MeetingRole(member.role), 0) + member.seats
    check_attendance(new.attendance, seats)
    found = quorum(queries.needed_roles(session, meeting.kind), new.attendance)
    of_meeting = Sitting.meeting_id == meeting.meeting_id
    sitting = Sitting(
        meeting_id=meeting.meeting_id,
        sitting_no=queries.next_no(session, Sitting.sitting_no, of_meeting),
        held_on=new.held_on,
        place=new.place,
        attendance={str(role): count for role, count in new.attendance.items()},
        quorate=found.met,
        document_no=new.document_no,
    )
    session.add(sitting)
    session.flush()
    after = {"held_on": str(new.held_on), "attendance": sitting.attendance, "quorate": found.met}
    record(session, actor, "meeting.sit", f"meeting:{code}/{sitting.sitting_no}", after=after)
    return sitting


def agree(session: Session, actor: Actor, code: str, new: NewAgreement, *, today: date) -> PartnerAgreement:
    """Note an agreement of a meeting with a partner unit.

    Raises
    ------
    InputError
        ``agreement_count_invalid`` for fewer than one, or for several with one partner.
    """
    meeting = queries.meeting_of_code(session, code)
    require_today(session, actor, meeting.level, meeting.area_code, today)
    if new.agreements < 1 or (new.partner is not None and new.agreements != 1):
        raise InputError("agreement_count_invalid", field="agreements", value=new.agreements)
    agreement = PartnerAgreement(meeting_id=meeting.meeting_id, **asdict(new))
    session.add(agreement)
    session.flush()
    after = {**asdict(new), "valid_from": str(new.valid_from)}
    record(session, actor, "meeting.agree", f"meeting:{code}", after=after)
    return agreement


def apply_for_project(session: Session, actor: Actor, new: NewProject, *, today: date) -> SelfProject:
    """Take in a self-governance project.

    Raises
    ------
    NotFoundError
        ``area_unknown``, ``topic_unknown``.
    DuplicateCodeError
        ``self_project_code_taken``.
    """
    area = area_in_force(session, new.area, new.applied_on)
    require_today(session, actor, area.level, area.code, today)
    if session.scalar(select(SelfProject.project_id).where(SelfProject.code == new.code)) is not None:
        raise DuplicateCodeError("self_project_code_taken", field="code", value=new.code)
    topic_id = None if new.topic is None else topic_queries.topic_of_code(session, new.topic).topic_id
    project = SelfProject(
        code=new.code, level=area.level, area_code=area.code, title=new.title, amount_yuan=new.amount_yuan,
        state=ProjectState.APPLIED, applied_on=new.applied_on, topic_id=topic_id,
    )  # fmt: skip
    session.add(project)
    session.flush()
    session.add(SelfProjectStep(project_id=project.project_id, step_no=1, state=project.state, on=project.applied_on))
    after = {"area": area.code, "title": new.title, "amount_yuan": new.amount_yuan, "topic": new.topic}
    record(session, actor, "project.apply", f"project:{new.code}", after=after)
    return project


def move_project(
    session: Session, actor: Actor, code: str, state: ProjectState, *, on: date, today: date, result: str | None = None
) -> SelfProject:
    """Bring a project to the state that follows.

    Raises
    ------
    ConflictError
        ``self_project_step_refused``.
    InputError
        ``self_project_result_missing`` when it is finished without a result; ``held_in_future``;
        ``self_project_step_early`` before its last step: the state of any day is told by its last step until then.
    """
    project = queries.project_of_code(session, code)
    require_today(session, actor, project.level, project.area_code, today)
    before = ProjectState(project.state)
    check_project_step(before, state, code)
    if state is ProjectState.FINISHED and not result:
        raise InputError("self_project_result_missing", field="result", project=code)
    check_held(on, today, field="on")
    steps = select(func.max(SelfProjectStep.on)).where(SelfProjectStep.project_id == project.project_id)
    if (last := session.scalar(steps)) is not None and on < last:
        raise InputError("self_project_step_early", field="on", value=on, last=last, project=code)
    project.state, project.result = state, result or project.result
    number = queries.next_no(session, SelfProjectStep.step_no, SelfProjectStep.project_id == project.project_id)
    step = SelfProjectStep(project_id=project.project_id, step_no=number, state=state, on=on, result=project.result)
    session.add(step)
    session.flush()
    record(
        session, actor, "project.move", f"project:{code}", before={"state": before},
        after={"state": state, "on": str(on), "result": result},
    )  # fmt: skip
    return project
