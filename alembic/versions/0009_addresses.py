"""The gazetteer."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name)


def upgrade() -> None:
    op.create_table(
        "address_names",
        sa.Column("name_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        *(sa.Column(name, sa.ARRAY(sa.String()), nullable=False) for name in ("pinyin", "initials")),
        sa.PrimaryKeyConstraint("name_id", name=op.f("pk_address_names")),
        sa.UniqueConstraint("name", name=op.f("uq_address_names_name")),
    )
    _create_addresses()
    op.create_table(
        "address_other_names",
        sa.Column("other_name_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("name_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("called_from", sa.Date(), nullable=True),
        sa.Column("called_to", sa.Date(), nullable=True),
        sa.CheckConstraint("kind IN ('alias', 'former')", name=op.f("ck_address_other_names_kind_known")),
        sa.CheckConstraint("called_to > called_from", name=op.f("ck_address_other_names_called_range")),
        _reference("address_other_names", "edition_id", "editions.edition_id"),
        _reference("address_other_names", "name_id", "address_names.name_id"),
        _reference("address_other_names", "other_id", "address_names.name_id"),
        sa.PrimaryKeyConstraint("other_name_id", name=op.f("pk_address_other_names")),
    )
    for column in ("name_id", "other_id"):
        op.create_index(f"ix_address_other_names_{column}", "address_other_names", [column], unique=False)


def _create_addresses() -> None:
    op.create_table(
        "addresses",
        sa.Column("address_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(collation="C"), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("district", "town")),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("name_id", "base_id")),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("lane", "sublane", "number", "number_to")),
        sa.Column("suffix", sa.String(), nullable=True),
        sa.Column("building", sa.Integer(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True),
        sa.CheckConstraint(
            "kind IN ('road', 'compound', 'door', 'landmark', 'institution')", name=op.f("ck_addresses_kind_known")
        ),
        sa.CheckConstraint("num_nonnulls(name_id, base_id) > 0", name=op.f("ck_addresses_named_or_based")),
        sa.CheckConstraint("number_to IS NULL OR number_to > number", name=op.f("ck_addresses_number_range")),
        _reference("addresses", "edition_id", "editions.edition_id"),
        _reference("addresses", "name_id", "address_names.name_id"),
        _reference("addresses", "base_id", "address_names.name_id"),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_addresses")),
    )
    op.create_index("ix_addresses_base_id", "addresses", ["base_id", "lane", "number"], unique=False)
    op.create_index("ix_addresses_lane_number", "addresses", ["lane", "number"], unique=False)
    op.create_index("ix_addresses_geom", "addresses", ["geom"], unique=False, postgresql_using="gist")
    for column in ("name_id", "code"):
        op.create_index(
            f"ix_addresses_{column}", "addresses", [column], unique=False,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )  # fmt: skip


def downgrade() -> None:
    for table in ("address_other_names", "addresses", "address_names"):
        op.drop_table(table)
