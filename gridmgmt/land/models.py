"""Land features."""

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class LandFeature(Base):
    """One feature of one kind."""

    __tablename__ = "land_features"
    __table_args__ = (
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        CheckConstraint("kind IN ('water', 'rail', 'wall', 'hazard', 'landuse', 'compound')", name="kind_known"),
        Index("ix_land_features_geom", "geom", postgresql_using="gist"),
    )

    feature_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    kind: Mapped[str]
    name: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=STORAGE_SRID, spatial_index=False))
