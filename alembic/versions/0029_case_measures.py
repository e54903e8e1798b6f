"""Moments and posts that cases are counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ACCEPTED = """
UPDATE cases AS c SET accepted_at = m.at
FROM (SELECT case_id, min(at) AS at FROM case_moves WHERE move = 'accept' GROUP BY case_id) AS m
WHERE c.case_id = m.case_id
"""
"""Which post answered for a case that is there already was not kept, and is not guessed."""


def upgrade() -> None:
    op.add_column("cases", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("post_code", sa.String(), nullable=True))
    op.execute(ACCEPTED)


def downgrade() -> None:
    op.drop_column("cases", "post_code")
    op.drop_column("cases", "accepted_at")
