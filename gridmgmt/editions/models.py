"""The editions of all inputs and the one row that describes the data folder."""

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
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class Edition(Base):
    """One import of one subject, in force from ``valid_from`` until before ``valid_to``.

    Boundary editions (subject ``areas``) are change sets that go through the states of
    :class:`gridmgmt.editions.rules.EditionState`; they begin on ``valid_from`` and have no end of their own: each of
    their areas is in force until an edition that ends it. Editions of other subjects are in force from the start.
    """

    __tablename__ = "editions"
    __table_args__ = (
        UniqueConstraint("subject", "part", "name"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_range"),
        CheckConstraint("(subject = 'population') = (counting IS NOT NULL)", name="counting_of_population"),
        CheckConstraint("state IN ('draft', 'checked', 'approved', 'in_force', 'withdrawn')", name="state_known"),
        CheckConstraint("(state = 'in_force') = (valid_from IS NOT NULL)", name="in_force_from_a_day"),
        CheckConstraint("subject = 'areas' OR state = 'in_force'", name="only_areas_are_drafted"),
        CheckConstraint("state = 'in_force' OR planned_from IS NOT NULL", name="drafts_are_planned"),
    )

    edition_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subject: Mapped[str]
    part: Mapped[str] = mapped_column(server_default=text("''"))
    """Which part of the subject: the kind of land features, empty elsewhere."""
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'in_force'"))
    planned_from: Mapped[date | None]
    """The day from which a draft is meant to be in force, and on whose boundaries it is built."""
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    source: Mapped[str]
    """Who made the data and under which terms, as it must be shown beside every number."""
    synthetic: Mapped[bool]
    datum: Mapped[str]
    """The datum the file's coordinates were in before they were brought to WGS 84."""
    counting: Mapped[str | None]
    content_sha256: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    imported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    extent: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", srid=STORAGE_SRID, spatial_index=False))


class EditionStep(Base):
    """One step in the life of a boundary edition: who did what, by which document; never changed."""

    __tablename__ = "edition_steps"
    __table_args__ = (Index("ix_edition_steps_edition_id", "edition_id"),)

    step_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    step: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    actor: Mapped[str]
    document: Mapped[str | None]
    dated: Mapped[date | None]
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))


class DataFolder(Base):
    """The single row that holds what the whole data folder shares."""

    __tablename__ = "data_folder"
    __table_args__ = (CheckConstraint("folder_id = 1", name="single_row"),)

    folder_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    metric_crs: Mapped[str]
    """The one metric CRS, as an authority code or PROJ text."""
