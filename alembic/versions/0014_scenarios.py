"""Planned changes of the network and of service points."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PLAIN = "name ~ '^[^@/[:space:]]([^@/]{0,62}[^@/[:space:]])?$'"


def upgrade() -> None:
    op.create_table(
        "scenarios",
        sa.Column("scenario_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(PLAIN, name=op.f("ck_scenarios_name_plain")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_scenarios_version_counted")),
        sa.PrimaryKeyConstraint("scenario_id", name=op.f("pk_scenarios")),
    )
    op.create_index(
        "uq_scenarios_name", "scenarios", ["name"], unique=True, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_table(
        "scenario_versions",
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("network_edition_id", sa.Integer(), nullable=False),
        sa.Column("edits", postgresql.JSONB(), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_edition_id"],
            ["editions.edition_id"],
            name=op.f("fk_scenario_versions_network_edition_id_editions"),
        ),
        sa.ForeignKeyConstraint(
            ["scenario_id"], ["scenarios.scenario_id"], name=op.f("fk_scenario_versions_scenario_id_scenarios")
        ),
        sa.PrimaryKeyConstraint("scenario_id", "version", name=op.f("pk_scenario_versions")),
    )


def downgrade() -> None:
    op.drop_table("scenario_versions")
    op.drop_table("scenarios")
