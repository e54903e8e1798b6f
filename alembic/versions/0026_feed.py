"""Webhooks, what is to be delivered to them, and where positions of the feed hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def _moment(name: str, *, now: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not now, server_default=default)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _count(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=sa.text("0"))


def upgrade() -> None:
    op.create_table(
        "feed_epochs",
        _text("identity"),
        _text("epoch"),
        sa.Column("last_foreign_move_id", sa.BigInteger(), nullable=False),
        _moment("begun_at", now=True),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_feed_epochs")),
    )
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *(_text(name) for name in ("name", "url", "salt", "secret_sha256")),
        sa.Column("kinds", postgresql.ARRAY(sa.String()), nullable=False, server_default=sa.text("'{}'")),
        _text("area_code", nullable=True),
        _text("department_code", nullable=True),
        _text("position"),
        _count("failed_in_a_row", sa.Integer()),
        _count("delivered_count", sa.BigInteger()),
        _moment("last_delivered_at"),
        _moment("paused_at"),
        _text("paused_because", nullable=True),
        _text("created_by"),
        _moment("created_at", now=True),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("name", name=op.f("uq_webhooks_name")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("delivery_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("move_id", sa.BigInteger(), nullable=False),
        *(_text(name) for name in ("event", "case_no", "body")),
        _count("attempts", sa.Integer()),
        _moment("next_attempt_at", now=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        _text("last_error", nullable=True),
        _moment("created_at", now=True),
        _moment("failed_at"),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.webhook_id"],
            name=op.f("fk_webhook_deliveries_webhook_id_webhooks"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["move_id"], ["case_moves.move_id"], name=op.f("fk_webhook_deliveries_move_id_case_moves")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook_id", "move_id", name=op.f("uq_webhook_deliveries_webhook_id_move_id")),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["webhook_id", "next_attempt_at"],
        postgresql_where=sa.text("failed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.drop_table("feed_epochs")
