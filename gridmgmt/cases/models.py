"""Located cases in their simplest form."""

from datetime import datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class Case(Base):
    """One case at a point; no person is named in it."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("kind IN ('event', 'component')", name="kind_known"),
        CheckConstraint("status IN ('reported', 'handling', 'closed')", name="status_known"),
        UniqueConstraint("case_no"),
        Index("ix_cases_geom", "geom", postgresql_using="gist"),
        Index("ix_cases_reported_at", "reported_at"),
    )

    case_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    case_no: Mapped[str]
    kind: Mapped[str]
    type: Mapped[str]
    status: Mapped[str]
    reported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
