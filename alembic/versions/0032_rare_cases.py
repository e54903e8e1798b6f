"""What few cases have is found without looking at all of them: a source, a flag, a supervision order."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

OF_FEW = "source IN ('community_hotline', 'video', 'leader', 'other')"
ORDER = ["reported_at", "case_id"]


def upgrade() -> None:
    op.create_index("ix_cases_source", "cases", ["source", *ORDER], postgresql_where=sa.text(OF_FEW))
    op.create_index("ix_cases_flagged", "cases", ORDER, postgresql_where=sa.text("flags <> '{}'"))
    op.create_index("ix_cases_supervised", "cases", ORDER, postgresql_where=sa.text("supervised"))


def downgrade() -> None:
    for name in ("ix_cases_supervised", "ix_cases_flagged", "ix_cases_source"):
        op.drop_index(name, table_name="cases")
