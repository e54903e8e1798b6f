"""Bodies with posts, links, services and agreements; facts of areas by kind."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

DATED = ("bodies", "body_posts", "post_links", "body_agreements", "area_facts")
KIND_KNOWN = (
    "kind IN ('residents_committee', 'village_committee', 'party_organisation', 'owners_committee', 'property_firm',"
    " 'subdistrict_office', 'village_supervision_committee', 'autonomy_guidance_centre', 'social_organisation',"
    " 'unit_committee', 'management_committee', 'police_station', 'partner_unit', 'other')"
)
LEVEL_KNOWN = "level IN ('district', 'town', 'basic_management_unit', 'sector', 'residential_quarter', 'grid_cell')"
OFFICE_KNOWN = (
    "office IN ('party_and_government_office', 'party_building_office', 'management_office', 'services_office',"
    " 'safety_office', 'autonomy_office', 'joint_building_office', 'development_office')"
)
KINDS = [
    ("committee_work_fund", "居委会工作经费（每会每年）", "Work fund, a committee a year", "yuan", False),
    ("committee_mass_work_fund", "群众工作经费（每会每年）", "Fund for mass work, a committee a year", "yuan", False),
    ("village_work_fund", "村级组织工作经费（每村每年）", "Work fund, a village a year", "yuan", False),
    ("village_assets", "村集体资产", "Assets of the village collective", "yuan", True),
    ("village_funds", "村集体资金", "Funds of the village collective", "yuan", True),
    ("village_resources", "村集体资源（土地）", "Resources of the village collective: land", "m2", True),
    ("committee_members", "居（村）委会成员", "Members of the committee", "people", True),
    ("stated_area", "来源所述面积", "Surface as a source states it", "m2", False),
    ("partner_agreements", "共建协议", "Agreements with partner units", "count", True),
    ("reserved_posts", "预留编制", "Posts kept in reserve", "posts", False),
    ("posts_cut_ratio", "机关编制核减比例", "Share of offices' posts that is cut", "ratio", False),
    ("investment_staff", "招商人员", "Staff for attracting investment", "people", False),
    ("development_zones", "开发区", "Development zones", "count", False),
    ("managed_firms", "管理企业", "Firms looked after", "count", False),
]  # fmt: skip


def dated() -> tuple[sa.Column, sa.Column]:
    return sa.Column("valid_from", sa.Date(), nullable=False), sa.Column("valid_to", sa.Date(), nullable=True)


def range_of(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f(f"ck_{table}_valid_range"))


def once(table: str, *columns: str) -> postgresql.ExcludeConstraint:
    days = (sa.text("daterange(valid_from, valid_to)"), "&&")
    same = ((sa.column(column), "=") for column in columns)
    return postgresql.ExcludeConstraint(*same, days, using="gist", name=f"ex_{table}_once")


def upgrade() -> None:
    create_bodies()
    create_posts()
    create_services()
    create_facts()
    for table in DATED:
        op.execute(
            f"CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )


def create_bodies() -> None:
    op.create_table(
        "bodies",
        sa.Column("body_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        *dated(),
        sa.CheckConstraint(KIND_KNOWN, name=op.f("ck_bodies_kind_known")),
        sa.CheckConstraint(LEVEL_KNOWN, name=op.f("ck_bodies_level_known")),
        sa.CheckConstraint(OFFICE_KNOWN, name=op.f("ck_bodies_office_known")),
        sa.CheckConstraint(
            "(kind = 'subdistrict_office') = (office IS NOT NULL)", name=op.f("ck_bodies_office_of_kind")
        ),
        range_of("bodies"),
        once("bodies", "code"),
        sa.PrimaryKeyConstraint("body_id", name=op.f("pk_bodies")),
    )
    op.create_index("ix_bodies_area_code", "bodies", ["area_code", "level"])
    op.create_index("ix_bodies_parent_code", "bodies", ["parent_code"])


def create_posts() -> None:
    op.create_table(
        "body_posts",
        sa.Column("post_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("body_code", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *dated(),
        sa.CheckConstraint("count > 0", name=op.f("ck_body_posts_count_positive")),
        range_of("body_posts"),
        once("body_posts", "body_code", "code"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_body_posts")),
    )
    op.create_table(
        "post_links",
        sa.Column("link_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("body_code", sa.String(), nullable=False),
        sa.Column("post_code", sa.String(), nullable=False),
        sa.Column("serves_code", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *dated(),
        sa.CheckConstraint("count > 0", name=op.f("ck_post_links_count_positive")),
        sa.CheckConstraint("body_code <> serves_code", name=op.f("ck_post_links_of_two_bodies")),
        range_of("post_links"),
        once("post_links", "body_code", "post_code", "serves_code"),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_post_links")),
    )
    op.create_index("ix_post_links_serves_code", "post_links", ["serves_code"])


def create_services() -> None:
    op.create_table(
        "purchased_services",
        sa.Column("service_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("organisation_code", sa.String(), nullable=False),
        sa.Column("buyer_code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("amount_yuan", sa.Double(), nullable=True),
        sa.Column("delivered", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("amount_yuan >= 0", name=op.f("ck_purchased_services_amount_non_negative")),
        sa.CheckConstraint("delivered >= 0", name=op.f("ck_purchased_services_delivered_non_negative")),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_purchased_services")),
        sa.UniqueConstraint("code", name=op.f("uq_purchased_services_code")),
    )
    for column in ("organisation_code", "buyer_code"):
        op.create_index(f"ix_purchased_services_{column}", "purchased_services", [column])
    op.create_table(
        "purchased_service_areas",
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["purchased_services.service_id"],
            name=op.f("fk_purchased_service_areas_service_id_purchased_services"),
        ),
        sa.PrimaryKeyConstraint("service_id", "level", "area_code", name=op.f("pk_purchased_service_areas")),
    )
    op.create_index("ix_purchased_service_areas_area_code", "purchased_service_areas", ["area_code"])
    op.create_table(
        "body_agreements",
        sa.Column("agreement_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("body_code", sa.String(), nullable=False),
        sa.Column("partner_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        *dated(),
        sa.CheckConstraint(
            "kind IN ('joint_building', 'shared_premises', 'volunteering', 'other')",
            name=op.f("ck_body_agreements_kind_known"),
        ),
        sa.CheckConstraint("body_code <> partner_code", name=op.f("ck_body_agreements_of_two_bodies")),
        range_of("body_agreements"),
        once("body_agreements", "code"),
        sa.PrimaryKeyConstraint("agreement_id", name=op.f("pk_body_agreements")),
    )
    for column in ("body_code", "partner_code"):
        op.create_index(f"ix_body_agreements_{column}", "body_agreements", [column])


def create_facts() -> None:
    kinds = op.create_table(
        "fact_kinds",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("additive", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "unit IN ('yuan', 'm2', 'people', 'posts', 'count', 'ratio')", name=op.f("ck_fact_kinds_unit_known")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_fact_kinds")),
    )
    names = ("code", "name_zh", "name_en", "unit", "additive")
    op.bulk_insert(kinds, [dict(zip(names, kind, strict=True)) for kind in KINDS])
    op.create_table(
        "area_facts",
        sa.Column("fact_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("bound", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        *dated(),
        sa.CheckConstraint(
            "bound IN ('exact', 'at_least', 'more_than', 'about')", name=op.f("ck_area_facts_bound_known")
        ),
        sa.CheckConstraint("value >= 0", name=op.f("ck_area_facts_value_non_negative")),
        sa.CheckConstraint(
            "year IS NULL OR valid_from = make_date(year, 1, 1)", name=op.f("ck_area_facts_year_from_its_first_day")
        ),
        range_of("area_facts"),
        once("area_facts", "level", "area_code", "kind", "source"),
        sa.ForeignKeyConstraint(["kind"], ["fact_kinds.code"], name=op.f("fk_area_facts_kind_fact_kinds")),
        sa.PrimaryKeyConstraint("fact_id", name=op.f("pk_area_facts")),
    )
    op.create_index("ix_area_facts_area_code", "area_facts", ["area_code", "level"])
    op.create_index("ix_area_facts_kind", "area_facts", ["kind"])


def downgrade() -> None:
    for table in (
        "area_facts", "fact_kinds", "body_agreements", "purchased_service_areas", "purchased_services", "post_links",
        "body_posts", "bodies",
    ):  # fmt: skip
        op.drop_table(table)
