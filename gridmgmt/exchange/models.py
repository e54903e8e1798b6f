"""The partner, its orders and what it said of them, what it is still to be told, and the comparisons of days."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import one_of
from gridmgmt.db import Base
from gridmgmt.exchange.rules import FeedbackKind, HotlineState

Moment = DateTime(timezone=True)


class ExchangePartner(Base):
    """Whoever orders are exchanged with: where it is told, and what its secret is derived from.

    Secrets are derived from a salt and the key in the data folder, so that no database and no backup holds one. The
    salt before is taken for what comes in until ``previous_until``.
    """

    __tablename__ = "exchange_partners"

    name: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str | None]
    """Where it is told of states; nothing is told without it."""
    salt: Mapped[str]
    secret_sha256: Mapped[str]
    """Tells whether the key in the data folder is still the one that the partner's secret came from."""
    previous_salt: Mapped[str | None]
    previous_until: Mapped[datetime | None] = mapped_column(Moment)
    position: Mapped[str | None]
    """Up to where the log of cases has been looked through; None where all of it is still to be."""
    renewed_at: Mapped[datetime] = mapped_column(Moment)


class ExchangeOrder(Base):
    """A work order of the partner and the case that it has become."""

    __tablename__ = "exchange_orders"
    __table_args__ = (
        CheckConstraint(one_of("queued_state", HotlineState), name="queued_state_known"),
        UniqueConstraint("order_no"),
        UniqueConstraint("case_id"),
        Index("ix_exchange_orders_day", "day"),
        Index("ix_exchange_orders_holder", "holder", "order_id"),
    )

    order_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    order_no: Mapped[str]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.case_id"))
    holder: Mapped[str | None]
    """Account that delivered it, or that it was handed to: no other of the partner's sees or moves it."""
    day: Mapped[date]
    """On which the partner took the call, in the district's time."""
    digests: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """SHA-256 of each field as it was first sent."""
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    """Of its last correction."""
    correction: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """SHA-256 of each field of its last correction."""
    queued_move_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The last entry of the case's log that was turned into what the partner is told."""
    queued_state: Mapped[str] = mapped_column(server_default=HotlineState.RECEIVED)
    queued_count: Mapped[int] = mapped_column(server_default=text("0"))
    received_at: Mapped[datetime] = mapped_column(Moment)


class ExchangeFeedback(Base):
    """What the partner said of an order; its words stand in the log of the case alone."""

    __tablename__ = "exchange_feedback"
    __table_args__ = (
        CheckConstraint(one_of("kind", FeedbackKind), name="kind_known"),
        UniqueConstraint("order_id", "feedback_no"),
    )

    feedback_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("exchange_orders.order_id"))
    feedback_no: Mapped[str]
    kind: Mapped[str]
    digests: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reopened: Mapped[bool]
    at: Mapped[datetime] = mapped_column(Moment)


class ExchangeDelivery(Base):
    """One thing that the partner is told, or was; of an order the next is sent when the one before was taken."""

    __tablename__ = "exchange_deliveries"
    __table_args__ = (
        UniqueConstraint("order_id", "move_id"),
        Index("ix_exchange_deliveries_order_id", "order_id", "delivery_id"),
        Index("ix_exchange_deliveries_delivered_at", "delivered_at"),
        Index("ix_exchange_deliveries_open", "next_attempt_at", postgresql_where=text("delivered_at IS NULL")),
    )

    delivery_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("exchange_orders.order_id"))
    move_id: Mapped[int] = mapped_column(ForeignKey("case_moves.move_id"))
    event_id: Mapped[str]
    event: Mapped[str]
    state: Mapped[str]
    """Where the order is after it."""
    body: Mapped[str]
    """The very text that is signed and sent."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(Moment)
    """While it is being sent: when another worker may take it over."""
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    failed_at: Mapped[datetime | None] = mapped_column(Moment)
    """When it was given up for good."""


class ExchangeReconciliation(Base):
    """How the partner's list of a day compared with the orders here."""

    __tablename__ = "exchange_reconciliations"
    __table_args__ = (Index("ix_exchange_reconciliations_day", "day", "reconciliation_id"),)

    reconciliation_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    day: Mapped[date]
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str]
    holder: Mapped[str | None]
    """Account whose orders alone were compared; None where all were."""
    listed: Mapped[int]
    held: Mapped[int]
    """Orders of the day here."""
    differences: Mapped[Sequence[dict[str, Any]]] = mapped_column(JSONB)
