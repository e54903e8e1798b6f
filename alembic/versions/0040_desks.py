"""Service desks with what they take and when, their monthly visits; lists of powers beside those of matters."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

KINDS = "'centre', 'branch', 'extension_desk', 'joint_service_centre', 'social_organisation_centre'"
TYPES = (
    "'community_affairs', 'health', 'culture', 'party_building', 'public_security', 'grid_management',"
    " 'social_organisations'"
)


def upgrade() -> None:
    op.add_column(
        "matters_editions", sa.Column("kind", sa.String(), server_default=sa.text("'matters'"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_matters_editions_kind_known"), "matters_editions", "kind IN ('powers', 'matters')"
    )
    op.create_table(
        "desks",
        sa.Column("desk_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("site_code", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("matters", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_desks_kind_known")),
        sa.CheckConstraint(f"type IN ({TYPES})", name=op.f("ck_desks_type_known")),
        sa.CheckConstraint("site_code IS NOT NULL OR kind = 'extension_desk'", name=op.f("ck_desks_site_of_kind")),
        sa.CheckConstraint("jsonb_typeof(matters) = 'array'", name=op.f("ck_desks_matters_listed")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_desks_valid_range")),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_desks_once",
        ),
        sa.PrimaryKeyConstraint("desk_id", name=op.f("pk_desks")),
    )
    op.create_index("ix_desks_geom", "desks", ["geom"], postgresql_using="gist")
    op.create_index("ix_desks_area_code", "desks", ["area_code"])
    op.execute(
        "CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON desks FOR EACH ROW EXECUTE FUNCTION keep_history()"
    )
    op.execute(
        "CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON desks "
        "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('desks')"
    )
    op.create_table(
        "desk_visits",
        sa.Column("desk_code", sa.String(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("visits >= 0", name=op.f("ck_desk_visits_visits_non_negative")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_desk_visits_month_begins")),
        sa.PrimaryKeyConstraint("desk_code", "month", name=op.f("pk_desk_visits")),
    )


def downgrade() -> None:
    op.drop_table("desk_visits")
    op.drop_table("desks")
    op.execute("DELETE FROM layer_revisions WHERE layer = 'desks'")
    op.drop_constraint(op.f("ck_matters_editions_kind_known"), "matters_editions")
    op.drop_column("matters_editions", "kind")
