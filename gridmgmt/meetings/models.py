"""Meetings with members and sittings; topics with their steps, options, objections, decision and tasks; projects.

No table has a person: members are bodies and offices, attendance and supporters are counts.
"""

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, one_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.meetings.rules import MeetingKind, MeetingRole, ProjectState, TopicMove, TopicOrigin, TopicState

_EMPTY = text("'{}'::jsonb")
AFTER_SITTING = (TopicState.DECIDED, TopicState.REFUSED, TopicState.DONE)
"""The states of a topic that only a sitting brings it to."""


class QuorumRule(Base):
    """Which roles must be there for a meeting of a kind to decide."""

    __tablename__ = "quorum_rules"
    __table_args__ = (CheckConstraint(one_of("kind", MeetingKind), name="kind_known"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    source: Mapped[str]


class TopicRule(Base):
    """From a day on, how many supporters bring what residents propose before a meeting."""

    __tablename__ = "topic_rules"
    __table_args__ = (CheckConstraint("supporters >= 1", name="supporters_positive"),)

    valid_from: Mapped[date] = mapped_column(primary_key=True)
    supporters: Mapped[int]
    source: Mapped[str]


class Meeting(Dated, Base):
    """A meeting of an area that sits again and again; its code is used once for all time."""

    __tablename__ = "meetings"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint(one_of("kind", MeetingKind), name="kind_known"),
        CheckConstraint("seats >= 1", name="seats_positive"),
        begins_before_end(),
        Index("ix_meetings_area_code", "area_code"),
    )

    meeting_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    convenor: Mapped[str]
    """The body or office that calls it together; never a person."""
    body_code: Mapped[str | None]
    """The convenor in a register of bodies, where there is one."""
    seats: Mapped[int]


class MeetingMember(Base):
    """A body, office or group that sits in a meeting."""

    __tablename__ = "meeting_members"
    __table_args__ = (
        CheckConstraint(one_of("role", MeetingRole), name="role_known"),
        CheckConstraint("seats >= 1", name="seats_positive"),
    )

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.meeting_id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    seats: Mapped[int]


class Sitting(Base):
    """One sitting of a meeting; numbered from 1."""

    __tablename__ = "meeting_sittings"
    __table_args__ = (UniqueConstraint("meeting_id", "sitting_no"),)

    sitting_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.meeting_id"))
    sitting_no: Mapped[int]
    held_on: Mapped[date]
    place: Mapped[str | None]
    attendance: Mapped[dict[str, int]] = mapped_column(JSONB)
    """Heads by role."""
    quorate: Mapped[bool]
    """As the rule of its day had it."""
    document_no: Mapped[str | None]


class Topic(Base):
    """A matter brought before a meeting; its steps tell how it came to its state."""

    __tablename__ = "topics"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint(one_of("origin", TopicOrigin), name="origin_known"),
        CheckConstraint(one_of("state", TopicState), name="state_known"),
        CheckConstraint("supporters >= 0 AND supporters_needed >= 0", name="supporters_counted"),
        CheckConstraint(
            f"NOT ({one_of('state', AFTER_SITTING)}) OR (sitting_id IS NOT NULL AND resolution IS NOT NULL)",
            name="decided_in_sitting",
        ),
        CheckConstraint("state <> 'done' OR result IS NOT NULL", name="done_with_result"),
        Index("ix_topics_geom", "geom", postgresql_using="gist"),
        Index("ix_topics_state", "state"),
        Index("ix_topics_area_code", "area_code"),
        Index("ix_topics_meeting_id", "meeting_id"),
    )

    topic_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    title: Mapped[str]
    detail: Mapped[str | None]
    origin: Mapped[str]
    origin_ref: Mapped[str | None]
    """Number of the case, name of the indicator, or the body that brings it."""
    level: Mapped[str]
    area_code: Mapped[str]
    state: Mapped[str]
    owners_procedure: Mapped[bool]
    """Whether the owners must have voted before it can be decided."""
    supporters: Mapped[int] = mapped_column(server_default=text("0"))
    supporters_needed: Mapped[int]
    proposed_on: Mapped[date]
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings.meeting_id"))
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_sittings.sitting_id"))
    resolution: Mapped[str | None]
    """What the sitting resolved, or why it refused."""
    result: Mapped[str | None]
    """What came of it."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))


class TopicStep(Base):
    """A move of a topic; only ever added."""

    __tablename__ = "topic_steps"
    __table_args__ = (
        CheckConstraint(one_of("move", TopicMove), name="move_known"),
        CheckConstraint(one_of("state", TopicState), name="state_known"),
    )

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.topic_id"), primary_key=True)
    step_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    move: Mapped[str]
    state: Mapped[str]
    """After it."""
    on: Mapped[date]
    note: Mapped[str | None]
    noted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class TopicSupport(Base):
    """Supporters that were counted on a day; who they are is not kept. Only ever added."""

    __tablename__ = "topic_supports"
    __table_args__ = (CheckConstraint("supporters >= 1", name="supporters_positive"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.topic_id"), primary_key=True)
    support_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    supporters: Mapped[int]
    on: Mapped[date]


class TopicOption(Base):
    """A way to settle a topic."""

    __tablename__ = "topic_options"
    __table_args__ = (CheckConstraint("amount_yuan >= 0", name="amount_counted"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.topic_id"), primary_key=True)
    option_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    detail: Mapped[str | None]
    amount_yuan: Mapped[int | None] = mapped_column(BigInteger)
    noted_on: Mapped[date]


class TopicObjection(Base):
    """What some object to, told by the office that heard it; those who object are only counted."""

    __tablename__ = "topic_objections"
    __table_args__ = (CheckConstraint("objectors >= 1", name="objectors_positive"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.topic_id"), primary_key=True)
    objection_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    office: Mapped[str]
    said: Mapped[str]
    objectors: Mapped[int]
    answer: Mapped[str | None]
    noted_on: Mapped[date]


class TopicHearing(Base):
    """The record of a hearing on a topic; who attended is counted by role."""

    __tablename__ = "topic_hearings"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.topic_id"), primary_key=True)
    hearing_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    held_on: Mapped[date]
    attendance: Mapped[dict[str, int]] = mapped_column(JSONB)
    record: Mapped[str]
    document_no: Mapped[str | None]


class TopicDecision(Base):
    """What was decided on a topic: the option, the owners' vote, the money, the place, the gate and what it changes."""

    __tablename__ = "topic_decisions"
    __table_args__ = (
        CheckConstraint("amount_yuan >= 0", name="amount_counted"),
        CheckConstraint("amount_yuan IS NULL OR funding IS NOT NULL", name="funded"),
        CheckConstraint("geom IS NULL OR (ST_IsValid(geom) AND NOT ST_IsEmpty(geom))", name="geom_valid"),
        CheckConstraint("num_nonnulls(gate_code, gate_access, gate_edition_id, opens_on) IN (0, 4)", name="gate_whole"),
    )

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.topic_id"), primary_key=True)
    option_no: Mapped[int | None]
    decided_on: Mapped[date]
    amount_yuan: Mapped[int | None] = mapped_column(BigInteger)
    funding: Mapped[str | None]
    """Where the money comes from."""
    follow_up_on: Mapped[date | None]
    owners_vote: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """See :class:`gridmgmt.meetings.rules.OwnersVote`."""
    gate_code: Mapped[str | None]
    gate_access: Mapped[str | None]
    gate_hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Rules as :mod:`gridmgmt.hours` reads them; NULL for always open."""
    opens_on: Mapped[date | None]
    gate_edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.edition_id"))
    effects: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """See :class:`gridmgmt.meetings.rules.GateEffects`; exact."""
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=STORAGE_SRID, spatial_index=False))


class TopicTask(Base):
    """Something that an office is to do about a decided topic."""

    __tablename__ = "topic_tasks"
    __table_args__ = (CheckConstraint("done_on IS NULL OR result IS NOT NULL", name="done_with_result"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.topic_id"), primary_key=True)
    task_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    office: Mapped[str]
    due_on: Mapped[date]
    done_on: Mapped[date | None]
    result: Mapped[str | None]


class PartnerAgreement(Dated, Base):
    """Agreements of a meeting with partner units; a bare number where the source does not say with whom."""

    __tablename__ = "partner_agreements"
    __table_args__ = (
        CheckConstraint("agreements >= 1", name="agreements_positive"),
        CheckConstraint("partner IS NULL OR agreements = 1", name="one_with_each"),
        begins_before_end(),
        Index("ix_partner_agreements_meeting_id", "meeting_id"),
    )

    agreement_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.meeting_id"))
    partner: Mapped[str | None]
    agreements: Mapped[int]
    subject: Mapped[str]
    source: Mapped[str | None]


class SelfProject(Base):
    """A self-governance project of an area with a small budget."""

    __tablename__ = "self_projects"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint(one_of("state", ProjectState), name="state_known"),
        CheckConstraint("amount_yuan >= 0", name="amount_counted"),
        CheckConstraint("state <> 'finished' OR result IS NOT NULL", name="finished_with_result"),
        Index("ix_self_projects_area_code", "area_code"),
        Index("ix_self_projects_topic_id", "topic_id"),
    )

    project_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    title: Mapped[str]
    amount_yuan: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    applied_on: Mapped[date]
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.topic_id"))
    result: Mapped[str | None]


class SelfProjectStep(Base):
    """A state that a project was brought to on a day; only ever added."""

    __tablename__ = "self_project_steps"
    __table_args__ = (CheckConstraint(one_of("state", ProjectState), name="state_known"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("self_projects.project_id"), primary_key=True)
    step_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    on: Mapped[date]
    result: Mapped[str | None]
