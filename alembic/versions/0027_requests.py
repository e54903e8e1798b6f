"""What has been asked for in a case and not yet decided, and what the machine keeps of a case beside its columns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("requests", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False))
    op.add_column("cases", sa.Column("progress", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False))
    op.create_index("ix_cases_requests", "cases", ["due_at"], postgresql_where=sa.text("requests <> '[]'::jsonb"))


def downgrade() -> None:
    op.drop_index("ix_cases_requests", table_name="cases")
    op.drop_column("cases", "progress")
    op.drop_column("cases", "requests")
