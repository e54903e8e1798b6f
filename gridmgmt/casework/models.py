"""The log of cases, their tasks, and what has been asked for and not yet decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from gridmgmt.db import Base


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's ``xid8``: the number of a transaction, never used twice."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the name of the type."""
        return "xid8"


class CaseMove(Base):
    """One entry of the log of cases, which is only ever added to: the whole case can be told from its entries.

    ``version`` is the case's after the move; entries of the watcher of deadlines leave it as it is. ``transaction_id``
    orders the feed: whoever has seen a snapshot of the database asks for what was not visible in it.
    """

    __tablename__ = "case_moves"
    __table_args__ = (
        Index("ix_case_moves_case_id", "case_id", "move_id"),
        Index("ix_case_moves_feed", "transaction_id", postgresql_where=text("move <> 'import'")),
    )

    move_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(TransactionId, server_default=func.pg_current_xact_id())
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.case_id"))
    version: Mapped[int]
    move: Mapped[str]
    state: Mapped[str]
    """The state after the move."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str]
    """Name of the account or program; never of whoever reported the case."""
    post: Mapped[str | None]
    department_code: Mapped[str | None]
    reason: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What else the move has set, and the time used in the stage that it ends."""


class CaseTask(Base):
    """The share of one body in a case; a joint task has several, one of them the lead, each with its own clock."""

    __tablename__ = "case_tasks"
    __table_args__ = (UniqueConstraint("case_id", "round", "department_code"),)

    task_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.case_id"))
    round: Mapped[int]
    """How often the case had been dispatched before, from 1."""
    department_code: Mapped[str]
    lead: Mapped[bool]
    state: Mapped[str]
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
