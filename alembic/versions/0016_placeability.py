"""Norm sets with editions, and how many questions were asked."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

POINT, CENTRE, MEAL, CANTEEN = "elderly_service_point", "elderly_service_centre", "meal_point", "community_canteen"
DAY_CARE, CARE_HOME, ROOM = "day_care_centre", "elderly_care_home", "activity_room"
SMALL = [POINT, MEAL, CANTEEN, DAY_CARE, ROOM]
LIFE_CIRCLE = "上海市15分钟社区生活圈规划技术标准（2024征求意见稿）"
GB_50437 = "GB 50437（2018 修订）"
GB_50180 = "GB 50180-2018"
JB_143 = "建标 143-2010"
JGJ_450 = "JGJ 450-2018"
PRACTICE = "planning judgement; to be replaced by the district's own numbers"

SETS = [
    ("shanghai_life_circle", "2024-draft", LIFE_CIRCLE, date(2024, 1, 1)),
    ("gb_50437", "2018", "城镇老年人设施规划规范 GB 50437", date(2019, 5, 1)),
    ("gb_50180", "2018", "城市居住区规划设计标准 GB 50180-2018", date(2018, 12, 1)),
    ("jianbiao_143", "2010", "社区老年人日间照料中心建设标准 建标 143-2010", date(2011, 3, 1)),
    ("jgj_450", "2018", "老年人照料设施建筑设计标准 JGJ 450-2018", date(2018, 10, 1)),
    ("shanghai_elder_care", "practice", "上海社区养老服务设施通行做法", date(2015, 1, 1)),
    ("siting_practice", "2026", "选址判断用的规划阈值", date(2015, 1, 1)),
]
"""Name, edition, title, in force from."""

NORMS = [
    # set, item, types, least, most, severity, evidence, source
    ("shanghai_life_circle", "walk_time_s", [], None, 900, "warn", "S", LIFE_CIRCLE),
    ("shanghai_life_circle", "radius_m", [], None, 1000, "warn", "S", LIFE_CIRCLE),
    ("shanghai_life_circle", "residents_served", [], 30000, 50000, "warn", "S", LIFE_CIRCLE),
    ("shanghai_life_circle", "floor_area_m2", [CENTRE], 800, None, "fail", "S", LIFE_CIRCLE),
    ("shanghai_life_circle", "floor_area_m2", [POINT, MEAL, CANTEEN, ROOM], 50, None, "fail", "S", LIFE_CIRCLE),
    ("shanghai_life_circle", "floor_area_m2", [POINT, MEAL, CANTEEN, ROOM], None, 200, "warn", "S", LIFE_CIRCLE),
    ("shanghai_life_circle", "severed_ratio", [], None, 0.1, "warn", "S", LIFE_CIRCLE),
    ("gb_50437", "beds_per_1000", [CARE_HOME], 40, None, "warn", "S", GB_50437),
    ("gb_50437", "land_m2_per_person", [], 0.1, None, "warn", "S", GB_50437),
    ("gb_50437", "combined_walk_s", SMALL, None, 300, "warn", "S", GB_50437),
    ("gb_50180", "radius_m", [DAY_CARE], None, 300, "warn", "R", GB_50180),
    ("gb_50180", "floor_area_m2", [DAY_CARE], 350, 1750, "warn", "R", GB_50180),
    ("gb_50180", "radius_m", [CARE_HOME], None, 1000, "warn", "R", GB_50180),
    ("jianbiao_143", "floor_area_m2", [DAY_CARE], 750, None, "warn", "R", JB_143 + ", 10,000–15,000"),
    ("jgj_450", "storey_without_lift", [], None, 1, "fail", "R", JGJ_450),
    ("jgj_450", "daylight", [], 1, None, "warn", "R", JGJ_450),
    ("shanghai_elder_care", "points_per_town", [CENTRE], 1, None, "warn", "R", "上海"),
    ("shanghai_elder_care", "floor_area_m2", [DAY_CARE], 200, None, "fail", "R", "上海"),
    ("shanghai_elder_care", "floor_area_m2", [CARE_HOME], 300, None, "fail", "R", "上海"),
    ("siting_practice", "road_distance_m", [], 1, None, "warn", "J", PRACTICE),
    ("siting_practice", "rail_distance_m", [], 30, None, "warn", "J", PRACTICE),
    ("siting_practice", "rail_distance_m", [], 10, None, "fail", "J", PRACTICE),
    ("siting_practice", "water_distance_m", [], 10, None, "warn", "J", PRACTICE),
    ("siting_practice", "hazard_distance_m", [], 50, None, "warn", "J", PRACTICE),
    ("siting_practice", "connection_m", [], None, 50, "warn", "J", PRACTICE),
    ("siting_practice", "connection_m", [], None, 100, "fail", "J", PRACTICE),
    ("siting_practice", "new_residents", [], 100, None, "warn", "J", PRACTICE),
    ("siting_practice", "new_residents", [], 1, None, "fail", "J", PRACTICE),
    ("siting_practice", "covered_twice_ratio", [], None, 0.5, "warn", "J", PRACTICE),
    ("siting_practice", "covered_twice_ratio", [], None, 0.9, "fail", "J", PRACTICE),
    ("siting_practice", "same_type_walk_s", [], 300, None, "warn", "J", PRACTICE),
    ("siting_practice", "same_type_walk_s", [], 60, None, "fail", "J", PRACTICE),
    ("siting_practice", "residents_per_capacity", [], None, 20, "warn", "J", PRACTICE),
    ("siting_practice", "residents_per_capacity", [], None, 40, "fail", "J", PRACTICE),
    ("siting_practice", "severed_ratio", [], None, 0.5, "fail", "J", PRACTICE),
    ("siting_practice", "cost_to_budget_ratio", [], None, 0.9, "warn", "J", PRACTICE),
    ("siting_practice", "cost_to_budget_ratio", [], None, 1, "fail", "J", PRACTICE),
    ("siting_practice", "lease_years", [], 5, None, "warn", "J", PRACTICE),
    ("siting_practice", "lease_years", [], 1, None, "fail", "J", PRACTICE),
    ("siting_practice", "combined_walk_s", SMALL, None, 900, "fail", "J", PRACTICE),
    ("siting_practice", "gini_rise", [], None, 0, "warn", "J", PRACTICE),
    ("siting_practice", "gini_rise", [], None, 0.01, "fail", "J", PRACTICE),
    ("siting_practice", "eighty_plus_ratio", [], 0.8, None, "warn", "J", PRACTICE),
    ("siting_practice", "eighty_plus_ratio", [], 0.5, None, "fail", "J", PRACTICE),
]
"""Evidence: S seen in a public source, R recalled and not checked, J judgement."""


def upgrade() -> None:
    op.create_table(
        "norm_sets",
        sa.Column("norm_set_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("norm_set_id", name=op.f("pk_norm_sets")),
        sa.UniqueConstraint("name", "edition", name=op.f("uq_norm_sets_name_edition")),
        sa.UniqueConstraint("name", "valid_from", name=op.f("uq_norm_sets_name_valid_from")),
    )
    op.create_table(
        "norms",
        sa.Column("norm_set_id", sa.BigInteger(), nullable=False),
        sa.Column("norm_no", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("least", sa.Float(), nullable=True),
        sa.Column("most", sa.Float(), nullable=True),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("least IS NOT NULL OR most IS NOT NULL", name=op.f("ck_norms_bounded")),
        sa.CheckConstraint("least > '-Infinity' AND least < 'Infinity'", name=op.f("ck_norms_least_finite")),
        sa.CheckConstraint("most > '-Infinity' AND most < 'Infinity'", name=op.f("ck_norms_most_finite")),
        sa.CheckConstraint("least <= most", name=op.f("ck_norms_least_below_most")),
        sa.CheckConstraint("severity IN ('warn', 'fail')", name=op.f("ck_norms_severity_known")),
        sa.ForeignKeyConstraint(
            ["norm_set_id"], ["norm_sets.norm_set_id"], ondelete="CASCADE", name=op.f("fk_norms_norm_set_id_norm_sets")
        ),
        sa.PrimaryKeyConstraint("norm_set_id", "norm_no", name=op.f("pk_norms")),
    )
    op.create_table(
        "place_questions",
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.CheckConstraint("questions > 0", name=op.f("ck_place_questions_questions_positive")),
        sa.PrimaryKeyConstraint("asked_on", "account_id", name=op.f("pk_place_questions")),
    )
    _seed()


def _seed() -> None:
    """Store the norms of the field; a district's own come as further sets and editions."""
    connection, numbers = op.get_bind(), {}
    for name, edition, title, valid_from in SETS:
        numbers[name] = connection.execute(
            sa.text(
                "INSERT INTO norm_sets (name, edition, title, valid_from) VALUES (:name, :edition, :title, :valid_from)"
                " RETURNING norm_set_id"
            ),
            {"name": name, "edition": edition, "title": title, "valid_from": valid_from},
        ).scalar_one()
    columns = ("item", "types", "least", "most", "severity", "evidence", "source")
    rows = [
        {"norm_set_id": numbers[name], "norm_no": number, **dict(zip(columns, values, strict=True))}
        for number, (name, *values) in enumerate(NORMS, start=1)
    ]
    connection.execute(
        sa.text(
            "INSERT INTO norms (norm_set_id, norm_no, item, types, least, most, severity, evidence, source) VALUES"
            " (:norm_set_id, :norm_no, :item, :types, :least, :most, :severity, :evidence, :source)"
        ),
        rows,
    )


def downgrade() -> None:
    for table in ("place_questions", "norms", "norm_sets"):
        op.drop_table(table)
