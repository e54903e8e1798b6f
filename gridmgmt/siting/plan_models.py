"""Plans, their targets and milestones, and the runs that were asked for them anew.

A plan is never deleted and, but for being adopted and being ended once each, never changed; targets, milestones and
re-runs are only ever added. The database holds that true.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class Plan(Base):
    """A named draft made from a finished run; perhaps adopted; perhaps ended, by a reason or by a later plan."""

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("name ~ '^[^@/[:space:]]([^@/]{0,62}[^@/[:space:]])?$'", name="name_plain"),
        CheckConstraint("document_sha256 = encode(sha256(convert_to(document, 'UTF8')), 'hex')", name="document_whole"),
        CheckConstraint(
            "num_nonnulls(adopted_on, adopted_by, owner_post, budget_yuan) IN (0, 4)", name="adopted_whole"
        ),
        CheckConstraint("budget_yuan >= 0", name="budget_counted"),
        CheckConstraint("num_nonnulls(ended_on, ended_by) IN (0, 2)", name="ended_whole"),
        CheckConstraint("num_nonnulls(ended_because, superseded_by) = num_nonnulls(ended_on)", name="ended_somehow"),
        CheckConstraint("superseded_by IS NULL OR adopted_on IS NOT NULL", name="superseded_was_adopted"),
        UniqueConstraint("name"),
        Index(
            "uq_plans_adopted",
            "type",
            "area_code",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("adopted_on IS NOT NULL AND ended_on IS NULL"),
        ),
    )

    plan_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str]
    note: Mapped[str | None]
    author: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    run_id: Mapped[int] = mapped_column(ForeignKey("siting_runs.run_id"))
    document: Mapped[str]
    """The answer of the run as its canonical text: the plan stands by itself."""
    document_sha256: Mapped[str]
    model: Mapped[str]
    points: Mapped[int]
    type: Mapped[str]
    area_code: Mapped[str | None]
    adopted_on: Mapped[date | None]
    adopted_by: Mapped[str | None]
    owner_post: Mapped[str | None]
    """The code of an officer post, or words where none of that code was known."""
    budget_yuan: Mapped[int | None] = mapped_column(BigInteger)
    ended_on: Mapped[date | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]
    """Why it was withdrawn."""
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("plans.plan_id"))


class PlanTarget(Base):
    """One point of an adopted plan that is to be built; all else about it stands in the plan's document."""

    __tablename__ = "plan_targets"
    __table_args__ = (CheckConstraint("rank > 0", name="rank_counted"), UniqueConstraint("plan_id", "code"))

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.plan_id"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    """Of the candidate, or made from the plan's number and the rank; a service point of this code has built it."""
    owner_post: Mapped[str]
    due_on: Mapped[date]


class PlanMilestone(Base):
    """So many targets of an adopted plan in all are to be built by the end of a day."""

    __tablename__ = "plan_milestones"
    __table_args__ = (CheckConstraint("points > 0", name="points_counted"), UniqueConstraint("plan_id", "points"))

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.plan_id"), primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int]


class PlanRerun(Base):
    """A run that was asked for a plan anew, with the ranks of the targets that were built already."""

    __tablename__ = "plan_reruns"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.plan_id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("siting_runs.run_id"), primary_key=True)
    built: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
