"""Editions of the catalogue of cases and of the lists of matters, which nobody changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = ("catalogue_editions", "matters_editions")

KEEP_FUNCTION = """
CREATE FUNCTION refuse_change_of_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    op.execute(KEEP_FUNCTION)
    for name in TABLES:
        op.create_table(
            name,
            sa.Column("edition_id", sa.Integer(), sa.Identity(always=True), nullable=False),
            sa.Column("name", sa.String(), nullable=False),
            sa.Column("valid_from", sa.Date(), nullable=False),
            sa.Column("source", sa.String(), nullable=False),
            sa.Column("content", postgresql.JSONB(), nullable=False),
            sa.Column("content_sha256", sa.String(), nullable=False),
            sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
            sa.PrimaryKeyConstraint("edition_id", name=op.f(f"pk_{name}")),
        )
        op.create_index(f"ix_{name}_valid_from", name, ["valid_from", "edition_id"])
        op.execute(
            f"CREATE TRIGGER refuse_change_of_edition BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_edition()"
        )


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    op.execute("DROP FUNCTION refuse_change_of_edition()")
