"""The schemes of cell codes, and what each generation of cells was asked for and has made."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class CellCodeScheme(Base):
    """A scheme of cell codes; exactly one is in use in the folder."""

    __tablename__ = "cell_code_schemes"
    __table_args__ = (
        CheckConstraint("jsonb_array_length(segments) > 1", name="segments_several"),
        Index("uq_cell_code_schemes_in_use", "in_use", unique=True, postgresql_where=text("in_use")),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    segments: Mapped[list[list[Any]]] = mapped_column(JSONB)
    """``[name, digits]`` of each segment in order, see :class:`gridmgmt.cells.rules.SegmentName`."""
    source: Mapped[str]
    in_use: Mapped[bool] = mapped_column(server_default=text("false"))


class CellGeneration(Base):
    """One generation of cells into a draft; without a document until it has ended well."""

    __tablename__ = "cell_generations"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(document, content_sha256, kernel_version, seconds, finished_at) IN (0, 5)",
            name="whole_when_finished",
        ),
        Index("ix_cell_generations_edition_id", "edition_id"),
    )

    generation_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.job_id"))
    area_code: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kernel_version: Mapped[str | None]
    content_sha256: Mapped[str | None]
    """SHA-256 over codes and surfaces of all cells of the area, kept ones too."""
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The report (docs/cells.md), without clock and ids, so that equal generations have equal ones."""
    seconds: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
