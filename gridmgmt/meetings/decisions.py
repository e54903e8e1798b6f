"""Deciding topics in a sitting that may: with the owners' record, money, gate, tasks and what comes of it.

A decided gate goes into the walking network as an edition of gates of its own, in force from the day it opens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
import shapely
from geoalchemy2 import WKBElement
from sqlalchemy import select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.areas.queries import ancestors, areas_at
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.editions.rules import EditionDraft, Subject, content_sha256
from gridmgmt.editions.service import open_edition
from gridmgmt.errors import ConflictError, InputError, NotFoundError, RuleViolationError
from gridmgmt.hours import parse_hours, text_of_rules
from gridmgmt.meetings import queries, topic_queries
from gridmgmt.meetings.models import Meeting, Sitting, Topic, TopicDecision, TopicOption, TopicTask
from gridmgmt.meetings.rules import (
    AreaEffect,
    GateEffects,
    MeetingRole,
    OwnersVote,
    TopicMove,
    TopicState,
    check_vote,
    moved,
    quorum,
)
from gridmgmt.meetings.topics import check_step, held, note_step
from gridmgmt.network.models import Gate
from gridmgmt.network.queries import gate_summaries

DEFAULT_AT = "wed 10:00"
_DATUM = "wgs84"
_EXTENT_MARGIN = 1e-4
"""Degrees around a gate, so that its edition has a surface."""


@dataclass(frozen=True)
class NewGate:
    """A gate as decided: one that is there, or a new one at ``lonlat`` (degrees; the topic's place without it).

    ``hours`` are rules as :mod:`gridmgmt.hours` reads them, None for always; ``at`` is the time of the week at which
    its effects are measured.
    """

    code: str
    opens_on: date
    access: Access = Access.PUBLIC
    hours: Mapping[str, Sequence[str]] | None = None
    name: str | None = None
    lonlat: tuple[float, float] | None = None
    at: str = DEFAULT_AT


@dataclass(frozen=True)
class NewTask:
    """Something that an office is to do until the end of a day."""

    title: str
    office: str
    due_on: date


@dataclass(frozen=True)
class NewDecision:
    """What a sitting resolves on a topic; ``geometry`` in WGS 84 degrees, the gate's place where none is given."""

    sitting_no: int
    resolution: str
    option_no: int | None = None
    owners_vote: OwnersVote | None = None
    amount_yuan: int | None = None
    funding: str | None = None
    gate: NewGate | None = None
    geometry: shapely.Geometry | None = None
    tasks: Sequence[NewTask] = field(default_factory=tuple)
    follow_up_on: date | None = None


def decide(session: Session, actor: Actor, code: str, new: NewDecision, *, today: date) -> TopicDecision:
    """Decide a topic that is on the agenda, in a sitting of its meeting at which all were whom it needs.

    What a gate changes is another question, which takes seconds on a large network: :func:`measure`.

    Raises
    ------
    NotFoundError
        ``topic_unknown``, ``sitting_unknown``, ``topic_option_unknown``.
    ConflictError
        ``topic_move_refused``.
    RuleViolationError
        ``quorum_missing`` with the roles that were not there; ``owners_procedure_missing``, ``owners_vote_failed``.
    InputError
        ``owners_vote_invalid``; ``funding_missing`` for money from nowhere; ``gate_opens_early`` for a gate that opens
        before it is decided; ``decision_dates`` for a task or follow-up before that day.
    """
    sitting, topic = _sitting(session, actor, code, new.sitting_no, TopicMove.DECIDE, today)
    _check(session, topic, sitting, new)
    decision = TopicDecision(
        topic_id=topic.topic_id, option_no=new.option_no, decided_on=sitting.held_on, amount_yuan=new.amount_yuan,
        funding=new.funding, follow_up_on=new.follow_up_on,
        owners_vote=None if new.owners_vote is None else asdict(new.owners_vote),
        geom=None if new.geometry is None else _stored(new.geometry),
    )  # fmt: skip
    if new.gate is not None:
        _adopt(session, actor, topic, sitting, decision, new.gate, today)
    _resolve(session, topic, sitting, TopicState.DECIDED, new.resolution)
    session.add(decision)
    session.add_all(
        TopicTask(topic_id=topic.topic_id, task_no=number, **asdict(task)) for number, task in enumerate(new.tasks, 1)
    )
    note_step(session, actor, topic, TopicMove.DECIDE, sitting.held_on, new.resolution, today=today)
    return decision


def refuse(session: Session, actor: Actor, code: str, sitting_no: int, reason: str, *, today: date) -> Topic:
    """Refuse a topic that is on the agenda, in a sitting that may, for a reason.

    Raises
    ------
    As :func:`decide`, for the sitting.
    """
    sitting, topic = _sitting(session, actor, code, sitting_no, TopicMove.REFUSE, today)
    _resolve(session, topic, sitting, TopicState.REFUSED, reason)
    note_step(session, actor, topic, TopicMove.REFUSE, sitting.held_on, reason, today=today)
    return topic


def finish(session: Session, actor: Actor, code: str, result: str, on: date, *, today: date) -> Topic:
    """Close a decided topic with what came of it.

    Raises
    ------
    ConflictError
        ``topic_move_refused``; ``topic_tasks_open`` while a task is not done.
    """
    topic = held(session, actor, code, today)
    state = moved(TopicState(topic.state), TopicMove.FINISH, code)
    open_tasks = session.scalars(
        select(TopicTask.title).where(TopicTask.topic_id == topic.topic_id, TopicTask.done_on.is_(None))
    ).all()
    if open_tasks:
        raise ConflictError("topic_tasks_open", topic=code, tasks=", ".join(open_tasks))
    topic.state, topic.result = state, result
    note_step(session, actor, topic, TopicMove.FINISH, on, result, today=today)
    return topic


def complete_task(
    session: Session, actor: Actor, code: str, task_no: int, result: str, on: date, *, today: date
) -> TopicTask:
    """Note that a task of a decided topic is done.

    Raises
    ------
    NotFoundError
        ``topic_task_unknown``.
    ConflictError
        ``topic_task_done`` when it is already.
    """
    topic = held(session, actor, code, today)
    task = session.get(TopicTask, (topic.topic_id, task_no))
    if task is None:
        raise NotFoundError("topic_task_unknown", field="task", value=task_no, topic=code)
    if task.done_on is not None:
        raise ConflictError("topic_task_done", field="task", value=task_no, topic=code, on=task.done_on)
    task.done_on, task.result = on, result
    session.flush()
    record(session, actor, "topic.task", f"topic:{code}", after={"task_no": task_no, "on": str(on), "result": result})
    return task


def measure(session: Session, actor: Actor, code: str, *, today: date, at: str = DEFAULT_AT) -> GateEffects | None:
    """Measure what the decided gate of a topic changes at a time of the week, and keep it with the decision.

    Returns
    -------
    GateEffects
        None, and nothing is kept, where no network or residents are in force around the day it opens.

    Raises
    ------
    NotFoundError
        ``topic_gate_missing`` when no gate was decided.
    """
    from gridmgmt.meetings.effects import gate_effects  # noqa: PLC0415 -- compiles for seconds

    topic = topic_queries.topic_of_code(session, code)
    decision = session.get(TopicDecision, topic.topic_id)
    if decision is None or decision.gate_code is None or decision.opens_on is None:
        raise NotFoundError("topic_gate_missing", field="topic", value=code)
    held(session, actor, code, today)
    spans = None if decision.gate_hours is None else parse_hours(decision.gate_hours).spans
    access = Access(decision.gate_access or Access.PUBLIC)
    found = gate_effects(session, decision.gate_code, access, spans, decision.opens_on, at)
    if found is not None:
        decision.effects = {**asdict(found), "on": str(found.on)}
        session.flush()
        after = {"gate": decision.gate_code, "at": found.at, "residents": found.total.residents}
        record(session, actor, "topic.measure", f"topic:{code}", after=after)
    return found


def effects_of(decision: TopicDecision) -> GateEffects | None:
    """Return what was measured of a decision's gate."""
    kept = decision.effects
    if kept is None:
        return None
    areas = tuple(AreaEffect(**area) for area in kept["areas"])
    on = date.fromisoformat(kept["on"])
    return GateEffects(**{**kept, "on": on, "total": AreaEffect(**kept["total"]), "areas": areas})


def _sitting(
    session: Session, actor: Actor, code: str, sitting_no: int, move: TopicMove, today: date
) -> tuple[Sitting, Topic]:
    """Return the sitting that settles a topic, once it may, and the topic."""
    topic = topic_queries.topic_of_code(session, code, hold=True)
    moved(TopicState(topic.state), move, code)
    meeting = session.get_one(Meeting, topic.meeting_id)
    sitting = queries.sitting_of(session, meeting, sitting_no)
    held(session, actor, code, today)
    require(
        actor,
        Permission.MEETINGS_WRITE,
        areas=ancestors(session, meeting.level, meeting.area_code, today),
    )
    check_step(session, topic, sitting.held_on, today, field="sitting")
    if not sitting.quorate:
        heads = {MeetingRole(role): count for role, count in sitting.attendance.items()}
        missing = ", ".join(quorum(queries.needed_roles(session, meeting.kind), heads).missing)
        raise RuleViolationError(
            "quorum_missing", field="sitting", value=sitting_no, meeting=meeting.code, missing=missing
        )  # fmt: skip
    return sitting, topic


def _check(session: Session, topic: Topic, sitting: Sitting, new: NewDecision) -> None:
    if topic.owners_procedure or new.owners_vote is not None:
        check_vote(new.owners_vote, topic=topic.code)
    if new.option_no is not None and session.get(TopicOption, (topic.topic_id, new.option_no)) is None:
        raise NotFoundError("topic_option_unknown", field="option", value=new.option_no, topic=topic.code)
    if new.amount_yuan is not None and not new.funding:
        raise InputError("funding_missing", field="funding", topic=topic.code)
    if new.gate is not None and new.gate.opens_on < sitting.held_on:
        raise InputError("gate_opens_early", field="opens_on", value=new.gate.opens_on, decided=sitting.held_on)
    for later in (*(task.due_on for task in new.tasks), new.follow_up_on):
        if later is not None and later < sitting.held_on:
            raise InputError("decision_dates", field="due_on", value=later, decided=sitting.held_on)


def _resolve(session: Session, topic: Topic, sitting: Sitting, state: TopicState, resolution: str) -> None:
    topic.state, topic.sitting_id, topic.resolution = state, sitting.sitting_id, resolution
    session.flush()


def _adopt(
    session: Session, actor: Actor, topic: Topic, sitting: Sitting, decision: TopicDecision, gate: NewGate, today: date
) -> None:  # fmt: skip
    """Put a gate into the network of the day it opens, as an edition of its own, and note it in the decision."""
    hours = None if gate.hours is None else {day: list(spans) for day, spans in gate.hours.items()}
    if hours is not None:
        parse_hours(hours)
    known = gate_summaries(session, gate.opens_on, code=gate.code)
    if known:
        lon, lat = known[-1].lon, known[-1].lat
    else:
        place = shapely.get_coordinates(shapely.from_wkb(bytes(topic.geom.data)))[0]
        lon, lat = gate.lonlat or (float(place[0]), float(place[1]))
    there = [area.code for area in areas_at(session, lon, lat, today)]
    require(actor, Permission.MEETINGS_WRITE, areas=there)
    name = gate.name or (known[-1].name if known else None) or topic.title
    edition = _edition(session, topic, sitting, gate, (lon, lat))
    point = _stored(shapely.Point(lon, lat))
    row = Gate(edition_id=edition.edition_id, code=gate.code, name=name, access=str(gate.access), geom=point)
    row.attributes = {"topic": topic.code}
    if hours is not None:  # a JSON null would not be no rules
        row.hours, row.hours_text = hours, text_of_rules(hours)
    session.add(row)
    session.flush()
    decision.gate_code, decision.gate_access, decision.gate_hours = gate.code, str(gate.access), hours
    decision.opens_on, decision.gate_edition_id = gate.opens_on, edition.edition_id
    if decision.geom is None:
        decision.geom = point
    facts: dict[str, Any] = {"topic": topic.code, "access": gate.access, "hours": hours, "on": str(gate.opens_on)}
    record(session, actor, "gate.adopt", f"gate:{gate.code}", after=facts)


def _stored(geometry: shapely.Geometry) -> WKBElement:
    return WKBElement(shapely.to_wkb(geometry), srid=STORAGE_SRID)


def _edition(
    session: Session, topic: Topic, sitting: Sitting, gate: NewGate, lonlat: tuple[float, float]
) -> Edition:  # fmt: skip
    meeting = session.get_one(Meeting, sitting.meeting_id)
    said = repr((gate.code, str(gate.access), gate.hours))
    lon, lat = lonlat
    draft = EditionDraft(
        subject=Subject.GATES,
        name=f"{topic.code} {gate.code}",
        source=f"{meeting.name} {sitting.held_on}",
        synthetic=bool(holds_synthetic(session)),
        datum=_DATUM,
        content_sha256=content_sha256({"gate": np.array([said]), "geometry": np.array(lonlat)}),
        valid_from=gate.opens_on,
        extent=(lon - _EXTENT_MARGIN, lat - _EXTENT_MARGIN, lon + _EXTENT_MARGIN, lat + _EXTENT_MARGIN),
        details={"topic": topic.code},
    )
    edition, new = open_edition(session, draft)
    if not new:
        raise ConflictError("edition_name_taken", subject=draft.subject, name=draft.name)
    return edition
