"""Coverage reports kept fresh by rule."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coverage_orders",
        sa.Column("order_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_sha256", sa.String(), nullable=True),
        sa.Column("inputs_sha256", sa.String(), nullable=True),
        sa.Column("refusal", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_coverage_orders")),
    )
    op.create_index(
        "uq_coverage_orders_name_kept",
        "coverage_orders",
        ["name"],
        unique=True,
        postgresql_where=sa.text("dropped_at IS NULL"),
    )
    op.create_table(
        "coverage_order_runs",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("because", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["coverage_orders.order_id"], name=op.f("fk_coverage_order_runs_order_id_coverage_orders")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["coverage_runs.run_id"],
            name=op.f("fk_coverage_order_runs_run_id_coverage_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("order_id", "run_id", name=op.f("pk_coverage_order_runs")),
    )
    op.create_index("ix_coverage_order_runs_run_id", "coverage_order_runs", ["run_id"])


def downgrade() -> None:
    op.drop_table("coverage_order_runs")
    op.drop_table("coverage_orders")
