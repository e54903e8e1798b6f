"""Communities with gates, what is counted at them, and what of it is published."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CLASSES = "flow_class IN ('resident', 'newcomer', 'visitor', 'vehicle')"
REVISED = {
    "gate_communities": "gate_communities",
    "gate_released_bands": "gate_communities",
    "counting_gates": "counting_gates",
}
FROZEN = ("gate_releases", "gate_released_counts", "gate_released_bands")
KEEP_RELEASES = """
CREATE FUNCTION keep_releases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are kept as they were published', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_kept';
END $$
"""


def upgrade() -> None:
    _places()
    _counts(
        "gate_bins",
        sa.Column("start", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("ix_gate_bins_start", "gate_bins", ["start"])
    _counts("gate_hours", sa.Column("start", MOMENT, nullable=False))
    _counts("gate_days", sa.Column("day", sa.Date(), nullable=False))
    op.create_table(
        "gate_censuses",
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("flow_class", sa.String(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("residual", sa.Integer(), nullable=True),
        sa.CheckConstraint(CLASSES, name=op.f("ck_gate_censuses_flow_class_known")),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_gate_censuses_counted_non_negative")),
        _links("gate_censuses", "community_id", "gate_communities"),
        sa.PrimaryKeyConstraint("community_id", "at", "flow_class", name=op.f("pk_gate_censuses")),
    )
    _releases()
    op.execute(KEEP_RELEASES)
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER keep_releases BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_releases()"
        )
    for table in ("gate_communities", "counting_gates"):
        op.execute(
            f"CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
    for table, layer in REVISED.items():
        op.execute(
            f"CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('{layer}')"
        )


def downgrade() -> None:
    for table in (
        *reversed(FROZEN),
        "gate_censuses",
        "gate_days",
        "gate_hours",
        "gate_bins",
        "counting_gates",
        "gate_communities",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_releases()")


def _places() -> None:
    op.create_table(
        "gate_communities",
        sa.Column("community_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("quarter_code", sa.String(), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_gate_communities_geom_valid")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_gate_communities_valid_range")),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_gate_communities")),
        sa.UniqueConstraint("code", name=op.f("uq_gate_communities_code")),
    )
    op.create_index("ix_gate_communities_geom", "gate_communities", ["geom"], postgresql_using="gist")
    op.create_table(
        "counting_gates",
        sa.Column("gate_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_counting_gates_valid_range")),
        _links("counting_gates", "community_id", "gate_communities"),
        sa.PrimaryKeyConstraint("gate_id", name=op.f("pk_counting_gates")),
        sa.UniqueConstraint("code", name=op.f("uq_counting_gates_code")),
    )
    op.create_index("ix_counting_gates_community_id", "counting_gates", ["community_id"])
    op.create_index("ix_counting_gates_geom", "counting_gates", ["geom"], postgresql_using="gist")


def _counts(table: str, when: sa.Column, *others: sa.Column) -> None:
    op.create_table(
        table,
        sa.Column("gate_id", sa.Integer(), nullable=False),
        when,
        sa.Column("flow_class", sa.String(), nullable=False),
        *others,
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.Column("exited", sa.Integer(), nullable=False),
        sa.CheckConstraint(CLASSES, name=op.f(f"ck_{table}_flow_class_known")),
        sa.CheckConstraint("entered >= 0 AND exited >= 0", name=op.f(f"ck_{table}_counts_non_negative")),
        _links(table, "gate_id", "counting_gates"),
        sa.PrimaryKeyConstraint("gate_id", when.name, "flow_class", name=op.f(f"pk_{table}")),
    )


def _links(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.{column}"], name=op.f(f"fk_{table}_{column}_{to}"))


def _releases() -> None:
    op.create_table(
        "gate_releases",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("released_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("rounding", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_gate_releases")),
    )
    op.create_table(
        "gate_released_counts",
        sa.Column("released_count_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("gate_id", sa.Integer(), nullable=True),
        sa.Column("hour", sa.SmallInteger(), nullable=True),
        sa.Column("flow_class", sa.String(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=True),
        sa.Column("exited", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "flow_class IN ('resident', 'newcomer', 'visitor', 'vehicle', 'persons')",
            name=op.f("ck_gate_released_counts_flow_class_known"),
        ),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_gate_released_counts_hour_of_day")),
        _links("gate_released_counts", "day", "gate_releases"),
        _links("gate_released_counts", "community_id", "gate_communities"),
        _links("gate_released_counts", "gate_id", "counting_gates"),
        sa.PrimaryKeyConstraint("released_count_id", name=op.f("pk_gate_released_counts")),
        sa.UniqueConstraint(
            "day", "community_id", "gate_id", "hour", "flow_class",
            name="uq_gate_released_counts_cell", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    op.create_table(
        "gate_released_bands",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("occupancy_from", sa.Integer(), nullable=True),
        sa.Column("occupancy_below", sa.Integer(), nullable=True),
        sa.Column("ratio_from", sa.Float(), nullable=True),
        sa.Column("ratio_below", sa.Float(), nullable=True),
        sa.Column("gates", sa.Integer(), nullable=False),
        sa.Column("gates_lost", sa.Integer(), nullable=False),
        sa.Column("by_census", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _links("gate_released_bands", "day", "gate_releases"),
        _links("gate_released_bands", "community_id", "gate_communities"),
        sa.PrimaryKeyConstraint("day", "community_id", name=op.f("pk_gate_released_bands")),
    )
