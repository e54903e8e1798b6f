"""Rental premises by colour: rubrics, inspections, states, appeals, and what was published of them."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

NOW, ENDED = "valid_to IS NULL", "valid_to IS NOT NULL"
FACTORS = (
    "population_information", "sanitation", "fire_safety", "public_security", "neighbour_relations",
    "care_of_property", "family_planning",
)  # fmt: skip
COLOUR = "colour IN ('green', 'yellow', 'watch', 'red')"
FIRST_RUBRIC = {
    "name": "2015",
    "valid_from": "2015-01-01",
    "weights": [1.0] * 7,
    "maxima": [10.0] * 7,
    "cut": 5.0,
    "cut_inclusive": True,
    "green_from": 8.0,
    "full_score": 10.0,
    "due_days": [180, 90, 30, 14],
    "reinspection_type": "2102",
    "source": "七项因素与“5分以下”出自试点材料；权重、满分、分档与期限为参数",
}


def upgrade() -> None:
    _rubrics()
    _inspections()
    _premises()
    _appeals()
    _publications()
    for table in ("premises_inspections", "premises_publications", "premises_published"):
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table} FOR EACH STATEMENT "
            "EXECUTE FUNCTION refuse_change_of_edition()"
        )
    op.execute(
        "CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON premises FOR EACH ROW EXECUTE FUNCTION keep_history()"
    )
    for table, layer in (("premises", "premises"), ("premises_published", "premises_quarters")):
        op.execute(
            f"CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('{layer}')"
        )


def downgrade() -> None:
    for table in (
        "premises_published", "premises_publications", "premises_appeals", "premises", "premises_inspections",
        "premises_rubrics",
    ):  # fmt: skip
        op.drop_table(table)


def _rubrics() -> None:
    numbers = postgresql.ARRAY(sa.Double())
    rubrics = op.create_table(
        "premises_rubrics",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("weights", numbers, nullable=False),
        sa.Column("maxima", numbers, nullable=False),
        sa.Column("cut", sa.Float(), nullable=False),
        sa.Column("cut_inclusive", sa.Boolean(), nullable=False),
        sa.Column("green_from", sa.Float(), nullable=False),
        sa.Column("full_score", sa.Float(), nullable=False),
        sa.Column("due_days", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("reinspection_type", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint(
            "cardinality(weights) = 7 AND cardinality(maxima) = 7", name=op.f("ck_premises_rubrics_seven_factors")
        ),
        sa.CheckConstraint(
            "0 < cut AND cut < green_from AND green_from <= full_score", name=op.f("ck_premises_rubrics_bands_in_order")
        ),
        sa.CheckConstraint("cardinality(due_days) = 4", name=op.f("ck_premises_rubrics_four_colours")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_premises_rubrics")),
        sa.UniqueConstraint("valid_from", name=op.f("uq_premises_rubrics_valid_from")),
    )
    op.bulk_insert(rubrics, [FIRST_RUBRIC])


def _inspections() -> None:
    op.create_table(
        "premises_inspections",
        sa.Column("inspection_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("premises_code", sa.String(), nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=False),
        *(sa.Column(factor, sa.Float(), nullable=True) for factor in FACTORS),
        sa.Column("cooperating", sa.Boolean(), nullable=False),
        sa.Column("rubric", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("colour", sa.String(), nullable=True),
        sa.Column("post_code", sa.String(), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.CheckConstraint(
            f"(score IS NULL) = (num_nulls({', '.join(FACTORS)}) > 0)",
            name=op.f("ck_premises_inspections_score_of_all_factors"),
        ),
        sa.CheckConstraint(
            " AND ".join(f"{factor} >= 0" for factor in FACTORS),
            name=op.f("ck_premises_inspections_factors_non_negative"),
        ),
        sa.CheckConstraint(
            f"(score IS NULL) = (colour IS NULL) AND {COLOUR}", name=op.f("ck_premises_inspections_colour_known")
        ),
        sa.ForeignKeyConstraint(
            ["rubric"], ["premises_rubrics.name"], name=op.f("fk_premises_inspections_rubric_premises_rubrics")
        ),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_premises_inspections")),
        sa.UniqueConstraint(
            "premises_code", "inspected_on", name=op.f("uq_premises_inspections_premises_code_inspected_on")
        ),
    )


def _premises() -> None:
    op.create_table(
        "premises",
        sa.Column("premises_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("quarter_code", sa.String(), nullable=False),
        sa.Column("middle_code", sa.String(), nullable=True),
        sa.Column("town_code", sa.String(), nullable=False),
        sa.Column("district_code", sa.String(), nullable=False),
        sa.Column("group_renting", sa.Boolean(), nullable=False),
        sa.Column("cooperating", sa.Boolean(), nullable=False),
        sa.Column("inspection_id", sa.BigInteger(), nullable=True),
        sa.Column("inspected_on", sa.Date(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("colour", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(COLOUR, name=op.f("ck_premises_colour_known")),
        sa.CheckConstraint(
            "change IN ('registered', 'inspected', 'flagged', 'appeal_upheld')", name=op.f("ck_premises_change_known")
        ),
        sa.CheckConstraint(
            "(inspection_id IS NULL) = (colour IS NULL)", name=op.f("ck_premises_colour_of_an_inspection")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_premises_valid_range")),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_premises_once",
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["premises_inspections.inspection_id"],
            name=op.f("fk_premises_inspection_id_premises_inspections"),
        ),
        sa.PrimaryKeyConstraint("premises_id", name=op.f("pk_premises")),
    )
    now, ended = sa.text(NOW), sa.text(ENDED)
    op.create_index("ix_premises_geom_now", "premises", ["geom"], postgresql_using="gist", postgresql_where=now)
    op.create_index("ix_premises_geom_ended", "premises", ["geom"], postgresql_using="gist", postgresql_where=ended)
    op.create_index("ix_premises_code", "premises", ["code", "valid_from"])
    op.create_index("ix_premises_ended", "premises", ["valid_to"], postgresql_where=ended)
    op.create_index("ix_premises_due_on", "premises", ["due_on", "code"], postgresql_where=now)
    op.create_index(
        "ix_premises_counted",
        "premises",
        ["quarter_code"],
        postgresql_include=["town_code", "district_code", "colour", "group_renting", "valid_from", "code"],
        postgresql_where=now,
    )
    op.create_index("ix_premises_town_code", "premises", ["town_code", "code"], postgresql_where=now)
    op.create_index("ix_premises_colour", "premises", ["colour", "code"], postgresql_where=now)
    op.create_index("ix_premises_inspection_id", "premises", ["inspection_id"])


def _appeals() -> None:
    op.create_table(
        "premises_appeals",
        sa.Column("appeal_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("premises_code", sa.String(), nullable=False),
        sa.Column("inspection_id", sa.BigInteger(), nullable=False),
        sa.Column("lodged_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('score_wrong', 'cooperation_wrong', 'remedied', 'not_let')",
            name=op.f("ck_premises_appeals_reason_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'upheld', 'refused')", name=op.f("ck_premises_appeals_state_known")),
        sa.CheckConstraint(
            "(state = 'open') = (decided_on IS NULL) AND (decided_on IS NULL OR decided_on >= lodged_on)",
            name=op.f("ck_premises_appeals_decided_after_lodged"),
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["premises_inspections.inspection_id"],
            name=op.f("fk_premises_appeals_inspection_id_premises_inspections"),
        ),
        sa.PrimaryKeyConstraint("appeal_id", name=op.f("pk_premises_appeals")),
    )
    op.create_index(
        "uq_premises_appeals_open",
        "premises_appeals",
        ["inspection_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    for column in ("premises_code", "inspection_id"):
        op.create_index(f"ix_premises_appeals_{column}", "premises_appeals", [column])


def _publications() -> None:
    op.create_table(
        "premises_publications",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "month = date_trunc('month', month)::date AND as_of >= month",
            name=op.f("ck_premises_publications_month_first_day"),
        ),
        sa.CheckConstraint("threshold >= 1", name=op.f("ck_premises_publications_threshold_positive")),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_premises_publications")),
    )
    op.create_table(
        "premises_published",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        *(
            sa.Column(measure, sa.Integer(), nullable=True)
            for measure in ("premises", "green", "yellow", "watch", "red", "uninspected", "group_renting")
        ),
        sa.CheckConstraint(
            "level IN ('district', 'town', 'residential_quarter')", name=op.f("ck_premises_published_level_published")
        ),
        sa.ForeignKeyConstraint(
            ["month"],
            ["premises_publications.month"],
            name=op.f("fk_premises_published_month_premises_publications"),
        ),
        sa.PrimaryKeyConstraint("month", "level", "area_code", name=op.f("pk_premises_published")),
    )
