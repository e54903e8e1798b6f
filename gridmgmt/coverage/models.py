"""Coverage runs and their results per area and per place."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class CoverageRun(Base):
    """One question with its answer; the answer is NULL until the job has succeeded."""

    __tablename__ = "coverage_runs"
    __table_args__ = (
        CheckConstraint("(document IS NULL) = (finished_at IS NULL)", name="document_when_finished"),
        UniqueConstraint("idempotency_key"),
        Index("ix_coverage_runs_job_id", "job_id"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.job_id"))
    idempotency_key: Mapped[str | None]
    """Given by the asker, so that asking again after a lost answer starts nothing new."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    area_code: Mapped[str | None]
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scenario: Mapped[str | None]
    """The name of the edits of the network that it was asked with; NULL for the network as it is."""
    input_sha256: Mapped[str | None]
    """SHA-256 over the inputs' contents and the parameters."""
    result_sha256: Mapped[str | None]
    document: Mapped[str | None]
    """The exact answer as canonical JSON, without run id and clock."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CoverageAreaResult(Base):
    """The numbers of one area in one run."""

    __tablename__ = "coverage_area_results"

    run_id: Mapped[int] = mapped_column(ForeignKey("coverage_runs.run_id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    """The area's code; the remainder that lies in no area of the level has the code ``-``."""
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)


class CoveragePlaceResult(Base):
    """What the run found for one place.

    No foreign keys: half a million rows of one run are written at once, each key would double the time, and
    the ids come from the very editions that the run holds fast.
    """

    __tablename__ = "coverage_place_results"
    __table_args__ = (CheckConstraint("status BETWEEN 0 AND 3", name="status_known"),)

    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    place_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    status: Mapped[int] = mapped_column(SmallInteger)
    """:class:`gridmgmt.analysis.status.PlaceStatus`."""
    walk_time_s: Mapped[float | None]
    """To the nearest open point, also beyond the limit; NULL where there is no way."""
    snap_distance_m: Mapped[float | None]
    """From the place to the network; NULL where no street lies within the connection limit."""
    point_id: Mapped[int | None] = mapped_column(BigInteger)


class CoverageOrder(Base):
    """A coverage report that is kept fresh: asked anew whenever one of its inputs has changed."""

    __tablename__ = "coverage_orders"
    __table_args__ = (
        Index("uq_coverage_orders_name_kept", "name", unique=True, postgresql_where=text("dropped_at IS NULL")),
    )

    order_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The fields of :class:`gridmgmt.coverage.rules.CoverageRequest`."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    dropped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    checked_sha256: Mapped[str | None]
    """Fingerprint of everything in force when the order was last looked at; NULL asks to look again."""
    inputs_sha256: Mapped[str | None]
    """Fingerprint of the order's own inputs when a run was last asked for."""
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Code and fields of the error by which the last run was refused."""


class CoverageOrderRun(Base):
    """A run that was asked for an order, with the inputs that had changed since the run before."""

    __tablename__ = "coverage_order_runs"
    __table_args__ = (Index("ix_coverage_order_runs_run_id", "run_id"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("coverage_orders.order_id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("coverage_runs.run_id", ondelete="CASCADE"), primary_key=True)
    because: Mapped[list[str]] = mapped_column(JSONB)
