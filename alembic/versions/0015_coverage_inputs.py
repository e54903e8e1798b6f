"""Coverage runs tell the scenario that they were asked with."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("coverage_runs", sa.Column("scenario", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("coverage_runs", "scenario")
