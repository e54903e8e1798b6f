"""Communities with gates, what is counted at them, and what of it was published.

Nothing here can name or describe a person: beside the codes and names of places there are numbers, moments and members
of fixed lists.
"""

from datetime import date, datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, one_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.gate_counts.rules import PERSONS, FlowClass

Moment = DateTime(timezone=True)


class GateCommunity(Dated, Base):
    """A community behind gates; its code means one surface for all time, another surface has another code."""

    __tablename__ = "gate_communities"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        begins_before_end(),
        Index("ix_gate_communities_geom", "geom", postgresql_using="gist"),
    )

    community_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    quarter_code: Mapped[str]
    """The residential quarter that bounds who may act on it."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False))


class CountingGate(Dated, Base):
    """A gate where passages are counted, of one community for all time."""

    __tablename__ = "counting_gates"
    __table_args__ = (
        UniqueConstraint("code"),
        begins_before_end(),
        Index("ix_counting_gates_community_id", "community_id"),
        Index("ix_counting_gates_geom", "geom", postgresql_using="gist"),
    )

    gate_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str]
    community_id: Mapped[int] = mapped_column(ForeignKey("gate_communities.community_id"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))


class Passages:
    """How many of a class went in and out in a period."""

    entered: Mapped[int]
    left: Mapped[int] = mapped_column("exited")


def _counts() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint(one_of("flow_class", FlowClass), name="flow_class_known"),
        CheckConstraint("entered >= 0 AND exited >= 0", name="counts_non_negative"),
    )


class GateBin(Passages, Base):
    """A quarter of an hour at a gate, as it was pushed."""

    __tablename__ = "gate_bins"
    __table_args__ = (*_counts(), Index("ix_gate_bins_start", "start"))

    gate_id: Mapped[int] = mapped_column(ForeignKey("counting_gates.gate_id"), primary_key=True, autoincrement=False)
    start: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    flow_class: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class GateHour(Passages, Base):
    """An hour at a gate, once its bins are no longer kept."""

    __tablename__ = "gate_hours"
    __table_args__ = _counts()

    gate_id: Mapped[int] = mapped_column(ForeignKey("counting_gates.gate_id"), primary_key=True, autoincrement=False)
    start: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    flow_class: Mapped[str] = mapped_column(primary_key=True)


class GateDay(Passages, Base):
    """A day at a gate, kept for good."""

    __tablename__ = "gate_days"
    __table_args__ = _counts()

    gate_id: Mapped[int] = mapped_column(ForeignKey("counting_gates.gate_id"), primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    flow_class: Mapped[str] = mapped_column(primary_key=True)


class GateCensus(Base):
    """How many of a class were found inside when they were counted; the sums begin anew from here."""

    __tablename__ = "gate_censuses"
    __table_args__ = (
        CheckConstraint(one_of("flow_class", FlowClass), name="flow_class_known"),
        CheckConstraint("counted >= 0", name="counted_non_negative"),
    )

    community_id: Mapped[int] = mapped_column(
        ForeignKey("gate_communities.community_id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    flow_class: Mapped[str] = mapped_column(primary_key=True)
    counted: Mapped[int]
    residual: Mapped[int | None]
    """How many more were counted than the sums since the census before told; None for the first."""


class GateRelease(Base):
    """What was published of a day: once, of all communities together."""

    __tablename__ = "gate_releases"

    day: Mapped[date] = mapped_column(primary_key=True)
    released_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    threshold: Mapped[int]
    rounding: Mapped[int]
    sha256: Mapped[str]
    """Of all that is shown."""


class ReleasedCount(Base):
    """Two counts of a release, rounded; None where one is withheld."""

    __tablename__ = "gate_released_counts"
    __table_args__ = (
        CheckConstraint(one_of("flow_class", (*FlowClass, PERSONS)), name="flow_class_known"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour_of_day"),
        UniqueConstraint(
            "day", "community_id", "gate_id", "hour", "flow_class",
            name="uq_gate_released_counts_cell", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    released_count_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    day: Mapped[date] = mapped_column(ForeignKey("gate_releases.day"))
    community_id: Mapped[int | None] = mapped_column(ForeignKey("gate_communities.community_id"))
    """None: of the district."""
    gate_id: Mapped[int | None] = mapped_column(ForeignKey("counting_gates.gate_id"))
    """None: of all gates."""
    hour: Mapped[int | None] = mapped_column(SmallInteger)
    """None: of the whole day."""
    flow_class: Mapped[str]
    entered: Mapped[int | None]
    left: Mapped[int | None] = mapped_column("exited")


class ReleasedBand(Base):
    """In which bands a community was as a day began, and what the day's counts stand on."""

    __tablename__ = "gate_released_bands"

    day: Mapped[date] = mapped_column(ForeignKey("gate_releases.day"), primary_key=True)
    community_id: Mapped[int] = mapped_column(
        ForeignKey("gate_communities.community_id"), primary_key=True, autoincrement=False
    )
    occupancy_from: Mapped[int | None]
    """None: withheld, or not known."""
    occupancy_below: Mapped[int | None]
    ratio_from: Mapped[float | None]
    """Newcomers per resident."""
    ratio_below: Mapped[float | None]
    gates: Mapped[int]
    gates_lost: Mapped[int]
    """Of which at least one bin of the day is missing."""
    by_census: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether a census of the 24 hours before stands behind the bands."""
