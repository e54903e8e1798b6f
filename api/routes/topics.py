"""Topics: what is brought before joint meetings, from proposal to result."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, OnDate, RequestSession
from api.geometries import drawing
from api.inline import inline_policy
from api.language import Lang
from api.meeting_schemas import (
    DecidedGateAsk,
    SupportAsk,
    TaskDoneAsk,
    TopicAsk,
    TopicCounts,
    TopicDecisionAsk,
    TopicDetail,
    TopicHearingAsk,
    TopicMoveAsk,
    TopicObjectionAsk,
    TopicOptionAsk,
    TopicOut,
    TopicRuleAsk,
    TopicRuleOut,
)
from api.paging import Page, Pages
from api.routes import PREFIX
from api.topic_answers import topic_detail, topic_out
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import InputError
from gridmgmt.meetings import decisions, topic_queries, topics
from gridmgmt.meetings.decisions import NewDecision, NewGate, NewTask
from gridmgmt.meetings.rules import OwnersVote, TopicOrigin, TopicState
from gridmgmt.meetings.topic_queries import TopicFilter
from gridmgmt.meetings.topics import Proposal

router = APIRouter(prefix=PREFIX, tags=["meetings"], dependencies=[asks(Permission.READ)])
proposes = [asks(Permission.CASES_REPORT)]
writes = [asks(Permission.MEETINGS_WRITE)]

PathCode = Annotated[str, Path(max_length=64, description="Code of the topic.")]


def _threshold(context: Context, form: Form) -> float | None:
    return context.settings.suppression_threshold if form == "public" else None


Threshold = Annotated[float | None, Depends(_threshold)]
"""Smaller counts of people are withheld; None tells all."""


def _filter(
    area: Annotated[str | None, Query(max_length=64, description="Only in this area and below it.")] = None,
    state: Annotated[TopicState | None, Query(description="Only in this state.")] = None,
    origin: Annotated[TopicOrigin | None, Query(description="Only from there.")] = None,
    meeting: Annotated[str | None, Query(max_length=64, description="Only those before this meeting.")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the title, or the code.")] = None,
) -> TopicFilter:
    return TopicFilter(area=area, state=state, origin=origin, meeting=meeting, q=q)


Wanted = Annotated[TopicFilter, Depends(_filter)]


@router.get("/topics", summary="Topics, the newest first")
def list_topics(
    session: RequestSession, on: OnDate, wanted: Wanted, pages: Pages, threshold: Threshold
) -> Page[TopicOut]:
    """List the topics of a day by area, state, origin, meeting and words, each as it was then."""
    after = pages.after(date.fromisoformat, int)
    found = topic_queries.topic_summaries(
        session, on, wanted, before=(after[0], after[1]) if after else None, limit=pages.limit + 1
    )
    return pages.page(
        found, lambda each: topic_out(each, threshold), lambda each: (each.proposed_on.isoformat(), each.topic_id)
    )


@router.get("/topics/counts", summary="How many topics are in each state")
def count_topics(session: RequestSession, on: OnDate, wanted: Wanted) -> TopicCounts:
    """Count the topics of a day by the state that each had then, by the filters of the list."""
    return TopicCounts(by_state=topic_queries.topic_counts(session, on, wanted))


@router.post("/topics", status_code=201, summary="Bring a topic in", dependencies=proposes)
def propose_topic(
    session: RequestSession, context: Context, actor: Caller, ask: TopicAsk, response: Response
) -> TopicDetail:
    """Bring a topic in at a place; what residents propose waits for supporters."""
    proposal = Proposal(**{**ask.model_dump(), "on": ask.on or context.today()})
    topic = topics.propose(session, actor, proposal, today=context.today())
    response.headers["Location"] = f"{PREFIX}/topics/{topic.code}"
    return topic_detail(session, topic.code, None)


@router.post("/topic-rules", status_code=201, summary="Say how many supporters are needed", dependencies=writes)
def set_rule(session: RequestSession, context: Context, actor: Caller, ask: TopicRuleAsk) -> TopicRuleOut:
    """Say how many supporters a proposal needs that is made from a day on; others keep what they needed."""
    on = ask.on or context.today()
    return TopicRuleOut.model_validate(topics.set_supporters_needed(session, actor, ask.supporters, on, ask.source))


@router.get("/topics/{code}", summary="One topic with all that was noted of it")
def read_topic(session: RequestSession, on: OnDate, code: PathCode, threshold: Threshold) -> TopicDetail:
    """Return a topic of a day: steps, options, objections, hearings, decision with what its gate changes, tasks.

    What was noted later is left out; what may be done with it is told for today alone.
    """
    return topic_detail(session, code, threshold, on)


@router.get(
    "/topics/{code}/report",
    summary="The report of a topic as a page",
    response_class=Response,
    responses={200: {"description": "A page that needs nothing else.", "content": {"text/html": {}}}},
)
def read_report(session: RequestSession, on: OnDate, code: PathCode, lang: Lang, threshold: Threshold) -> Response:
    """Return the report of a topic, as it was on a day, as a page that needs nothing else."""
    from gridmgmt.reports.meetings import topic_page  # noqa: PLC0415 -- drawing takes seconds to import

    synthetic = bool(holds_synthetic(session))
    page = topic_page(session, code, on=on, lang=lang, synthetic=synthetic, threshold=threshold)
    headers = {"Content-Security-Policy": inline_policy(page)}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


@router.post("/topics/{code}/support", summary="Count supporters", dependencies=proposes)
def support_topic(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: SupportAsk, threshold: Threshold
) -> TopicDetail:
    """Count more supporters; who they are is not kept. Enough of them bring the topic on."""
    today = context.today()
    topics.support(session, actor, code, ask.supporters, ask.on or today, today=today)
    return topic_detail(session, code, threshold)


@router.post("/topics/{code}/moves", summary="Move a topic on", dependencies=writes)
def move_topic(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: TopicMoveAsk
) -> TopicDetail:
    """Put a topic on the agenda of a meeting, refuse it in a sitting, finish it with a result, or withdraw it."""
    _move(session, actor, code, ask, context.today())
    return topic_detail(session, code, None)


@router.post("/topics/{code}/options", status_code=201, summary="Add an option", dependencies=writes)
def add_option(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: TopicOptionAsk
) -> TopicDetail:
    """Add a way to settle an open topic."""
    today = context.today()
    topics.add_option(session, actor, code, ask.title, today=today, detail=ask.detail, amount_yuan=ask.amount_yuan)
    return topic_detail(session, code, None)


@router.post("/topics/{code}/objections", status_code=201, summary="Note an objection", dependencies=writes)
def add_objection(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: TopicObjectionAsk
) -> TopicDetail:
    """Note an objection to an open topic by the office that heard it."""
    today = context.today()
    topics.object_to(
        session, actor, code, ask.office, ask.said, today=today, objectors=ask.objectors, answer=ask.answer
    )
    return topic_detail(session, code, None)


@router.post("/topics/{code}/hearings", status_code=201, summary="Keep the record of a hearing", dependencies=writes)
def add_hearing(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: TopicHearingAsk
) -> TopicDetail:
    """Keep the record of a hearing on an open topic."""
    today = context.today()
    heard = (ask.on or today, ask.attendance, ask.record)
    topics.hear(session, actor, code, *heard, today=today, document_no=ask.document_no)
    return topic_detail(session, code, None)


@router.post("/topics/{code}/decision", status_code=201, summary="Decide a topic", dependencies=writes)
def decide_topic(context: Context, actor: Caller, code: PathCode, ask: TopicDecisionAsk) -> TopicDetail:
    """Decide a topic on the agenda in a sitting at which all needed roles were.

    A decided gate comes into the walking network on the day it opens, and what it changes is measured and kept.
    """
    new = NewDecision(
        sitting_no=ask.sitting_no,
        resolution=ask.resolution,
        option_no=ask.option_no,
        owners_vote=None if ask.owners_vote is None else OwnersVote(**ask.owners_vote.model_dump()),
        amount_yuan=ask.amount_yuan,
        funding=ask.funding,
        gate=None if ask.gate is None else _gate(ask.gate),
        geometry=None if ask.geometry is None else drawing(ask.geometry, "geometry"),
        tasks=[NewTask(**each.model_dump()) for each in ask.tasks],
        follow_up_on=ask.follow_up_on,
    )
    with context.transaction() as session:
        decisions.decide(session, actor, code, new, today=context.today())
    with context.transaction() as session:  # takes seconds, in which nobody else could write into the log
        if new.gate is not None:
            decisions.measure(session, actor, code, today=context.today(), at=new.gate.at)
        return topic_detail(session, code, None)


@router.post("/topics/{code}/effects", summary="Measure what a decided gate changes", dependencies=writes)
def measure_topic(
    session: RequestSession,
    context: Context,
    actor: Caller,
    code: PathCode,
    at: Annotated[
        str, Query(max_length=20, description="Time of the week.", examples=["wed 10:00"])
    ] = decisions.DEFAULT_AT,
) -> TopicDetail:
    """Measure the walks before and after a decided gate anew, and keep them with the decision."""
    decisions.measure(session, actor, code, today=context.today(), at=at)
    return topic_detail(session, code, None)


@router.post("/topics/{code}/tasks/{task_no}", summary="Note that a task is done", dependencies=writes)
def complete_task(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: TaskDoneAsk,
    task_no: Annotated[int, Path(ge=1, le=10**6, description="Number of the task.")],
) -> TopicDetail:  # fmt: skip
    """Note that a task of a decided topic is done, with its result."""
    today = context.today()
    decisions.complete_task(session, actor, code, task_no, ask.result, ask.on or today, today=today)
    return topic_detail(session, code, None)


def _move(session: Session, actor: Actor, code: str, ask: TopicMoveAsk, today: date) -> None:
    on = ask.on or today
    if ask.move == "schedule":
        topics.schedule(session, actor, code, _given(ask.meeting, "meeting", ask.move), on, today=today)
    elif ask.move == "refuse":
        sitting_no = _given(ask.sitting_no, "sitting_no", ask.move)
        decisions.refuse(session, actor, code, sitting_no, _given(ask.note, "note", ask.move), today=today)
    elif ask.move == "finish":
        decisions.finish(session, actor, code, _given(ask.note, "note", ask.move), on, today=today)
    else:
        topics.withdraw(session, actor, code, _given(ask.note, "note", ask.move), on, today=today)


def _given(value: Any, field: str, move: str) -> Any:  # Any: whatever type the field has
    if value is None:
        raise InputError("topic_move_incomplete", field=field, move=move)
    return value


def _gate(ask: DecidedGateAsk) -> NewGate:
    lonlat = None if ask.lon is None or ask.lat is None else (ask.lon, ask.lat)
    return NewGate(
        ask.code, ask.opens_on, access=ask.access, hours=ask.hours, name=ask.name, lonlat=lonlat, at=ask.at
    )  # fmt: skip
