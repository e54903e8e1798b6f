"""Nodes and edges of the walking network; ids are dense from 0 within an edition, so they are array indices."""

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
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
    geom: Mapped[WKBElement] = mapped_column(Geometry("LINESTRING", srid=STORAGE_SRID, spatial_index=False))


class WalkingProfile(Base):
    """A named way of walking; runs name it, so a changed speed is a new profile."""

    __tablename__ = "walking_profiles"
    __table_args__ = (CheckConstraint("speed_m_per_s > 0 AND speed_m_per_s < 10", name="speed_m_per_s_plausible"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    speed_m_per_s: Mapped[float]
    source: Mapped[str]
