"""Nodes, edges and gates of the walking network, and who walks how fast.

Ids of nodes and edges are dense from 0 within an edition, so they are array indices.
"""

from datetime import date
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import REAL, BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class NetworkNode(Base):
    """A place where edges meet or end."""

    __tablename__ = "network_nodes"

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"), primary_key=True)
    node_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    osm_id: Mapped[int | None] = mapped_column(BigInteger)
    component: Mapped[int]
    """0 is the largest connected part of the network, by nodes."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))


class NetworkEdge(Base):
    """A stretch of street or path between two nodes, walkable in both directions."""

    __tablename__ = "network_edges"
    __table_args__ = (
        CheckConstraint("length_m >= 0 AND length_m < 'Infinity'", name="length_m_non_negative"),
        CheckConstraint("slope BETWEEN -1 AND 1", name="slope_walkable"),
        Index("ix_network_edges_geom", "geom", postgresql_using="gist"),
    )

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"), primary_key=True)
    edge_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[int]
    target: Mapped[int]
    length_m: Mapped[float]
    """Geodesic length on the ellipsoid."""
    component: Mapped[int]
    way_id: Mapped[int | None] = mapped_column(BigInteger)
    highway: Mapped[str]
    tags: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    traits: Mapped[int] = mapped_column(server_default=text("0"))
    """What a profile may ask, see :class:`gridmgmt.analysis.walking.model.Trait`."""
    slope: Mapped[float | None] = mapped_column(REAL)
    """Rise over run from source to target; NULL where unknown."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("LINESTRING", srid=STORAGE_SRID, spatial_index=False))


class WalkingProfile(Base):
    """One edition of a named way of walking; the fields are those of :class:`gridmgmt.analysis.walking.WalkProfile`.

    Runs name the edition they used, so a changed number is a new edition; one edition of a name has no end.
    """

    __tablename__ = "walking_profiles"
    __table_args__ = (
        CheckConstraint("speed_m_per_s > 0 AND speed_m_per_s < 10", name="speed_m_per_s_plausible"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_range"),
        CheckConstraint("sd_m_per_s >= 0 AND sd_m_per_s < speed_m_per_s", name="sd_m_per_s_plausible"),
        CheckConstraint("steps_factor BETWEEN 0.1 AND 100", name="steps_factor_plausible"),
        CheckConstraint("crossing_s BETWEEN 0 AND 600", name="crossing_s_plausible"),
        CheckConstraint(
            "unpaved_factor BETWEEN 0.1 AND 100 AND rough_factor BETWEEN 0.1 AND 100",
            name="surface_factors_plausible",
        ),
        CheckConstraint("most_slope BETWEEN 0 AND 1", name="most_slope_plausible"),
        Index("ix_walking_profiles_open", "name", unique=True, postgresql_where=text("valid_to IS NULL")),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    edition: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    speed_m_per_s: Mapped[float]
    sd_m_per_s: Mapped[float | None]
    steps_factor: Mapped[float | None]
    crossing_s: Mapped[float]
    unpaved_factor: Mapped[float]
    rough_factor: Mapped[float]
    slope: Mapped[bool]
    most_slope: Mapped[float | None]
    wheelchair: Mapped[bool]
    evidence: Mapped[str]
    source: Mapped[str]


class Gate(Base):
    """A passage through a wall or across a way, of a network edition (from its file) or of a table of the user's.

    What passes there is asked by its access and hours; who passed is nobody's business and never kept.
    """

    __tablename__ = "gates"
    __table_args__ = (
        UniqueConstraint("edition_id", "code"),
        CheckConstraint("access IN ('public', 'residents', 'closed')", name="access_known"),
        Index("ix_gates_geom", "geom", postgresql_using="gist"),
    )

    gate_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    code: Mapped[str]
    name: Mapped[str | None]
    access: Mapped[str]
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Rules as :mod:`gridmgmt.hours` reads them; NULL for always open."""
    hours_text: Mapped[str | None]
    """The hours as the file has them, also where they were not understood."""
    osm_id: Mapped[int | None] = mapped_column(BigInteger)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
