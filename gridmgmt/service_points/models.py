"""Service points."""

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class ServicePoint(Base):
    """One point of one type."""

    __tablename__ = "service_points"
    __table_args__ = (
        CheckConstraint("capacity >= 0", name="capacity_non_negative"),
        CheckConstraint("status IN ('open', 'planned', 'closed')", name="status_known"),
        UniqueConstraint("edition_id", "code"),
        Index("ix_service_points_geom", "geom", postgresql_using="gist"),
    )

    point_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    code: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    status: Mapped[str]
    capacity: Mapped[int | None]
    address: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
