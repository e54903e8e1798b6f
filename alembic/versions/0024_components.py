"""The register of managed components."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NOW = "valid_to IS NULL"
SCHEMES = [
    {
        "name": "component_16",
        "segments": [["county", 6], ["major", 2], ["minor", 2], ["serial", 6]],
        "source": "CJ/T 214；GB/T 30428.2",
        "in_use": True,
    }
]


def upgrade() -> None:
    op.create_table(
        "components",
        sa.Column("component_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("type_code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner_code", sa.String(), nullable=True),
        sa.Column("maintainer_code", sa.String(), nullable=True),
        sa.Column("put_in_service_on", sa.Date(), nullable=True),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("cell_code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "state IN ('in_use', 'damaged', 'missing', 'abandoned', 'removed')", name=op.f("ck_components_state_known")
        ),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_components_geom_valid")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_components_valid_range")),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_components_once",
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_components_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("component_id", name=op.f("pk_components")),
    )
    op.create_index("ix_components_geom", "components", ["geom"], postgresql_using="gist")
    op.create_index("ix_components_code", "components", ["code"])
    op.create_index("ix_components_type_code", "components", ["type_code", "code"], postgresql_where=sa.text(NOW))
    op.create_index("ix_components_cell_code", "components", ["cell_code"], postgresql_where=sa.text(NOW))
    op.create_index("ix_components_edition_id", "components", ["edition_id"])
    op.execute(
        "CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON components FOR EACH ROW EXECUTE FUNCTION keep_history()"
    )
    op.execute(
        "CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON components "
        "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('components')"
    )
    schemes = op.create_table(
        "component_code_schemes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("segments", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("in_use", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("jsonb_array_length(segments) > 1", name=op.f("ck_component_code_schemes_segments_several")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_component_code_schemes")),
    )
    op.create_index(
        "uq_component_code_schemes_in_use",
        "component_code_schemes",
        ["in_use"],
        unique=True,
        postgresql_where=sa.text("in_use"),
    )
    op.bulk_insert(schemes, SCHEMES)


def downgrade() -> None:
    op.drop_table("component_code_schemes")
    op.drop_table("components")
    op.execute("DELETE FROM editions WHERE subject = 'components'")
