"""Cases that only those see who work on cases: re-inspections of premises, which would tell where red ones are."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("internal", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE cases SET internal = true WHERE case_no IN (SELECT i.case_no FROM premises_inspections AS i)")
    op.create_index("ix_cases_internal", "cases", ["case_id"], postgresql_where=sa.text("internal"))


def downgrade() -> None:
    # Noted as changes of cases, so that the tallies count them again.
    op.execute("UPDATE cases SET internal = false WHERE internal")
    op.drop_index("ix_cases_internal", table_name="cases")
    op.drop_column("cases", "internal")
