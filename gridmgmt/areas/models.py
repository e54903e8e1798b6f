"""Areas, what ends them, what became of them, all by boundary edition; and the modes of towns by day."""

from collections.abc import Iterable
from datetime import date, datetime
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
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.rules import TownMode
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


def one_of(column: str, values: Iterable[str]) -> str:
    """Return the condition that a column holds one of some values, which are names of the program's own."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def begins_before_end() -> CheckConstraint:
    """Return the constraint that a row does not end before it begins; one that ends as it begins never held."""
    return CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_range")


def once_a_day(name: str, *columns: str) -> ExcludeConstraint:
    """Return the constraint that no two rows with the same values in some columns hold on one day."""
    days = func.daterange(literal_column("valid_from"), literal_column("valid_to"))
    return ExcludeConstraint(*((column, "=") for column in columns), (days, "&&"), using="gist", name=name)


class Dated:
    """What holds from ``valid_from`` until before ``valid_to``."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Area(Base):
    """One area as a boundary edition has it; never changed once the edition has left draft.

    It is in force from the day its edition is, until an edition in force ends it (:class:`AreaEnding`). The parent
    is named, not linked: whichever version of it is in force on a day.
    """

    __tablename__ = "areas"
    __table_args__ = (
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        CheckConstraint("(parent_level IS NULL) = (parent_code IS NULL)", name="parent_by_level_and_code"),
        UniqueConstraint("edition_id", "level", "code"),
        Index("ix_areas_geom", "geom", postgresql_using="gist"),
        Index("ix_areas_level_code", "level", "code"),
        Index("ix_areas_parent_code", "parent_code", "parent_level"),
    )

    area_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    level: Mapped[str]
    kind: Mapped[str | None]
    code: Mapped[str]
    name: Mapped[str]
    parent_level: Mapped[str | None]
    parent_code: Mapped[str | None]
    area_m2: Mapped[float] = mapped_column(Computed("ST_Area(geom::geography)", persisted=True))
    """Surface on the ellipsoid."""
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False))


class AreaEnding(Base):
    """An edition takes an area of an earlier one out of force."""

    __tablename__ = "area_endings"
    __table_args__ = (Index("ix_area_endings_edition_id", "edition_id"),)

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.area_id"), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"), primary_key=True)


class AreaLineage(Base):
    """Land that an edition passed from one code to another; shares are ratios of the area before and after."""

    __tablename__ = "area_lineage"
    __table_args__ = (
        CheckConstraint("area_m2 >= 0", name="area_m2_non_negative"),
        CheckConstraint("share_of_from BETWEEN 0 AND 1 AND share_of_to BETWEEN 0 AND 1", name="shares_are_ratios"),
        Index("ix_area_lineage_from_code", "from_code", "from_level"),
        Index("ix_area_lineage_to_code", "to_code", "to_level"),
    )

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"), primary_key=True)
    from_level: Mapped[str] = mapped_column(primary_key=True)
    from_code: Mapped[str] = mapped_column(primary_key=True)
    to_level: Mapped[str] = mapped_column(primary_key=True)
    to_code: Mapped[str] = mapped_column(primary_key=True)
    area_m2: Mapped[float]
    share_of_from: Mapped[float]
    share_of_to: Mapped[float]


class TownModeDecision(Dated, Base):
    """The main mode of a town, with the facts it was decided on and the override where the rule advised against it.

    The town is named by code, so that its mode outlives a boundary edition; decisions are made in the governance room.
    """

    __tablename__ = "town_modes"
    __table_args__ = (
        CheckConstraint(one_of("mode", TownMode), name="mode_known"),
        begins_before_end(),
        CheckConstraint(
            "num_nonnulls(override_by, override_document, override_reason, override_dated) IN (0, 4)",
            name="override_complete",
        ),
        CheckConstraint(
            "mode <> 'basic_management_unit' OR passed IS NOT FALSE OR override_by IS NOT NULL",
            name="rule_or_override",
        ),
        CheckConstraint(
            "passed IS NULL OR num_nonnulls(delineable, residents, area_id, rule) = 4",
            name="verdict_with_facts",
        ),
        CheckConstraint("residents >= 0", name="residents_non_negative"),
        CheckConstraint(
            "num_nonnulls(residents, residents_on, residents_source) IN (0, 3)", name="residents_with_source"
        ),
        once_a_day("ex_town_modes_one_a_day", "town_code"),
    )

    decision_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    town_code: Mapped[str]
    mode: Mapped[str]
    delineable: Mapped[bool | None]
    residents: Mapped[int | None]
    residents_on: Mapped[date | None]
    residents_source: Mapped[str | None]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.area_id"))
    """The town in the boundary edition that it was decided on; its surface is that row's own, never given."""
    rule: Mapped[str | None] = mapped_column(ForeignKey("mode_rules.name"))
    passed: Mapped[bool | None]
    """What the rule said; None where it was not asked: for other modes, and for modes taken over from before."""
    override_by: Mapped[str | None]
    override_document: Mapped[str | None]
    override_reason: Mapped[str | None]
    override_dated: Mapped[date | None]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
