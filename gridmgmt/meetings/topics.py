"""What residents, cases, indicators and bodies bring before a meeting: proposed, supported, heard, on the agenda."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import shapely
from geoalchemy2 import WKBElement
from sqlalchemy import func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import AreaSummary, ancestors, areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.meetings import queries, topic_queries
from gridmgmt.meetings.models import (
    Topic,
    TopicHearing,
    TopicObjection,
    TopicOption,
    TopicRule,
    TopicStep,
    TopicSupport,
)
from gridmgmt.meetings.rules import (
    MeetingRole,
    TopicMove,
    TopicOrigin,
    TopicState,
    check_held,
    first_state,
    moved,
    topic_code,
)

MOST_SUPPORTERS = 100_000
_NUMBERING_LOCK = 3_101_138
_OPEN = (TopicState.PROPOSED, TopicState.SUPPORTED, TopicState.AGENDA)


@dataclass(frozen=True)
class Proposal:
    """A topic to be brought in, at a place in degrees; ``area`` is that of the place unless it is named.

    ``origin_ref`` is the number of the case, the name of the indicator or the body that it comes from.
    """

    title: str
    lon: float
    lat: float
    on: date
    origin: TopicOrigin = TopicOrigin.RESIDENT_PROPOSAL
    origin_ref: str | None = None
    detail: str | None = None
    area: str | None = None
    owners_procedure: bool = False


def propose(session: Session, actor: Actor, proposal: Proposal, *, today: date) -> Topic:
    """Bring a topic in; what residents propose waits for supporters, as many as the rule of the day says.

    Raises
    ------
    InputError
        ``topic_outside`` where no area holds the place, or not the one that is named; ``topic_origin_missing`` when
        it comes from a case, an indicator or a body and does not say which; ``held_in_future``.
    NotFoundError
        ``case_unknown``; ``topic_rule_missing``.
    """
    area = _area_of(session, proposal)
    resident = proposal.origin is TopicOrigin.RESIDENT_PROPOSAL
    # What needs no supporters is brought in by whoever keeps the topics.
    permission = Permission.CASES_REPORT if resident else Permission.MEETINGS_WRITE
    require(actor, permission, areas=ancestors(session, area.level, area.code, today))
    if not resident and not proposal.origin_ref:
        raise InputError("topic_origin_missing", field="origin_ref", origin=proposal.origin)
    ref = proposal.origin_ref
    if proposal.origin is TopicOrigin.CASE and ref is not None and not queries.case_exists(session, ref):
        raise NotFoundError("case_unknown", field="origin_ref", value=ref)
    topic = Topic(
        code=_next_code(session, proposal.on.year),
        title=proposal.title, detail=proposal.detail, origin=proposal.origin, origin_ref=ref,
        level=area.level, area_code=area.code, state=first_state(proposal.origin),
        owners_procedure=proposal.owners_procedure, supporters=0,
        supporters_needed=topic_queries.supporters_needed(session, proposal.on) if resident else 0,
        proposed_on=proposal.on,
        geom=WKBElement(shapely.to_wkb(shapely.Point(proposal.lon, proposal.lat)), srid=STORAGE_SRID),
    )  # fmt: skip
    session.add(topic)
    session.flush()
    note_step(session, actor, topic, TopicMove.PROPOSE, proposal.on, today=today)
    return topic


def support(session: Session, actor: Actor, code: str, supporters: int, on: date, *, today: date) -> Topic:
    """Count more supporters, who are nobody's business beyond their number; enough of them bring the topic on.

    Raises
    ------
    InputError
        ``supporters_invalid`` for fewer than one; of the day as :func:`check_step`.
    ConflictError
        ``topic_move_refused`` unless the topic is proposed or supported.
    """
    topic = topic_queries.topic_of_code(session, code, hold=True)
    require(actor, Permission.CASES_REPORT, areas=_above(session, topic, today))
    if not 1 <= supporters <= MOST_SUPPORTERS:
        raise InputError("supporters_invalid", field="supporters", value=supporters, maximum=MOST_SUPPORTERS)
    if topic.state != TopicState.SUPPORTED:
        moved(TopicState(topic.state), TopicMove.SUPPORT, code)
    check_step(session, topic, on, today)
    _count(session, topic, supporters, on)
    topic.supporters += supporters
    if topic.state == TopicState.PROPOSED and topic.supporters >= topic.supporters_needed:
        topic.state = TopicState.SUPPORTED
        note_step(session, actor, topic, TopicMove.SUPPORT, on, today=today)
    else:
        session.flush()
        record(session, actor, "topic.count", f"topic:{code}", after={"supporters": topic.supporters})
    return topic


def schedule(session: Session, actor: Actor, code: str, meeting_code: str, on: date, *, today: date) -> Topic:
    """Put a supported topic on the agenda of a meeting that holds its area.

    Raises
    ------
    InputError
        ``meeting_of_other_area``; of the day as :func:`check_step`.
    ConflictError
        ``topic_move_refused``; ``meeting_not_held`` on the day.
    """
    topic = held(session, actor, code, today)
    meeting = queries.meeting_of_code(session, meeting_code)
    if meeting.area_code not in _above(session, topic, on):
        raise InputError("meeting_of_other_area", field="meeting", value=meeting_code, topic=code, area=topic.area_code)
    if meeting.valid_from > on or (meeting.valid_to is not None and meeting.valid_to <= on):
        raise ConflictError("meeting_not_held", field="meeting", value=on, meeting=meeting_code)
    topic.state = moved(TopicState(topic.state), TopicMove.SCHEDULE, code)
    topic.meeting_id = meeting.meeting_id
    note_step(session, actor, topic, TopicMove.SCHEDULE, on, meeting.name, today=today)
    return topic


def withdraw(session: Session, actor: Actor, code: str, reason: str, on: date, *, today: date) -> Topic:
    """End a topic that is not decided, for a reason.

    Raises
    ------
    ConflictError
        ``topic_move_refused``.
    """
    topic = held(session, actor, code, today)
    topic.state = moved(TopicState(topic.state), TopicMove.WITHDRAW, code)
    note_step(session, actor, topic, TopicMove.WITHDRAW, on, reason, today=today)
    return topic


def add_option(
    session: Session, actor: Actor, code: str, title: str, *, today: date,
    detail: str | None = None, amount_yuan: int | None = None,
) -> TopicOption:  # fmt: skip
    """Add a way to settle an open topic."""
    topic = _open(session, actor, code, today)
    number = queries.next_no(session, TopicOption.option_no, TopicOption.topic_id == topic.topic_id)
    option = TopicOption(
        topic_id=topic.topic_id, option_no=number, title=title, detail=detail, amount_yuan=amount_yuan,
        noted_on=today,
    )  # fmt: skip
    session.add(option)
    _note(session, actor, "topic.option", topic, {"option_no": number, "title": title, "amount_yuan": amount_yuan})
    return option


def object_to(
    session: Session, actor: Actor, code: str, office: str, said: str, *, today: date,
    objectors: int = 1, answer: str | None = None,
) -> TopicObjection:  # fmt: skip
    """Note an objection to an open topic by the office that heard it; objectors are only counted.

    Raises
    ------
    InputError
        ``objectors_invalid`` for fewer than one.
    """
    topic = _open(session, actor, code, today)
    if objectors < 1:
        raise InputError("objectors_invalid", field="objectors", value=objectors)
    number = queries.next_no(session, TopicObjection.objection_no, TopicObjection.topic_id == topic.topic_id)
    objection = TopicObjection(
        topic_id=topic.topic_id,
        objection_no=number,
        office=office,
        said=said,
        objectors=objectors,
        answer=answer,
        noted_on=today,
    )
    session.add(objection)
    _note(session, actor, "topic.object", topic, {"objection_no": number, "office": office, "objectors": objectors})
    return objection


def hear(
    session: Session, actor: Actor, code: str, on: date, attendance: Mapping[MeetingRole, int], text: str, *,
    today: date, document_no: str | None = None,
) -> TopicHearing:  # fmt: skip
    """Keep the record of a hearing on an open topic.

    Raises
    ------
    InputError
        ``held_in_future``; ``attendance_missing`` when nobody came, ``attendance_invalid`` for fewer than none.
    """
    topic = _open(session, actor, code, today)
    check_held(on, today, field="on")
    for role, count in attendance.items():
        if count < 0:
            raise InputError("attendance_invalid", field="attendance", value=count, role=role, maximum="∞")
    if not sum(attendance.values()):
        raise InputError("attendance_missing", field="attendance")
    number = queries.next_no(session, TopicHearing.hearing_no, TopicHearing.topic_id == topic.topic_id)
    heads = {str(role): count for role, count in attendance.items()}
    hearing = TopicHearing(
        topic_id=topic.topic_id, hearing_no=number, held_on=on, attendance=heads, record=text, document_no=document_no
    )
    session.add(hearing)
    _note(session, actor, "topic.hear", topic, {"hearing_no": number, "held_on": str(on), "attendance": heads})
    return hearing


def set_supporters_needed(session: Session, actor: Actor, supporters: int, on: date, source: str) -> TopicRule:
    """Say how many supporters a proposal needs that is made from a day on; topics that are there keep theirs.

    Raises
    ------
    InputError
        ``supporters_invalid``.
    """
    require(actor, Permission.MEETINGS_WRITE)
    if not 1 <= supporters <= MOST_SUPPORTERS:
        raise InputError("supporters_invalid", field="supporters", value=supporters, maximum=MOST_SUPPORTERS)
    rule = session.merge(TopicRule(valid_from=on, supporters=supporters, source=source))
    session.flush()
    after = {"supporters": supporters, "source": source}
    record(session, actor, "topic.rule", f"topic_rule:{on}", after=after)
    return rule


def held(session: Session, actor: Actor, code: str, today: date) -> Topic:
    """Return a topic locked against other changes, once the actor may keep meetings where it lies today."""
    topic = topic_queries.topic_of_code(session, code, hold=True)
    require(actor, Permission.MEETINGS_WRITE, areas=_above(session, topic, today))
    return topic


def check_step(session: Session, topic: Topic, on: date, today: date, *, field: str = "on") -> None:
    """Refuse a day on which a topic cannot have been moved: the state of any day is told by its last step until then.

    Raises
    ------
    InputError
        ``held_in_future``; ``topic_step_early`` before the topic's last step.
    """
    check_held(on, today, field=field)
    last = session.scalar(select(func.max(TopicStep.on)).where(TopicStep.topic_id == topic.topic_id))
    if last is not None and on < last:
        raise InputError("topic_step_early", field=field, value=on, last=last, topic=topic.code)


def note_step(
    session: Session, actor: Actor, topic: Topic, move: TopicMove, on: date, note: str | None = None, *, today: date
) -> None:
    """Write down a move of a topic that has just been made, in steps and log; raises as :func:`check_step`."""
    check_step(session, topic, on, today)
    number = queries.next_no(session, TopicStep.step_no, TopicStep.topic_id == topic.topic_id)
    session.add(
        TopicStep(topic_id=topic.topic_id, step_no=number, move=move, state=topic.state, on=on, note=note)
    )  # fmt: skip
    session.flush()
    after = {"state": str(topic.state), "on": str(on), "note": note}
    record(session, actor, f"topic.{move}", f"topic:{topic.code}", after=after)


def _open(session: Session, actor: Actor, code: str, today: date) -> Topic:
    topic = held(session, actor, code, today)
    if topic.state not in _OPEN:
        raise ConflictError("topic_closed", topic=code, state=topic.state)
    return topic


def _count(session: Session, topic: Topic, supporters: int, on: date) -> None:
    """Keep how many supporters were counted on a day, which is no earlier one than that of those before."""
    mine = TopicSupport.topic_id == topic.topic_id
    last = session.scalar(select(func.max(TopicSupport.on)).where(mine))
    if last is not None and on < last:
        raise InputError("topic_step_early", field="on", value=on, last=last, topic=topic.code)
    number = queries.next_no(session, TopicSupport.support_no, mine)
    session.add(TopicSupport(topic_id=topic.topic_id, support_no=number, supporters=supporters, on=on))


def _note(session: Session, actor: Actor, action: str, topic: Topic, after: Mapping[str, object]) -> None:
    session.flush()
    record(session, actor, action, f"topic:{topic.code}", after=after)


def _above(session: Session, topic: Topic, on: date) -> list[str]:
    return ancestors(session, topic.level, topic.area_code, on)


def _area_of(session: Session, proposal: Proposal) -> AreaSummary:
    """Return the area of a proposal: the smallest that holds its place, or the one that is named."""
    found = [
        area for area in areas_at(session, proposal.lon, proposal.lat, proposal.on) if area.level != AreaLevel.GRID_CELL
    ]
    meant = [area for area in found if proposal.area in (None, area.code)]
    if not meant:
        raise InputError("topic_outside", field="area", value=proposal.area, lon=proposal.lon, lat=proposal.lat)
    return meant[-1]


def _next_code(session: Session, year: int) -> str:
    """Return the next code of a year; who asks at the same time waits."""
    session.execute(select(func.pg_advisory_xact_lock(_NUMBERING_LOCK)))
    of_year = select(Topic.code).where(Topic.code.startswith(topic_code(year, 0)[:-4]))
    last = session.scalar(of_year.order_by(func.length(Topic.code).desc(), Topic.code.desc()).limit(1))
    return topic_code(year, 1 if last is None else int(last.rpartition("-")[2]) + 1)
