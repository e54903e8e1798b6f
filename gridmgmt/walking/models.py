"""Scenarios: named lists of planned changes, each version of which is kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class Scenario(Base):
    """A name, whose it is, and the number of its last version; one that was deleted keeps its versions."""

    __tablename__ = "scenarios"
    __table_args__ = (
        CheckConstraint("name ~ '^[^@/[:space:]]([^@/]{0,62}[^@/[:space:]])?$'", name="name_plain"),
        CheckConstraint("version >= 1", name="version_counted"),
        Index("uq_scenarios_name", "name", unique=True, postgresql_where=text("deleted_at IS NULL")),
    )

    scenario_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    owner: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ScenarioVersion(Base):
    """The edits of a scenario as they were saved once, over one network edition; never changed."""

    __tablename__ = "scenario_versions"

    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenarios.scenario_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    network_edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    edits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    saved_by: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
