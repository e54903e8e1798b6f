"""Rules of case numbers, and the keys under which requests were answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TEMPLATE = "{district:0<6.6}{date:%Y%m%d}{serial:05d}"


NEAR_AND_RECENT = "CREATE INDEX ix_cases_geom ON cases USING gist (geom, reported_at)"
"""Of thousands of cases at one point, such as one that stands for an unknown place, only recent ones are read."""


def upgrade() -> None:
    op.drop_index("ix_cases_geom", table_name="cases")
    op.execute(NEAR_AND_RECENT)
    op.execute("CREATE SEQUENCE case_serial")
    rules = op.create_table(
        "case_no_rules",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_case_no_rules")),
    )
    op.get_bind().execute(sa.insert(rules).values(valid_from=sa.text("'0001-01-01'"), template=TEMPLATE))
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_sha256", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name=op.f("ck_idempotency_keys_key_length")),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_answered_at", "idempotency_keys", ["answered_at"])


def downgrade() -> None:
    op.drop_index("ix_cases_geom", table_name="cases")
    op.execute("CREATE INDEX ix_cases_geom ON cases USING gist (geom)")
    op.drop_table("idempotency_keys")
    op.drop_table("case_no_rules")
    op.execute("DROP SEQUENCE case_serial")
