"""Figures known only for whole areas."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEEP_FUNCTION = """
CREATE FUNCTION keep_area_figures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'area_figures only grows: a correction is a new row'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'area_figures_append_only';
END $$
"""
KEEP_TRIGGER = """
CREATE TRIGGER keep_area_figures BEFORE UPDATE OR DELETE OR TRUNCATE ON area_figures
FOR EACH STATEMENT EXECUTE FUNCTION keep_area_figures()
"""


def upgrade() -> None:
    op.create_table(
        "area_figures",
        sa.Column("figure_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("figure", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("areas_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("figure ~ '^[a-z][a-z0-9_]{0,62}$'", name=op.f("ck_area_figures_figure_slug")),
        sa.CheckConstraint("value >= 0 AND value < 'Infinity'", name=op.f("ck_area_figures_value_non_negative")),
        sa.PrimaryKeyConstraint("figure_id", name=op.f("pk_area_figures")),
    )
    op.create_index(
        "ix_area_figures_figure_level_area_code",
        "area_figures",
        ["figure", "level", "area_code", "counted_on"],
        unique=False,
    )
    op.execute(KEEP_FUNCTION)
    op.execute(KEEP_TRIGGER)


def downgrade() -> None:
    op.drop_table("area_figures")
    op.execute("DROP FUNCTION keep_area_figures()")
