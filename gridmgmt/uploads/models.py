"""Files given over HTTP and the rows of them that were refused."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class Upload(Base):
    """One asking to take a file, or to look what would come of it; how far it is, its job tells."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_job_id", "job_id"),)

    upload_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.job_id"))
    kind: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    synthetic: Mapped[bool]
    """Whoever gives the file says that its data are made up."""
    dry_run: Mapped[bool]
    file: Mapped[str]
    """The name of the file as it is shown."""
    stored_as: Mapped[str]
    """Its folder among the given files; a second asking of the same file shares it."""
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    asked_by: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.account_id"))
    key_prefix: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    found: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What reading has found: columns, extent, which column was used for what."""
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What came of storing: subject, edition, read, taken, refused, new, warnings."""
    problem_count: Mapped[int] = mapped_column(server_default=text("0"))


class UploadProblem(Base):
    """A refused row; the first thousand of a file are here, in the order of their rows."""

    __tablename__ = "upload_problems"

    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.upload_id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """Counts the problems of a file from 1."""
    row: Mapped[int | None] = mapped_column(BigInteger)
    code: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
