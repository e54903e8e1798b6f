"""Jobs that come after others."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("after_job_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_jobs_after_job_id_jobs"), "jobs", "jobs", ["after_job_id"], ["job_id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_jobs_after_job_id_jobs"), "jobs", type_="foreignkey")
    op.drop_column("jobs", "after_job_id")
