"""Grids of departments, merges of them, and the conflicts that each merge found."""

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class DepartmentGrid(Base):
    """One grid of the department that its edition's ``part`` names; of a merged edition, one merged grid."""

    __tablename__ = "department_grids"
    __table_args__ = (
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        UniqueConstraint("edition_id", "code"),
        Index("ix_department_grids_geom", "geom", postgresql_using="gist"),
    )

    grid_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    code: Mapped[str]
    name: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    cells: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """The codes of the grid cells that it is made of, where a merge gave whole cells."""
    area_m2: Mapped[float]
    """Its surface on the ellipsoid."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False))


class GridMerge(Base):
    """One merge: what was asked, of which editions, and what came of each way; never changed."""

    __tablename__ = "grid_merges"
    __table_args__ = (UniqueConstraint("edition_id"),)

    merge_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    """The edition that holds the merged grids."""
    compared_on: Mapped[date]
    """The day whose grids, cells, residents and cases counted."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The departments' editions: department, name, id and SHA-256 of the content."""
    input_sha256: Mapped[str]
    """SHA-256 over the sources' contents, the ground's and the parameters: the same input gives the same result."""
    result_sha256: Mapped[str]
    """SHA-256 over the merged grids."""
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The figures of all ways side by side."""
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class MergeConflict(Base):
    """One face on which the departments of a merge disagree."""

    __tablename__ = "grid_merge_conflicts"
    __table_args__ = (
        CheckConstraint("kind IN ('border', 'gap', 'overlap', 'sliver', 'unassigned')", name="kind_known"),
        Index("ix_grid_merge_conflicts_geom", "geom", postgresql_using="gist"),
    )

    merge_id: Mapped[int] = mapped_column(ForeignKey("grid_merges.merge_id", ondelete="CASCADE"), primary_key=True)
    conflict_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    grids: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The codes of the grids that hold it, by department."""
    area_m2: Mapped[float]
    width_m: Mapped[float]
    residents_60_plus: Mapped[float | None]
    """NULL where nobody has counted who lives there."""
    cases: Mapped[int]
    outcomes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The codes of the merged grids that get its land, by way."""
    decided_to: Mapped[str | None]
    reason: Mapped[str | None]
    """The grid that a person gave it to, and why."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", srid=STORAGE_SRID, spatial_index=False))
