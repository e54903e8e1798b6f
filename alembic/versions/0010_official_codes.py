"""Tables of official codes."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "official_codes",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.CheckConstraint(
            "code ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$'", name=op.f("ck_official_codes_code_digits")
        ),
        sa.CheckConstraint(
            "(parent_code IS NULL) = (length(code) = 2)", name=op.f("ck_official_codes_parent_of_all_but_provinces")
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_official_codes_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("edition_id", "code", name=op.f("pk_official_codes")),
    )
    op.create_index("ix_official_codes_parent_code", "official_codes", ["parent_code"], unique=False)


def downgrade() -> None:
    op.drop_table("official_codes")
