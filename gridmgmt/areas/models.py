"""Areas with their boundary edition."""

from datetime import date
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class Area(Base):
    """One area in one boundary edition, in force from ``valid_from`` until before ``valid_to``.

    The same code may occur in many editions, but never twice on one day.
    """

    __tablename__ = "areas"
    __table_args__ = (
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_range"),
        ExcludeConstraint(
            ("level", "="),
            ("code", "="),
            (func.daterange(literal_column("valid_from"), literal_column("valid_to")), "&&"),
            using="gist",
            name="ex_areas_code_in_force_once",
        ),
        Index("ix_areas_geom", "geom", postgresql_using="gist"),
        Index("ix_areas_level_code", "level", "code"),
        Index("ix_areas_parent_id", "parent_id"),
        Index("ix_areas_edition_id", "edition_id"),
    )

    area_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    level: Mapped[str]
    kind: Mapped[str | None]
    code: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.area_id"))
    mode: Mapped[str | None]
    """How a town manages its communities, see :class:`gridmgmt.areas.rules.TownMode`."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    area_m2: Mapped[float] = mapped_column(Computed("ST_Area(geom::geography)", persisted=True))
    """Surface on the ellipsoid."""
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False))
