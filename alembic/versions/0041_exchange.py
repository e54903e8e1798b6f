"""Orders exchanged with the 12345 hotline: the partner, its orders, what it is told, and the comparisons of days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

STATES = (
    "received", "supplement", "accepted", "registered", "dispatched", "suspended", "handled", "closed", "returned",
    "merged",
)  # fmt: skip
KINDS = ("satisfied", "dissatisfied", "withdrawn")


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _id(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _count(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=sa.text("0"))


def _points_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{column}"], name=op.f(f"fk_{table}_{column}_{other}"))


def _one_of(table: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}_known"))


def upgrade() -> None:
    op.create_table(
        "exchange_partners",
        _text("name"),
        _text("url", nullable=True),
        _text("salt"),
        _text("secret_sha256"),
        _text("previous_salt", nullable=True),
        _moment("previous_until", nullable=True),
        _text("position", nullable=True),
        _moment("renewed_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exchange_partners")),
    )
    op.create_table(
        "exchange_orders",
        _id("order_id"),
        _text("order_no"),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("digests", postgresql.JSONB(), nullable=False),
        _count("sequence", sa.Integer()),
        sa.Column("correction", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        _count("queued_move_id", sa.BigInteger()),
        sa.Column("queued_state", sa.String(), nullable=False, server_default="received"),
        _count("queued_count", sa.Integer()),
        _moment("received_at"),
        _one_of("exchange_orders", "queued_state", STATES),
        _points_to("exchange_orders", "case_id", "cases"),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_exchange_orders")),
        sa.UniqueConstraint("order_no", name=op.f("uq_exchange_orders_order_no")),
        sa.UniqueConstraint("case_id", name=op.f("uq_exchange_orders_case_id")),
    )
    op.create_index("ix_exchange_orders_day", "exchange_orders", ["day"])
    op.create_table(
        "exchange_feedback",
        _id("feedback_id"),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        _text("feedback_no"),
        _text("kind"),
        sa.Column("digests", postgresql.JSONB(), nullable=False),
        sa.Column("reopened", sa.Boolean(), nullable=False),
        _moment("at"),
        _one_of("exchange_feedback", "kind", KINDS),
        _points_to("exchange_feedback", "order_id", "exchange_orders"),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_exchange_feedback")),
        sa.UniqueConstraint("order_id", "feedback_no", name=op.f("uq_exchange_feedback_order_id_feedback_no")),
    )
    op.create_table(
        "exchange_deliveries",
        _id("delivery_id"),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("move_id", sa.BigInteger(), nullable=False),
        *(_text(name) for name in ("event_id", "event", "state", "body")),
        _count("attempts", sa.Integer()),
        _moment("next_attempt_at"),
        sa.Column("last_status", sa.Integer(), nullable=True),
        _text("last_error", nullable=True),
        _moment("created_at", now=True),
        _moment("delivered_at", nullable=True),
        _moment("failed_at", nullable=True),
        _points_to("exchange_deliveries", "order_id", "exchange_orders"),
        _points_to("exchange_deliveries", "move_id", "case_moves"),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_exchange_deliveries")),
        sa.UniqueConstraint("order_id", "move_id", name=op.f("uq_exchange_deliveries_order_id_move_id")),
    )
    op.create_index("ix_exchange_deliveries_order_id", "exchange_deliveries", ["order_id", "delivery_id"])
    op.create_index("ix_exchange_deliveries_delivered_at", "exchange_deliveries", ["delivered_at"])
    op.create_index(
        "ix_exchange_deliveries_open",
        "exchange_deliveries",
        ["next_attempt_at"],
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "exchange_reconciliations",
        _id("reconciliation_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _moment("at"),
        _text("actor"),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("differences", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("reconciliation_id", name=op.f("pk_exchange_reconciliations")),
    )
    op.create_index("ix_exchange_reconciliations_day", "exchange_reconciliations", ["day", "reconciliation_id"])


def downgrade() -> None:
    for table in ("reconciliations", "deliveries", "feedback", "orders", "partners"):
        op.drop_table(f"exchange_{table}")
