"""Areas, what ends them, and what became of them, all by boundary edition."""

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


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
    mode: Mapped[str | None]
    """How a town manages its communities, see :class:`gridmgmt.areas.rules.TownMode`."""
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
