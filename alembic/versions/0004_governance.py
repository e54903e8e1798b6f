"""Modes of towns, tags, organs and staffing of areas, joint centres, centres and branches."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("town_modes", "area_tags", "area_organs", "staffing", "joint_centres", "centres")

ORGAN_OF_LEVEL = (
    "(level = 'basic_management_unit' AND organ IN ('party_committee', 'community_committee', 'community_centre'))"
    " OR (level = 'sector' AND organ IN ('party_branch', 'joint_meeting', 'convenor'))"
)
KIND_OF_LEVEL = (
    "(kind = 'x' AND level = 'town') OR (kind = 'village_type' AND level = 'residential_quarter')"
    " OR (kind = 'courtyard' AND level = 'residential_quarter') OR (kind = 'sector_type' AND level = 'sector')"
)
CENTRE_OR_BRANCH = (
    "(level = 'town' AND area_code = town_code AND parent_code IS NULL)"
    " OR (level = 'basic_management_unit' AND parent_code IS NOT NULL)"
)
TYPE_KNOWN = (
    "type IN ('community_affairs', 'health', 'culture', 'party_building', 'public_security', 'grid_management',"
    " 'social_organisations')"
)

# Whatever was said of an area stays as it was said; it can only end, once.
KEEP_FUNCTION = """
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- Surfaces are computed after this trigger.
        IF OLD.valid_to IS NULL
            AND to_jsonb(NEW) - '{valid_to,area_m2}'::text[] = to_jsonb(OLD) - '{valid_to,area_m2}'::text[]
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'rows of % are kept: they can only end, once', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_history_kept';
END $$
"""
TAKE_OVER = """
INSERT INTO town_modes (town_code, valid_from, valid_to, mode, area_id, decided_by)
SELECT a.code, p.valid_from, p.valid_to, a.mode, a.area_id, 'taken over from ' || e.name
FROM areas AS a
JOIN area_periods AS p ON p.area_id = a.area_id
JOIN editions AS e ON e.edition_id = a.edition_id
WHERE a.level = 'town' AND a.mode IS NOT NULL
"""
GIVE_BACK = """
ALTER TABLE areas DISABLE TRIGGER guard_draft_rows;
UPDATE areas AS a SET mode = m.mode
FROM town_modes AS m, area_periods AS p
WHERE p.area_id = a.area_id AND a.level = 'town' AND m.town_code = a.code
    AND m.valid_from <= p.valid_from AND (m.valid_to IS NULL OR m.valid_to > p.valid_from);
ALTER TABLE areas ENABLE TRIGGER guard_draft_rows;
"""
RULE = {
    "name": "2015",
    "valid_from": date(2015, 1, 1),
    "min_residents": 200_000,
    "min_area_m2": 40e6,
    "strict": True,
    "source": "宝山区“3+X”镇管社区（2015）：常住人口超过20万、镇域面积超过40平方公里、可划定基本管理单元",
}


def upgrade() -> None:
    rules = op.create_table(
        "mode_rules",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("min_residents", sa.Integer(), nullable=False),
        sa.Column("min_area_m2", sa.Double(), nullable=False),
        sa.Column("strict", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mode_rules")),
        sa.UniqueConstraint("valid_from", name=op.f("uq_mode_rules_valid_from")),
    )
    op.create_table(
        "area_organs",
        sa.Column("organ_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("organ", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("area_code"), "="),
            (sa.column("organ"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_area_organs_once",
        ),
        sa.CheckConstraint(
            ORGAN_OF_LEVEL,
            name=op.f("ck_area_organs_organ_of_level"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_area_organs_valid_range")),
        sa.PrimaryKeyConstraint("organ_id", name=op.f("pk_area_organs")),
    )
    op.create_table(
        "area_tags",
        sa.Column("tag_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("area_code"), "="),
            (sa.column("kind"), "="),
            (sa.column("value"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_area_tags_once",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("area_code"), "="),
            (sa.column("kind"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            where=sa.text("kind IN ('village_type', 'sector_type')"),
            using="gist",
            name="ex_area_tags_one_type",
        ),
        sa.CheckConstraint(
            KIND_OF_LEVEL,
            name=op.f("ck_area_tags_kind_of_level"),
        ),
        sa.CheckConstraint(
            "kind <> 'sector_type' OR value IN ('old_estate', 'commercial', 'resettlement', 'mixed')",
            name=op.f("ck_area_tags_sector_type_known"),
        ),
        sa.CheckConstraint(
            "kind <> 'village_type' OR value IN ('urban_village', 'empty_shell_village', 'hollow_village')",
            name=op.f("ck_area_tags_village_type_known"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_area_tags_valid_range")),
        sa.PrimaryKeyConstraint("tag_id", name=op.f("pk_area_tags")),
    )
    op.create_geospatial_table(
        "centres",
        sa.Column("centre_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("town_code", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("geom", Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False), nullable=True),
        sa.CheckConstraint(
            CENTRE_OR_BRANCH,
            name=op.f("ck_centres_centre_or_branch"),
        ),
        sa.CheckConstraint(
            TYPE_KNOWN,
            name=op.f("ck_centres_type_known"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_centres_valid_range")),
        sa.ForeignKeyConstraint(
            ["parent_code", "type", "town_code"],
            ["centres.code", "centres.type", "centres.town_code"],
            name="fk_centres_parent_of_type_and_town",
        ),
        sa.PrimaryKeyConstraint("centre_id", name=op.f("pk_centres")),
        sa.UniqueConstraint("code", "type", "town_code", name=op.f("uq_centres_code_type_town_code")),
        sa.UniqueConstraint("code", name=op.f("uq_centres_code")),
    )
    op.create_index("ix_centres_area_code", "centres", ["area_code"], unique=False)
    op.create_index("ix_centres_parent_code", "centres", ["parent_code"], unique=False)
    op.create_geospatial_table(
        "joint_centres",
        sa.Column("joint_centre_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("town_code", sa.String(), nullable=False),
        sa.Column("party_branch", sa.String(), nullable=True),
        sa.Column("joint_service_centre", sa.String(), nullable=True),
        sa.Column("partner_agreements", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("area_m2", sa.Double(), sa.Computed("ST_Area(geom::geography)", persisted=True), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="MULTIPOLYGON", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_joint_centres_once",
        ),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_joint_centres_geom_valid")),
        sa.CheckConstraint("partner_agreements >= 0", name=op.f("ck_joint_centres_partner_agreements_non_negative")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_joint_centres_valid_range")),
        sa.PrimaryKeyConstraint("joint_centre_id", name=op.f("pk_joint_centres")),
    )
    op.create_geospatial_index(
        "ix_joint_centres_geom", "joint_centres", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_table(
        "staffing",
        sa.Column("staffing_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("unit_code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_staffing_once",
        ),
        sa.CheckConstraint("posts >= 0", name=op.f("ck_staffing_posts_non_negative")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_staffing_valid_range")),
        sa.PrimaryKeyConstraint("staffing_id", name=op.f("pk_staffing")),
    )
    op.create_table(
        "town_modes",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("town_code", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("delineable", sa.Boolean(), nullable=True),
        sa.Column("residents", sa.Integer(), nullable=True),
        sa.Column("residents_on", sa.Date(), nullable=True),
        sa.Column("residents_source", sa.String(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("override_by", sa.String(), nullable=True),
        sa.Column("override_document", sa.String(), nullable=True),
        sa.Column("override_reason", sa.String(), nullable=True),
        sa.Column("override_dated", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("town_code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_town_modes_one_a_day",
        ),
        sa.CheckConstraint(
            "mode <> 'basic_management_unit' OR passed IS NOT FALSE OR override_by IS NOT NULL",
            name=op.f("ck_town_modes_rule_or_override"),
        ),
        sa.CheckConstraint(
            "mode IN ('basic_management_unit', 'sector', 'direct')", name=op.f("ck_town_modes_mode_known")
        ),
        sa.CheckConstraint(
            "num_nonnulls(override_by, override_document, override_reason, override_dated) IN (0, 4)",
            name=op.f("ck_town_modes_override_complete"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(residents, residents_on, residents_source) IN (0, 3)",
            name=op.f("ck_town_modes_residents_with_source"),
        ),
        sa.CheckConstraint(
            "passed IS NULL OR num_nonnulls(delineable, residents, area_id, rule) = 4",
            name=op.f("ck_town_modes_verdict_with_facts"),
        ),
        sa.CheckConstraint("residents >= 0", name=op.f("ck_town_modes_residents_non_negative")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_town_modes_valid_range")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.area_id"], name=op.f("fk_town_modes_area_id_areas")),
        sa.ForeignKeyConstraint(["rule"], ["mode_rules.name"], name=op.f("fk_town_modes_rule_mode_rules")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_town_modes")),
    )
    op.bulk_insert(rules, [RULE])
    op.execute(TAKE_OVER)
    op.drop_column("areas", "mode")
    op.execute(
        "CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON town_modes "
        "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('areas')"
    )
    op.execute(KEEP_FUNCTION)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )


def downgrade() -> None:
    op.add_column("areas", sa.Column("mode", sa.String(), nullable=True))
    op.execute(GIVE_BACK)
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_table("mode_rules")
    op.execute("DROP FUNCTION keep_history()")
