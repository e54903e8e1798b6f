"""Siting runs: a question, how far its search is, and its answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class SitingRun(Base):
    """One question with its answer; the answer is NULL until the job has succeeded."""

    __tablename__ = "siting_runs"
    __table_args__ = (
        CheckConstraint("(document IS NULL) = (finished_at IS NULL)", name="document_when_finished"),
        UniqueConstraint("idempotency_key"),
        Index("ix_siting_runs_job_id", "job_id"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.job_id"))
    idempotency_key: Mapped[str | None]
    """Given by the asker, so that asking again after a lost answer starts nothing new."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The fields of :class:`gridmgmt.siting.rules.SitingTerms`."""
    model: Mapped[str]
    type: Mapped[str]
    area_code: Mapped[str | None]
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """How far the search is: a :class:`gridmgmt.siting.progress.SearchProgress`; NULL before it has found anything."""
    keep_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    """Somebody wants the best plan so far as the answer."""
    input_sha256: Mapped[str | None]
    """SHA-256 over the inputs' contents, the terms and the candidates."""
    result_sha256: Mapped[str | None]
    document: Mapped[str | None]
    """The answer as canonical JSON, without run id and clock."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
