"""Runs of siting."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "siting_runs",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=True),
        sa.Column("progress", postgresql.JSONB(), nullable=True),
        sa.Column("keep_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=True),
        sa.Column("result_sha256", sa.String(), nullable=True),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(document IS NULL) = (finished_at IS NULL)", name=op.f("ck_siting_runs_document_when_finished")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("fk_siting_runs_job_id_jobs")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_siting_runs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_siting_runs_idempotency_key")),
    )
    op.create_index("ix_siting_runs_job_id", "siting_runs", ["job_id"])


def downgrade() -> None:
    op.drop_table("siting_runs")
