"""Plan targets with their items and milestones, renewal projects, and budgets with bounds."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

STAGES = "stage IN ('planned', 'located', 'approved', 'building', 'open')"
BOUNDS = "IN ('exact', 'at_least', 'more_than')"
KEPT = ("targets", "renewal_projects", "budgets")
DRAWN = {
    "targets": "target_items",
    "target_items": "target_items",
    "target_milestones": "target_items",
    "renewal_projects": "projects",
}
ADDED_ONLY = """
CREATE FUNCTION keep_milestones() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'milestones are only added'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'target_milestones_only_added';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "targets",
        sa.Column("target_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("owner_post", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        *_dated("targets"),
        sa.CheckConstraint("wanted > 0", name=op.f("ck_targets_wanted_counted")),
        sa.CheckConstraint("cardinality(kinds) > 0", name=op.f("ck_targets_kinds_named")),
        _once("targets", "code"),
        sa.PrimaryKeyConstraint("target_id", name=op.f("pk_targets")),
    )
    op.create_index("ix_targets_area_code", "targets", ["area_code"])
    _create_items()
    op.create_table(
        "renewal_projects",
        sa.Column("project_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("households_source", sa.String(), nullable=True),
        sa.Column("moved_60_plus", sa.Integer(), nullable=True),
        sa.Column("away_edition", sa.String(), nullable=True),
        sa.Column("home_edition", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("area_m2", sa.Float(), sa.Computed("ST_Area(geom::geography)", persisted=True), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        *_dated("renewal_projects"),
        sa.CheckConstraint("households >= 0", name=op.f("ck_renewal_projects_households_counted")),
        sa.CheckConstraint(
            "(households IS NULL) = (households_source IS NULL)",
            name=op.f("ck_renewal_projects_households_have_a_source"),
        ),
        sa.CheckConstraint("moved_60_plus >= 0", name=op.f("ck_renewal_projects_moved_60_plus_counted")),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_renewal_projects_period")),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_renewal_projects_geom_valid")),
        _once("renewal_projects", "code"),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_renewal_projects")),
    )
    op.create_index("ix_renewal_projects_geom", "renewal_projects", ["geom"], postgresql_using="gist")
    _create_budgets()
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
    op.execute(ADDED_ONLY)
    op.execute(
        "CREATE TRIGGER keep_milestones BEFORE UPDATE OR DELETE ON target_milestones "
        "FOR EACH ROW EXECUTE FUNCTION keep_milestones()"
    )
    for table, layer in DRAWN.items():
        op.execute(
            f"CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('{layer}')"
        )


def downgrade() -> None:
    for table in ("budget_parts", "budgets", "renewal_projects", "target_milestones", "target_items", "targets"):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_milestones()")
    op.execute("DELETE FROM layer_revisions WHERE layer IN ('target_items', 'projects')")


def _create_items() -> None:
    op.create_table(
        "target_items",
        sa.Column("item_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("target_code", sa.String(), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("budget_yuan", sa.BigInteger(), nullable=True),
        sa.Column("dues", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("plan_name", sa.String(), nullable=True),
        sa.Column("plan_rank", sa.Integer(), nullable=True),
        sa.Column("card", postgresql.JSONB(), nullable=True),
        sa.Column("service_point_code", sa.String(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True),
        sa.CheckConstraint("item_no > 0", name=op.f("ck_target_items_item_no_counted")),
        sa.CheckConstraint("budget_yuan >= 0", name=op.f("ck_target_items_budget_counted")),
        sa.CheckConstraint("(plan_name IS NULL) = (plan_rank IS NULL)", name=op.f("ck_target_items_plan_whole")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_target_items")),
        sa.UniqueConstraint("target_code", "item_no", name=op.f("uq_target_items_target_code_item_no")),
    )
    op.create_index("uq_target_items_plan", "target_items", ["target_code", "plan_name", "plan_rank"], unique=True)
    op.create_index("uq_target_items_point", "target_items", ["service_point_code"], unique=True)
    op.create_index("ix_target_items_geom", "target_items", ["geom"], postgresql_using="gist")
    op.create_table(
        "target_milestones",
        sa.Column("milestone_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(STAGES, name=op.f("ck_target_milestones_stage_known")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["target_items.item_id"], name=op.f("fk_target_milestones_item_id_target_items")
        ),
        sa.PrimaryKeyConstraint("milestone_id", name=op.f("pk_target_milestones")),
    )
    op.create_index("ix_target_milestones_item_id", "target_milestones", ["item_id", "milestone_id"])


def _create_budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("budget_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("total_yuan", sa.Numeric(18, 2), nullable=True),
        sa.Column("total_bound", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        *_dated("budgets"),
        sa.CheckConstraint("num_nonnulls(total_yuan, total_bound) IN (0, 2)", name=op.f("ck_budgets_total_whole")),
        sa.CheckConstraint("total_yuan >= 0", name=op.f("ck_budgets_total_counted")),
        sa.CheckConstraint(f"total_bound {BOUNDS}", name=op.f("ck_budgets_total_bound_known")),
        _once("budgets", "area_code", "year"),
        sa.PrimaryKeyConstraint("budget_id", name=op.f("pk_budgets")),
    )
    op.create_table(
        "budget_parts",
        sa.Column("budget_id", sa.BigInteger(), nullable=False),
        sa.Column("part_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("yuan", sa.Numeric(18, 2), nullable=False),
        sa.Column("bound", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("yuan >= 0", name=op.f("ck_budget_parts_yuan_counted")),
        sa.CheckConstraint(f"bound {BOUNDS}", name=op.f("ck_budget_parts_bound_known")),
        sa.ForeignKeyConstraint(["budget_id"], ["budgets.budget_id"], name=op.f("fk_budget_parts_budget_id_budgets")),
        sa.PrimaryKeyConstraint("budget_id", "part_no", name=op.f("pk_budget_parts")),
        sa.UniqueConstraint("budget_id", "name", name=op.f("uq_budget_parts_budget_id_name")),
    )


def _dated(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f(f"ck_{table}_valid_range")),
    ]


def _once(table: str, *columns: str) -> postgresql.ExcludeConstraint:
    days = (sa.text("daterange(valid_from, valid_to)"), "&&")
    return postgresql.ExcludeConstraint(
        *((sa.column(column), "=") for column in columns), days, using="gist", name=f"ex_{table}_once"
    )
