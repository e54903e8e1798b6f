"""Targets with their items and milestones, renewal projects, and budgets with their parts.

Targets, projects and budgets are said from a day on, ended once and never changed; milestones are only added. Areas
are named by level and code, so that what is said of them outlives a boundary edition.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
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

from gridmgmt.areas.models import Dated, begins_before_end, once_a_day, one_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.targets.rules import AmountBound, TargetStage


class Target(Dated, Base):
    """So many new points that an area wants in a year, as said from a day on."""

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint("wanted > 0", name="wanted_counted"),
        CheckConstraint("cardinality(kinds) > 0", name="kinds_named"),
        begins_before_end(),
        once_a_day("ex_targets_once", "code"),
        Index("ix_targets_area_code", "area_code"),
    )

    target_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The types of service points of which each opens an item."""
    wanted: Mapped[int]
    year: Mapped[int]
    owner_post: Mapped[str]
    """The post or office that answers for it; never a person."""
    source: Mapped[str]


class TargetItem(Base):
    """One point of a target: where it is to be, what it may cost, and what is known of its site."""

    __tablename__ = "target_items"
    __table_args__ = (
        CheckConstraint("item_no > 0", name="item_no_counted"),
        CheckConstraint("budget_yuan >= 0", name="budget_counted"),
        CheckConstraint("(plan_name IS NULL) = (plan_rank IS NULL)", name="plan_whole"),
        UniqueConstraint("target_code", "item_no"),
        Index("uq_target_items_plan", "target_code", "plan_name", "plan_rank", unique=True),
        Index("uq_target_items_point", "service_point_code", unique=True),
        Index("ix_target_items_geom", "geom", postgresql_using="gist"),
    )

    item_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    target_code: Mapped[str]
    item_no: Mapped[int]
    name: Mapped[str]
    budget_yuan: Mapped[int | None] = mapped_column(BigInteger)
    dues: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The last day that is in time, by stage."""
    plan_name: Mapped[str | None]
    """The siting plan whose point it is."""
    plan_rank: Mapped[int | None]
    card: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What was asked of its site, the verdict and the day: see :class:`api.target_schemas.TargetCardIn`."""
    service_point_code: Mapped[str | None]
    """The point that stands there now that it is open."""
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))


class TargetMilestone(Base):
    """An item came to a stage on a day; rows are only added."""

    __tablename__ = "target_milestones"
    __table_args__ = (
        CheckConstraint(one_of("stage", TargetStage), name="stage_known"),
        Index("ix_target_milestones_item_id", "item_id", "milestone_id"),
    )

    milestone_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("target_items.item_id"))
    stage: Mapped[str]
    reached_on: Mapped[date]
    reason: Mapped[str | None]
    noted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class RenewalProject(Dated, Base):
    """The renewal of a housing estate: its surface and period, and the elders who live elsewhere meanwhile."""

    __tablename__ = "renewal_projects"
    __table_args__ = (
        CheckConstraint("households >= 0", name="households_counted"),
        CheckConstraint("(households IS NULL) = (households_source IS NULL)", name="households_have_a_source"),
        CheckConstraint("moved_60_plus >= 0", name="moved_60_plus_counted"),
        CheckConstraint("ends_on >= begins_on", name="period"),
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        begins_before_end(),
        once_a_day("ex_renewal_projects_once", "code"),
        Index("ix_renewal_projects_geom", "geom", postgresql_using="gist"),
    )

    project_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    begins_on: Mapped[date]
    ends_on: Mapped[date | None]
    """The last day, as planned."""
    households: Mapped[int | None]
    households_source: Mapped[str | None]
    moved_60_plus: Mapped[int | None]
    """Elders who live elsewhere while it lasts: a count, of nobody in particular."""
    away_edition: Mapped[str | None]
    """The population edition in which they live elsewhere."""
    home_edition: Mapped[str | None]
    """The one in which they live at home."""
    source: Mapped[str]
    area_m2: Mapped[float] = mapped_column(Computed("ST_Area(geom::geography)", persisted=True))
    """Surface on the ellipsoid."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False))


class Budget(Dated, Base):
    """What an area may spend in a year, as said from a day on; the stated total stands beside the parts."""

    __tablename__ = "budgets"
    __table_args__ = (
        CheckConstraint("num_nonnulls(total_yuan, total_bound) IN (0, 2)", name="total_whole"),
        CheckConstraint("total_yuan >= 0", name="total_counted"),
        CheckConstraint(one_of("total_bound", AmountBound), name="total_bound_known"),
        begins_before_end(),
        once_a_day("ex_budgets_once", "area_code", "year"),
    )

    budget_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    year: Mapped[int]
    total_yuan: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    total_bound: Mapped[str | None]
    source: Mapped[str]


class BudgetPartRow(Base):
    """One part of a budget in the order of the source."""

    __tablename__ = "budget_parts"
    __table_args__ = (
        CheckConstraint("yuan >= 0", name="yuan_counted"),
        CheckConstraint(one_of("bound", AmountBound), name="bound_known"),
        UniqueConstraint("budget_id", "name"),
    )

    budget_id: Mapped[int] = mapped_column(ForeignKey("budgets.budget_id"), primary_key=True)
    part_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    yuan: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    bound: Mapped[str]
    source: Mapped[str]
