"""The revision of each drawn layer, advanced by triggers on the drawn tables."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base

DRAWN_TABLES: dict[str, tuple[str, ...]] = {
    "areas": ("areas",),
    "area_endings": ("areas",),
    "topology_findings": ("areas",),
    "town_modes": ("areas",),
    "responsibility_grids": ("areas",),
    "grid_members": ("areas",),
    "service_points": ("service_points",),
    "network_edges": ("streets",),
    "gates": ("gates",),
    "land_features": ("land",),
    "coverage_runs": ("coverage",),
    "department_grids": ("department_grids",),
    "grid_merge_conflicts": ("merge_conflicts",),
    "components": ("components",),
    "gate_communities": ("gate_communities",),
    "gate_released_bands": ("gate_communities",),
    "counting_gates": ("counting_gates",),
    "premises": ("premises",),
    "premises_published": ("premises_quarters",),
    "topics": ("topics",),
    "desks": ("desks",),
    "targets": ("target_items",),
    "target_items": ("target_items",),
    "target_milestones": ("target_items",),
    "renewal_projects": ("projects",),
    "editions": ("areas", "service_points", "streets", "land", "coverage", "gates"),
}
"""Each table that decides what is drawn, and the layers whose revision a write to it advances."""


class LayerRevision(Base):
    """How often a layer's rows have changed."""

    __tablename__ = "layer_revisions"

    layer: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
