"""What requests of Open311 GeoReport v2 say beside a case."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "open311_media",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.CheckConstraint("url ~* '^https?://' AND length(url) <= 2000", name=op.f("ck_open311_media_url_known")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_open311_media_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_open311_media")),
    )


def downgrade() -> None:
    op.drop_table("open311_media")
