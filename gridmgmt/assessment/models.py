"""Schemes with their items, rounds, entries and events; only appeals and signatures ever change a row."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import one_of
from gridmgmt.assessment.rules import (
    AppealState,
    AssessmentDirection,
    EventCause,
    EventEffect,
    EvidenceKind,
    RoundState,
    SchemePreset,
)
from gridmgmt.db import Base

_JSON = text("'{}'::jsonb")


class AssessmentScheme(Base):
    """An edition of a scheme, see :class:`gridmgmt.assessment.rules.NewScheme`; one of the same name succeeds it."""

    __tablename__ = "assessment_schemes"
    __table_args__ = (
        CheckConstraint(one_of("direction", AssessmentDirection), name="direction_known"),
        CheckConstraint(one_of("preset", SchemePreset), name="preset_known"),
        UniqueConstraint("name_zh", "direction", "valid_from", name="uq_assessment_schemes_edition"),
    )

    scheme_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    direction: Mapped[str]
    preset: Mapped[str | None]
    valid_from: Mapped[date]
    source: Mapped[str]
    is_example: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it comes with the program, as a starting point and not as anybody's decision."""
    groups: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    """``{code: {zh, en}}`` of the groups beside the core."""


class AssessmentItemRow(Base):
    """One item of a scheme, see :class:`gridmgmt.assessment.rules.AssessmentItem`."""

    __tablename__ = "assessment_items"
    __table_args__ = (
        CheckConstraint("weight > 0 AND weight <= 100", name="weight_possible"),
        CheckConstraint(one_of("evidence", EvidenceKind), name="evidence_known"),
        CheckConstraint("(ratio IS NOT NULL) = (evidence = 'indicator')", name="ratio_of_indicators"),
        CheckConstraint("zero_at <> full_at", name="scale_apart"),
    )

    scheme_id: Mapped[int] = mapped_column(ForeignKey("assessment_schemes.scheme_id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    """Where it stands in the scheme, from 0."""
    group_code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    weight: Mapped[Decimal] = mapped_column(Numeric)
    evidence: Mapped[str]
    zero_at: Mapped[Decimal] = mapped_column(Numeric)
    full_at: Mapped[Decimal] = mapped_column(Numeric)
    min_sample: Mapped[int]
    ratio: Mapped[str | None]
    narrowed: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)


class AssessmentRound(Base):
    """A scheme applied to subjects in a period of local days, both included."""

    __tablename__ = "assessment_rounds"
    __table_args__ = (
        CheckConstraint("period_first <= period_last", name="period_forwards"),
        CheckConstraint("cardinality(subjects) > 0", name="subjects_some"),
        CheckConstraint(one_of("state", RoundState), name="state_known"),
        CheckConstraint(
            "(state = 'signed') = (document IS NOT NULL) AND (document IS NULL) = (sha256 IS NULL)"
            " AND (document IS NULL) = (signed_at IS NULL)",
            name="kept_when_signed",
        ),
        UniqueConstraint("round_id", "scheme_id"),
        Index("ix_assessment_rounds_scheme_id", "scheme_id"),
    )

    round_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    scheme_id: Mapped[int] = mapped_column(ForeignKey("assessment_schemes.scheme_id"))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    period_first: Mapped[date]
    period_last: Mapped[date]
    subjects: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Codes of streets or departments."""
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    document: Mapped[str | None]
    """The result as canonical JSON, as it was signed."""
    sha256: Mapped[str | None]
    """Over the document."""
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_by: Mapped[str | None]
    """Name of the account."""


class AssessmentEntry(Base):
    """What was entered for an item of a subject; the newest counts, of each judging street its own."""

    __tablename__ = "assessment_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["round_id", "scheme_id"], ["assessment_rounds.round_id", "assessment_rounds.scheme_id"],
            name="fk_assessment_entries_round",
        ),
        ForeignKeyConstraint(
            ["scheme_id", "item_code"], ["assessment_items.scheme_id", "assessment_items.code"],
            name="fk_assessment_entries_item",
        ),
        CheckConstraint("sample > 0", name="sample_some"),
        CheckConstraint("sample IS NOT NULL OR document IS NOT NULL", name="sample_or_document"),
        Index("ix_assessment_entries_cell", "round_id", "subject_code", "item_code", "entry_id"),
    )  # fmt: skip

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[int]
    scheme_id: Mapped[int]
    subject_code: Mapped[str]
    item_code: Mapped[str]
    judge_code: Mapped[str | None]
    value: Mapped[Decimal] = mapped_column(Numeric)
    sample: Mapped[int | None]
    document: Mapped[str | None]
    document_sha256: Mapped[str | None]
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class AssessmentEvent(Base):
    """A deduction or veto with its document, and the appeal against it."""

    __tablename__ = "assessment_events"
    __table_args__ = (
        CheckConstraint(one_of("effect", EventEffect), name="effect_known"),
        CheckConstraint(one_of("cause", EventCause), name="cause_known"),
        CheckConstraint(one_of("appeal", AppealState), name="appeal_known"),
        CheckConstraint("(points IS NOT NULL) = (effect = 'deduction')", name="points_of_deductions"),
        CheckConstraint("points > 0 AND points <= 100", name="points_possible"),
        CheckConstraint("(appeal IS NULL) = (appeal_document IS NULL)", name="appeal_documented"),
        Index("ix_assessment_events_round_id", "round_id"),
    )

    event_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("assessment_rounds.round_id"))
    subject_code: Mapped[str]
    effect: Mapped[str]
    cause: Mapped[str]
    occurred_on: Mapped[date]
    points: Mapped[Decimal | None] = mapped_column(Numeric)
    document: Mapped[str]
    document_sha256: Mapped[str | None]
    appeal: Mapped[str | None]
    appeal_document: Mapped[str | None]
    decision_document: Mapped[str | None]
