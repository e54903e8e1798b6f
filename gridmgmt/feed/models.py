"""The generations of the feed, the webhooks, and what is still to be delivered to them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base

Moment = DateTime(timezone=True)


class FeedEpoch(Base):
    """A database in which positions of the feed hold; a copy, a restored backup or another time line is another.

    Transactions are counted by each server anew, so a backup may hold entries of the log with numbers that are still
    to come here. Those lie at or before ``last_foreign_move_id`` and are no news.
    """

    __tablename__ = "feed_epochs"

    identity: Mapped[str] = mapped_column(primary_key=True)
    """Server, time line, database and this very table, which a restored backup makes anew."""
    epoch: Mapped[str]
    last_foreign_move_id: Mapped[int] = mapped_column(BigInteger)
    begun_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class Webhook(Base):
    """An address that is told of cases.

    The secret that signs is derived from ``salt`` and the key in the data folder, so that the database alone, or a
    backup of it, signs nothing.
    """

    __tablename__ = "webhooks"
    __table_args__ = (UniqueConstraint("name"),)

    webhook_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    url: Mapped[str]
    salt: Mapped[str]
    secret_sha256: Mapped[str]
    """Tells whether the key in the data folder is still the one that the receiver's secret came from."""
    kinds: Mapped[Sequence[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    """Which events; none means all."""
    area_code: Mapped[str | None]
    department_code: Mapped[str | None]
    position: Mapped[str]
    """Up to where the log has been turned into deliveries."""
    failed_in_a_row: Mapped[int] = mapped_column(server_default=text("0"))
    """Deliveries given up since the last that succeeded."""
    delivered_count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    paused_at: Mapped[datetime | None] = mapped_column(Moment)
    paused_because: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class WebhookDelivery(Base):
    """One event that one webhook has not taken yet; what it has taken is removed."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "move_id"),
        Index("ix_webhook_deliveries_due", "webhook_id", "next_attempt_at", postgresql_where=text("failed_at IS NULL")),
    )

    delivery_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.webhook_id", ondelete="CASCADE"))
    move_id: Mapped[int] = mapped_column(ForeignKey("case_moves.move_id"))
    event: Mapped[str]
    case_no: Mapped[str]
    body: Mapped[str]
    """The very text that is signed and sent."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    """While it is being sent: when another worker may take it over."""
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    failed_at: Mapped[datetime | None] = mapped_column(Moment)
    """When it was given up for good."""
