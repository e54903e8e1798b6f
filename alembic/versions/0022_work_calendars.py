"""Work calendars."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('work', 'holiday')", name=op.f("ck_calendar_days_kind_known")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "work_hours",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("spans", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("cardinality(spans) > 0", name=op.f("ck_work_hours_spans_some")),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_work_hours")),
    )
    op.create_table(
        "calendar_revisions",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("revision", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_calendar_revisions_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_calendar_revisions")),
    )
    op.execute("INSERT INTO calendar_revisions DEFAULT VALUES")


def downgrade() -> None:
    for table in ("calendar_revisions", "work_hours", "calendar_years", "calendar_days"):
        op.drop_table(table)
