"""The register of managed components: each with its history; and how their identifiers are made up."""

from datetime import date
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, once_a_day, one_of
from gridmgmt.components.rules import ComponentState
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base

NOW = text("valid_to IS NULL")


class Component(Dated, Base):
    """What the register says of a component from a day on; rows are only added, and ended once."""

    __tablename__ = "components"
    __table_args__ = (
        CheckConstraint(one_of("state", ComponentState), name="state_known"),
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        begins_before_end(),
        once_a_day("ex_components_once", "code"),
        Index("ix_components_geom", "geom", postgresql_using="gist"),
        Index("ix_components_code", "code"),
        Index("ix_components_type_code", "type_code", "code", postgresql_where=NOW),
        Index("ix_components_cell_code", "cell_code", postgresql_where=NOW),
        Index("ix_components_edition_id", "edition_id"),
    )

    component_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    """The import that brought it."""
    code: Mapped[str]
    """Its identifier, the same for all time."""
    type_code: Mapped[str]
    name: Mapped[str | None]
    state: Mapped[str]
    owner_code: Mapped[str | None]
    """The department that it belongs to."""
    maintainer_code: Mapped[str | None]
    """The department that keeps it in order."""
    put_in_service_on: Mapped[date | None]
    removed_on: Mapped[date | None]
    cell_code: Mapped[str | None]
    """The grid cell that held its point on the day it was registered, kept as it was."""
    reason: Mapped[str | None]
    """Why it was changed."""
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=STORAGE_SRID, spatial_index=False))
    """A point, line or surface."""


class ComponentCodeScheme(Base):
    """A scheme of identifiers; exactly one is in use in the folder."""

    __tablename__ = "component_code_schemes"
    __table_args__ = (
        CheckConstraint("jsonb_array_length(segments) > 1", name="segments_several"),
        Index("uq_component_code_schemes_in_use", "in_use", unique=True, postgresql_where=text("in_use")),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    segments: Mapped[list[list[Any]]] = mapped_column(JSONB)
    """``[part, digits]`` of each segment in order, see :class:`gridmgmt.components.rules.CodePart`."""
    source: Mapped[str]
    in_use: Mapped[bool] = mapped_column(server_default=text("false"))
