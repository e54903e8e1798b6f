"""What the check of a boundary edition found."""

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class TopologyFinding(Base):
    """One finding of the last check of a boundary edition."""

    __tablename__ = "topology_findings"
    __table_args__ = (CheckConstraint("severity IN ('error', 'warning')", name="severity_known"),)

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"), primary_key=True)
    finding_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str]
    severity: Mapped[str]
    level: Mapped[str]
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    area_m2: Mapped[float | None]
    width_m: Mapped[float | None]
    location: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
    geom: Mapped[WKBElement] = mapped_column(Geometry(srid=STORAGE_SRID, spatial_index=False))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
