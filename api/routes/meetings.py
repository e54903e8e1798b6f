"""Joint meetings with their members, sittings and agreements; self-governance projects."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import Caller, asks
from api.context import Context, OnDate, RequestSession
from api.meeting_schemas import (
    MeetingAsk,
    MeetingEndAsk,
    MeetingMemberOut,
    MeetingOut,
    PartnerAgreementAsk,
    PartnerAgreementOut,
    SelfProjectAsk,
    SelfProjectOut,
    SelfProjectStep,
    SittingAsk,
    SittingOut,
)
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.meetings import queries, sittings
from gridmgmt.meetings.queries import MeetingRecord, ProjectRecord
from gridmgmt.meetings.rules import MeetingKind, Member, ProjectState
from gridmgmt.meetings.sittings import NewAgreement, NewMeeting, NewProject, NewSitting

router = APIRouter(prefix=PREFIX, tags=["meetings"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.MEETINGS_WRITE)]

PathCode = Annotated[str, Path(max_length=64, description="Code of the meeting.")]
ProjectCode = Annotated[str, Path(max_length=64, description="Code of the project.")]
AreaCode = Annotated[str | None, Query(max_length=64, description="Only those of this area and of all below it.")]


@router.get("/meetings", summary="Joint meetings, by code")
def list_meetings(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    area: AreaCode = None,
    kind: Annotated[MeetingKind | None, Query(description="Only of this kind.")] = None,
) -> Page[MeetingOut]:
    """List the meetings of a day with their members, sittings and agreements."""
    after = pages.after(str)
    found = queries.meetings_on(
        session, on, area=area, kind=kind, after=after[0] if after else None, limit=pages.limit + 1
    )
    return pages.page(found, _meeting, lambda each: (each.meeting.code,))


@router.post("/meetings", status_code=201, summary="Set up a joint meeting", dependencies=writes)
def convene_meeting(session: RequestSession, context: Context, actor: Caller, ask: MeetingAsk) -> MeetingOut:
    """Set up a meeting of an area; the seats of its members add up to the total, where one is stated."""
    on = ask.on or context.today()
    members = [Member(each.role, each.name, each.seats) for each in ask.members]
    new = NewMeeting(
        ask.code, ask.kind, ask.name, ask.area, ask.convenor, members, on, seats=ask.seats, body_code=ask.body_code
    )
    meeting = sittings.convene(session, actor, new, today=context.today())
    return _meeting(queries.meeting_record(session, meeting, on))


@router.get("/meetings/{code}", summary="One joint meeting")
def read_meeting(session: RequestSession, on: OnDate, code: PathCode) -> MeetingOut:
    """Return a meeting with its members, sittings and the agreements of a day."""
    return _meeting(queries.meeting_record(session, queries.meeting_of_code(session, code), on))


@router.post("/meetings/{code}/end", summary="End a joint meeting", dependencies=writes)
def end_meeting(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: MeetingEndAsk
) -> MeetingOut:
    """End a meeting on a day; what it has decided stays."""
    today = context.today()
    meeting = sittings.end_meeting(session, actor, code, ask.on or today, today=today)
    return _meeting(queries.meeting_record(session, meeting, ask.on or today))


@router.get("/meetings/{code}/sittings", summary="Sittings of a meeting, the newest first")
def list_sittings(session: RequestSession, on: OnDate, code: PathCode) -> list[SittingOut]:
    """List when a meeting sat, who was there by role, and whether it could decide."""
    found = queries.meeting_record(session, queries.meeting_of_code(session, code), on)
    return [SittingOut.model_validate(each) for each in found.sittings]


@router.post("/meetings/{code}/sittings", status_code=201, summary="Note a sitting", dependencies=writes)
def hold_sitting(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: SittingAsk
) -> SittingOut:
    """Note that a meeting sat, with heads by role; whether it could decide follows from the rule of its kind."""
    new = NewSitting(ask.held_on or context.today(), ask.attendance, place=ask.place, document_no=ask.document_no)
    return SittingOut.model_validate(sittings.hold_sitting(session, actor, code, new, today=context.today()))


@router.post("/meetings/{code}/agreements", status_code=201, summary="Note an agreement", dependencies=writes)
def add_agreement(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: PartnerAgreementAsk
) -> PartnerAgreementOut:
    """Note an agreement with a partner unit, or how many where the source names none."""
    new = NewAgreement(
        ask.subject, ask.on or context.today(), partner=ask.partner, agreements=ask.agreements, source=ask.source
    )
    return PartnerAgreementOut.model_validate(sittings.agree(session, actor, code, new, today=context.today()))


@router.get("/self-projects", summary="Self-governance projects, by code")
def list_projects(session: RequestSession, on: OnDate, pages: Pages, area: AreaCode = None) -> Page[SelfProjectOut]:
    """List the projects that were applied for until a day, with their budgets, states and results of that day."""
    after = pages.after(str)
    found = queries.projects_of(session, on, area=area, after=after[0] if after else None, limit=pages.limit + 1)
    return pages.page(found, _project, lambda each: (each.project.code,))


@router.post("/self-projects", status_code=201, summary="Apply for a project", dependencies=writes)
def apply_for_project(session: RequestSession, context: Context, actor: Caller, ask: SelfProjectAsk) -> SelfProjectOut:
    """Take in a self-governance project with its budget."""
    on = ask.on or context.today()
    new = NewProject(ask.code, ask.area, ask.title, ask.amount_yuan, on, topic=ask.topic)
    sittings.apply_for_project(session, actor, new, today=context.today())
    return _project(queries.project_record(session, ask.code, on))


@router.post("/self-projects/{code}/state", summary="Bring a project on", dependencies=writes)
def move_project(
    session: RequestSession, context: Context, actor: Caller, code: ProjectCode, ask: SelfProjectStep
) -> SelfProjectOut:
    """Bring a project to the state that follows; it is finished with a result."""
    today = context.today()
    sittings.move_project(session, actor, code, ask.state, on=ask.on or today, today=today, result=ask.result)
    return _project(queries.project_record(session, code, today))


def _meeting(found: MeetingRecord) -> MeetingOut:
    meeting = found.meeting
    return MeetingOut(
        code=meeting.code,
        kind=MeetingKind(meeting.kind),
        name=meeting.name,
        level=AreaLevel(meeting.level),
        area_code=meeting.area_code,
        area_name=found.area_name,
        convenor=meeting.convenor,
        body_code=meeting.body_code,
        seats=meeting.seats,
        needed_roles=list(found.needed),
        members=[MeetingMemberOut.model_validate(each) for each in found.members],
        agreements=[PartnerAgreementOut.model_validate(each) for each in found.agreements],
        sittings=[SittingOut.model_validate(each) for each in found.sittings],
        topics=found.topics,
        valid_from=meeting.valid_from,
        valid_to=meeting.valid_to,
    )


def _project(found: ProjectRecord) -> SelfProjectOut:
    project = found.project
    return SelfProjectOut(
        code=project.code,
        level=AreaLevel(project.level),
        area_code=project.area_code,
        area_name=found.area_name,
        title=project.title,
        amount_yuan=project.amount_yuan,
        state=ProjectState(found.state),
        applied_on=project.applied_on,
        topic=found.topic,
        result=found.result,
    )
