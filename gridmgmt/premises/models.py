"""Rental premises with their history, the rubrics, inspections and appeals, and what was published of them.

No column holds a person: there is no tenant, landlord, name, telephone or note here, and nothing to write one into.
"""

from datetime import date, datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, once_a_day, one_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.premises.rules import Factor, PremisesAppealReason, PremisesAppealState, PremisesChange, PremisesColour

NOW = text("valid_to IS NULL")


class PremisesRubric(Base):
    """One edition of how inspections are scored, see :class:`gridmgmt.premises.rules.Rubric`."""

    __tablename__ = "premises_rubrics"
    __table_args__ = (
        UniqueConstraint("valid_from"),
        CheckConstraint("cardinality(weights) = 7 AND cardinality(maxima) = 7", name="seven_factors"),
        CheckConstraint("0 < cut AND cut < green_from AND green_from <= full_score", name="bands_in_order"),
        CheckConstraint("cardinality(due_days) = 4", name="four_colours"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    weights: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """In the order of :class:`gridmgmt.premises.rules.Factor`, as are the maxima."""
    maxima: Mapped[list[float]] = mapped_column(ARRAY(Double))
    cut: Mapped[float]
    cut_inclusive: Mapped[bool]
    green_from: Mapped[float]
    full_score: Mapped[float]
    due_days: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """In the order of :class:`gridmgmt.premises.rules.PremisesColour`."""
    reinspection_type: Mapped[str]
    source: Mapped[str]


class PremisesInspection(Base):
    """An inspection as it was recorded; a factor that was not scored is NULL, and so is the score then."""

    __tablename__ = "premises_inspections"
    __table_args__ = (
        UniqueConstraint("premises_code", "inspected_on"),
        CheckConstraint(f"(score IS NULL) = (num_nulls({', '.join(Factor)}) > 0)", name="score_of_all_factors"),
        CheckConstraint(" AND ".join(f"{factor} >= 0" for factor in Factor), name="factors_non_negative"),
        CheckConstraint(
            f"(score IS NULL) = (colour IS NULL) AND {one_of('colour', PremisesColour)}", name="colour_known"
        ),
    )

    inspection_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    premises_code: Mapped[str]
    inspected_on: Mapped[date]
    population_information: Mapped[float | None]
    sanitation: Mapped[float | None]
    fire_safety: Mapped[float | None]
    public_security: Mapped[float | None]
    neighbour_relations: Mapped[float | None]
    care_of_property: Mapped[float | None]
    family_planning: Mapped[float | None]
    cooperating: Mapped[bool]
    rubric: Mapped[str] = mapped_column(ForeignKey("premises_rubrics.name"))
    score: Mapped[float | None]
    colour: Mapped[str | None]
    """What this inspection gave, whatever came after."""
    post_code: Mapped[str | None]
    """The post that inspected: an office, never a person."""
    case_no: Mapped[str | None]
    """The case that asks for a re-inspection."""


class Premises(Dated, Base):
    """What is known of premises from a day on, with their colour; rows are only added, and ended once."""

    __tablename__ = "premises"
    __table_args__ = (
        CheckConstraint(one_of("colour", PremisesColour), name="colour_known"),
        CheckConstraint(one_of("change", PremisesChange), name="change_known"),
        CheckConstraint("(inspection_id IS NULL) = (colour IS NULL)", name="colour_of_an_inspection"),
        begins_before_end(),
        once_a_day("ex_premises_once", "code"),
        Index("ix_premises_geom_now", "geom", postgresql_using="gist", postgresql_where=NOW),
        Index("ix_premises_geom_ended", "geom", postgresql_using="gist", postgresql_where=text("valid_to IS NOT NULL")),
        Index("ix_premises_code", "code", "valid_from"),
        Index("ix_premises_ended", "valid_to", postgresql_where=text("valid_to IS NOT NULL")),
        Index("ix_premises_due_on", "due_on", "code", postgresql_where=NOW),
        Index(
            "ix_premises_counted", "quarter_code",
            postgresql_include=["town_code", "district_code", "colour", "group_renting", "valid_from", "code"],
            postgresql_where=NOW,
        ),
        Index("ix_premises_town_code", "town_code", "code", postgresql_where=NOW),
        Index("ix_premises_colour", "colour", "code", postgresql_where=NOW),
        Index("ix_premises_inspection_id", "inspection_id"),
    )  # fmt: skip

    premises_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    """The same for all time."""
    address: Mapped[str]
    quarter_code: Mapped[str]
    """The areas that held the point on the day it was registered, kept as they were."""
    middle_code: Mapped[str | None]
    town_code: Mapped[str]
    district_code: Mapped[str]
    group_renting: Mapped[bool]
    cooperating: Mapped[bool]
    inspection_id: Mapped[int | None] = mapped_column(ForeignKey("premises_inspections.inspection_id"))
    """The complete inspection that gave the score."""
    inspected_on: Mapped[date | None]
    score: Mapped[float | None]
    colour: Mapped[str | None]
    due_on: Mapped[date]
    """When they are to be inspected next."""
    change: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))


class PremisesAppeal(Base):
    """An appeal against an inspection; decided once."""

    __tablename__ = "premises_appeals"
    __table_args__ = (
        CheckConstraint(one_of("reason", PremisesAppealReason), name="reason_known"),
        CheckConstraint(one_of("state", PremisesAppealState), name="state_known"),
        CheckConstraint(
            "(state = 'open') = (decided_on IS NULL) AND (decided_on IS NULL OR decided_on >= lodged_on)",
            name="decided_after_lodged",
        ),
        Index("uq_premises_appeals_open", "inspection_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_premises_appeals_premises_code", "premises_code"),
        Index("ix_premises_appeals_inspection_id", "inspection_id"),
    )

    appeal_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    premises_code: Mapped[str]
    inspection_id: Mapped[int] = mapped_column(ForeignKey("premises_inspections.inspection_id"))
    lodged_on: Mapped[date]
    reason: Mapped[str]
    state: Mapped[str]
    decided_on: Mapped[date | None]


class PremisesPublication(Base):
    """The counts of a month, published once and never changed; what is corrected shows in the next."""

    __tablename__ = "premises_publications"
    __table_args__ = (
        CheckConstraint("month = date_trunc('month', month)::date AND as_of >= month", name="month_first_day"),
        CheckConstraint("threshold >= 1", name="threshold_positive"),
    )

    month: Mapped[date] = mapped_column(primary_key=True)
    """Its first day."""
    as_of: Mapped[date]
    """Its last day, as which everything is counted."""
    threshold: Mapped[int]
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PremisesPublished(Base):
    """The counts of an area in a publication; NULL where one is withheld."""

    __tablename__ = "premises_published"
    __table_args__ = (CheckConstraint("level IN ('district', 'town', 'residential_quarter')", name="level_published"),)

    month: Mapped[date] = mapped_column(ForeignKey("premises_publications.month"), primary_key=True)
    level: Mapped[str] = mapped_column(String, primary_key=True)
    area_code: Mapped[str] = mapped_column(String, primary_key=True)
    premises: Mapped[int | None]
    green: Mapped[int | None]
    yellow: Mapped[int | None]
    watch: Mapped[int | None]
    red: Mapped[int | None]
    uninspected: Mapped[int | None]
    group_renting: Mapped[int | None]
