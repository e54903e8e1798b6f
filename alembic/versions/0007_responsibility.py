"""Officer posts and responsibility grids."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DATED = ("officer_posts", "responsibility_grids", "grid_members")
DRAWN = ("responsibility_grids", "grid_members")
KINDS = (
    ("inspection", "巡查采集", "Inspection"),
    ("city_management", "城管", "City management"),
    ("police", "公安", "Police"),
    ("comprehensive", "综治", "Public security and order"),
    ("party", "党建", "Party building"),
)


def _dated(table: str, key: str, *columns: sa.Column[str], once: tuple[str, ...]) -> None:
    """Create a table of rows that hold from a day until before another, once a day for some of their columns."""
    op.create_table(
        table,
        sa.Column(key, sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *columns,
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            *((sa.column(name), "=") for name in once),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name=f"ex_{table}_once",
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f(f"ck_{table}_valid_range")),
        sa.ForeignKeyConstraint(["kind"], ["grid_kinds.code"], name=op.f(f"fk_{table}_kind_grid_kinds")),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    kinds = op.create_table(
        "grid_kinds",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("required_hours", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_grid_kinds")),
    )
    op.bulk_insert(kinds, [{"code": code, "name_zh": zh, "name_en": en} for code, zh, en in KINDS])
    texts = {name: sa.Column(name, sa.String(), nullable=False) for name in ("code", "name", "kind", "body")}
    _dated("officer_posts", "post_id", *texts.values(), once=("code",))
    _dated(
        "responsibility_grids",
        "grid_id",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("code", "name", "kind")),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("post_code", "backup_code")),
        sa.Column("hours", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        once=("code",),
    )
    op.create_check_constraint(
        op.f("ck_responsibility_grids_backup_is_another"), "responsibility_grids", "post_code <> backup_code"
    )
    _dated(
        "grid_members",
        "member_id",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "grid_code", "cell_code")),
        once=("kind", "cell_code"),
    )
    op.create_index("ix_grid_members_grid_code", "grid_members", ["grid_code"])
    for table in DATED:
        op.execute(
            f"CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
    for table in DRAWN:
        op.execute(
            f"CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('areas')"
        )


def downgrade() -> None:
    for table in reversed(DATED):
        op.drop_table(table)
    op.drop_table("grid_kinds")
