"""Rules of case numbers, and the keys under which requests were answered."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Index, Sequence
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base

CASE_SERIAL = Sequence("case_serial", metadata=Base.metadata)
"""Where the serials of case numbers come from; nobody waits for anybody in it, and what is drawn is never put back."""


class CaseNoRule(Base):
    """How cases are numbered from a day on, see :mod:`gridmgmt.casework.numbering`."""

    __tablename__ = "case_no_rules"

    valid_from: Mapped[date] = mapped_column(primary_key=True)
    template: Mapped[str]


class IdempotencyKey(Base):
    """What was answered to a request that carried a key, so that a retry does nothing and is answered alike."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("length(key) BETWEEN 1 AND 200", name="key_length"),
        Index("ix_idempotency_keys_answered_at", "answered_at"),
    )

    actor: Mapped[str] = mapped_column(primary_key=True)
    """Name of the account: a key means nothing to others."""
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    status: Mapped[int]
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    answered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
