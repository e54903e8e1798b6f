"""Grids of departments and their merges."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
DRAWN = {"department_grids": "department_grids", "grid_merge_conflicts": "merge_conflicts"}


def upgrade() -> None:
    op.create_geospatial_table(
        "department_grids",
        sa.Column("grid_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("attributes", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("cells", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="MULTIPOLYGON", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_department_grids_geom_valid")),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_department_grids_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("grid_id", name=op.f("pk_department_grids")),
        sa.UniqueConstraint("edition_id", "code", name=op.f("uq_department_grids_edition_id_code")),
    )
    op.create_geospatial_index(
        "ix_department_grids_geom", "department_grids", ["geom"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "grid_merges",
        sa.Column("merge_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("compared_on", sa.Date(), nullable=False),
        sa.Column("parameters", JSONB, nullable=False),
        sa.Column("sources", JSONB, nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=False),
        sa.Column("result_sha256", sa.String(), nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_grid_merges_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_grid_merges")),
        sa.UniqueConstraint("edition_id", name=op.f("uq_grid_merges_edition_id")),
    )
    op.create_geospatial_table(
        "grid_merge_conflicts",
        sa.Column("merge_id", sa.BigInteger(), nullable=False),
        sa.Column("conflict_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("grids", JSONB, nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("width_m", sa.Double(), nullable=False),
        sa.Column("residents_60_plus", sa.Double(), nullable=True),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("outcomes", JSONB, nullable=False),
        sa.Column("decided_to", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column(
            "geom",
            Geometry(geometry_type="POLYGON", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('border', 'gap', 'overlap', 'sliver', 'unassigned')",
            name=op.f("ck_grid_merge_conflicts_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["merge_id"],
            ["grid_merges.merge_id"],
            name=op.f("fk_grid_merge_conflicts_merge_id_grid_merges"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("merge_id", "conflict_no", name=op.f("pk_grid_merge_conflicts")),
    )
    op.create_geospatial_index(
        "ix_grid_merge_conflicts_geom", "grid_merge_conflicts", ["geom"], unique=False, postgresql_using="gist"
    )
    for table, layer in DRAWN.items():
        op.execute(
            f"CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('{layer}')"
        )


def downgrade() -> None:
    op.drop_geospatial_table("grid_merge_conflicts")
    op.drop_table("grid_merges")
    op.drop_geospatial_table("department_grids")
    # Editions of grids have no rows in the earlier schema.
    op.execute("DELETE FROM editions WHERE subject = 'department_grids'")
