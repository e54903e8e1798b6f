"""What profiles ask of edges, profiles with editions, gates and compounds."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
KINDS = "'water', 'rail', 'wall', 'hazard', 'landuse'"
FIRST_DAY = date(1900, 1, 1)
"""The profiles of the first edition have been in force ever since: runs of any day may name them."""

PLAIN = {"steps_factor": 1.0, "crossing_s": 0.0, "unpaved_factor": 1.0, "rough_factor": 1.0, "slope": False,
         "most_slope": None, "wheelchair": False}  # fmt: skip
"""Nothing but a speed: the profiles that runs have named keep their answers."""

OF_NAMES = (
    ("elder", None, "S39", "3 km/h, walking speed of elders in 15-minute-circle studies (ISOCARP 2020, 401)"),
    ("planning_floor", None, "R", "a cautious value for planning"),
    ("age_70_79", 0.24, "S38", "preferred speed at 70-79 years, mean (PMC5536437)"),
    ("age_80_plus", 0.27, "S38", "preferred speed at 80 years and over, mean (PMC5536437)"),
    ("age_80_plus_slow", None, "C", "preferred speed at 80 years and over, mean minus one standard deviation"),
)
NEW = (
    {"name": "elder_obstacles", "speed_m_per_s": 0.83, "sd_m_per_s": None, "steps_factor": 1.67, "crossing_s": 15.0,
     "unpaved_factor": 1.2, "rough_factor": 1.3, "slope": True, "most_slope": None, "wheelchair": False,
     "evidence": "J",
     "source": "elder with what slows: steps as 3 to 5 km/h (GraphHopper's foot speeds), slopes by Tobler 1993, "
               "waiting and surfaces by judgement"},
    {"name": "wheelchair", "speed_m_per_s": 0.80, "sd_m_per_s": None, "steps_factor": None, "crossing_s": 15.0,
     "unpaved_factor": 1.5, "rough_factor": 2.0, "slope": True, "most_slope": 1 / 12, "wheelchair": True,
     "evidence": "R",
     "source": "the planning floor without steps, at most 1:12 steep (the ramps of GB 50763), surfaces by judgement"},
)  # fmt: skip

# The table of gridmgmt.ingest.walk_traits as it stands with this revision; numbers are those of Trait.
BACKFILL = """
UPDATE network_edges SET traits = traits_of.bits, slope = traits_of.slope
FROM (
    SELECT
        edition_id,
        edge_id,
        CASE WHEN highway = 'steps' THEN 1 ELSE 0 END
        + CASE WHEN highway = 'steps' AND tags ->> 'ramp' = 'yes' THEN 2 ELSE 0 END
        + CASE WHEN highway = 'elevator' THEN 4 ELSE 0 END
        + CASE
            WHEN highway = 'crossing' OR tags ->> 'footway' = 'crossing' OR tags ->> 'crossing' <> 'no' THEN 8
            ELSE 0
        END
        + CASE
            WHEN tags ->> 'surface' IN (
                'unpaved', 'compacted', 'fine_gravel', 'gravel', 'dirt', 'earth', 'ground', 'mud', 'sand', 'grass',
                'woodchips', 'rock', 'pebblestone', 'stepping_stones', 'snow'
            ) THEN 16
            ELSE 0
        END
        + CASE
            WHEN tags ->> 'surface' IN (
                'cobblestone', 'unhewn_cobblestone', 'cobblestone:flattened', 'sett', 'rock', 'pebblestone',
                'stepping_stones'
            )
            OR tags ->> 'smoothness' IN ('bad', 'very_bad', 'horrible', 'very_horrible', 'impassable') THEN 32
            ELSE 0
        END
        + CASE WHEN tags ->> 'wheelchair' = 'no' THEN 64 ELSE 0 END
        + CASE WHEN tags ->> 'wheelchair' IN ('yes', 'designated') THEN 128 ELSE 0 END
        + CASE WHEN coalesce(tags ->> 'bridge', 'no') <> 'no' THEN 256 ELSE 0 END
        + CASE WHEN coalesce(tags ->> 'tunnel', 'no') <> 'no' THEN 512 ELSE 0 END
        AS bits,
        CASE
            WHEN tags ->> 'incline' ~ '^[-+]?[0-9]{1,2}([.][0-9]+)? *%$'
            THEN substring(tags ->> 'incline' FROM '[-+]?[0-9.]+')::float8 / 100
            WHEN tags ->> 'incline' ~ '^[-+]?([0-9]|[1-3][0-9]|4[0-4])([.][0-9]+)? *°$'
            THEN tand(substring(tags ->> 'incline' FROM '[-+]?[0-9.]+')::float8)
        END AS slope
    FROM network_edges
) AS traits_of
WHERE
    network_edges.edition_id = traits_of.edition_id
    AND network_edges.edge_id = traits_of.edge_id
    AND (traits_of.bits <> 0 OR traits_of.slope IS NOT NULL)
"""
WAIT_ONCE = """
UPDATE network_edges SET traits = traits - 8
FROM (
    SELECT
        edition_id,
        edge_id,
        row_number() OVER (
            PARTITION BY edition_id, coalesce(way_id, -1 - edge_id) ORDER BY length_m DESC, edge_id
        ) AS number_of_way
    FROM network_edges
    WHERE traits & 8 = 8
) AS crossings
WHERE
    network_edges.edition_id = crossings.edition_id
    AND network_edges.edge_id = crossings.edge_id
    AND crossings.number_of_way > 1
"""


def upgrade() -> None:
    op.add_column("network_edges", sa.Column("traits", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("network_edges", sa.Column("slope", sa.REAL(), nullable=True))
    op.create_check_constraint(op.f("ck_network_edges_slope_walkable"), "network_edges", "slope BETWEEN -1 AND 1")
    op.execute(BACKFILL)
    op.execute(WAIT_ONCE)
    op.drop_constraint(op.f("ck_land_features_kind_known"), "land_features", type_="check")
    op.create_check_constraint(op.f("ck_land_features_kind_known"), "land_features", f"kind IN ({KINDS}, 'compound')")
    _create_gates()
    _give_profiles_editions()


def _create_gates() -> None:
    op.create_geospatial_table(
        "gates",
        sa.Column("gate_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("access", sa.String(), nullable=False),
        sa.Column("hours", JSONB, nullable=True),
        sa.Column("hours_text", sa.String(), nullable=True),
        sa.Column("osm_id", sa.BigInteger(), nullable=True),
        sa.Column("attributes", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint("access IN ('public', 'residents', 'closed')", name=op.f("ck_gates_access_known")),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.edition_id"], name=op.f("fk_gates_edition_id_editions")),
        sa.PrimaryKeyConstraint("gate_id", name=op.f("pk_gates")),
        sa.UniqueConstraint("edition_id", "code", name=op.f("uq_gates_edition_id_code")),
    )
    op.create_geospatial_index("ix_gates_geom", "gates", ["geom"], unique=False, postgresql_using="gist")
    for table in ("gates", "editions"):
        op.execute(
            f"CREATE TRIGGER advance_gates_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('gates')"
        )


def _give_profiles_editions() -> None:
    op.drop_constraint(op.f("pk_walking_profiles"), "walking_profiles", type_="primary")
    plain = {name: str(value).lower() if value is not None else None for name, value in PLAIN.items()}
    columns = (
        sa.Column("edition", sa.String(), server_default="2026", nullable=False),
        sa.Column("valid_from", sa.Date(), server_default=str(FIRST_DAY), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("sd_m_per_s", sa.Double(), nullable=True),
        sa.Column("steps_factor", sa.Double(), server_default=plain["steps_factor"], nullable=True),
        sa.Column("crossing_s", sa.Double(), server_default=plain["crossing_s"], nullable=False),
        sa.Column("unpaved_factor", sa.Double(), server_default=plain["unpaved_factor"], nullable=False),
        sa.Column("rough_factor", sa.Double(), server_default=plain["rough_factor"], nullable=False),
        sa.Column("slope", sa.Boolean(), server_default=plain["slope"], nullable=False),
        sa.Column("most_slope", sa.Double(), nullable=True),
        sa.Column("wheelchair", sa.Boolean(), server_default=plain["wheelchair"], nullable=False),
        sa.Column("evidence", sa.String(), server_default="J", nullable=False),
    )
    for column in columns:
        op.add_column("walking_profiles", column)
    for column in columns:
        if column.server_default is not None:
            op.alter_column("walking_profiles", column.name, server_default=None)
    op.create_primary_key(op.f("pk_walking_profiles"), "walking_profiles", ["name", "edition"])
    for name, condition in (
        ("valid_range", "valid_to IS NULL OR valid_to >= valid_from"),
        ("sd_m_per_s_plausible", "sd_m_per_s >= 0 AND sd_m_per_s < speed_m_per_s"),
        ("steps_factor_plausible", "steps_factor BETWEEN 0.1 AND 100"),
        ("crossing_s_plausible", "crossing_s BETWEEN 0 AND 600"),
        ("surface_factors_plausible", "unpaved_factor BETWEEN 0.1 AND 100 AND rough_factor BETWEEN 0.1 AND 100"),
        ("most_slope_plausible", "most_slope BETWEEN 0 AND 1"),
    ):
        op.create_check_constraint(op.f(f"ck_walking_profiles_{name}"), "walking_profiles", condition)
    op.create_index(
        "ix_walking_profiles_open", "walking_profiles", ["name"], unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )  # fmt: skip
    profiles = sa.table("walking_profiles", *(sa.column(name) for name in (*NEW[0], "edition", "valid_from")))
    for name, sd_m_per_s, evidence, _ in OF_NAMES:
        known = profiles.c.name == name
        op.execute(profiles.update().where(known).values(sd_m_per_s=sd_m_per_s, evidence=evidence))
    op.bulk_insert(profiles, [{**row, "edition": "2026", "valid_from": FIRST_DAY} for row in NEW])


def downgrade() -> None:
    op.execute("DELETE FROM walking_profiles WHERE name IN ('elder_obstacles', 'wheelchair') OR valid_to IS NOT NULL")
    op.drop_index("ix_walking_profiles_open", table_name="walking_profiles")
    op.drop_constraint(op.f("pk_walking_profiles"), "walking_profiles", type_="primary")
    for name in (
        "valid_range", "sd_m_per_s_plausible", "steps_factor_plausible", "crossing_s_plausible",
        "surface_factors_plausible", "most_slope_plausible",
    ):  # fmt: skip
        op.drop_constraint(op.f(f"ck_walking_profiles_{name}"), "walking_profiles", type_="check")
    for name in ("edition", "valid_from", "valid_to", "sd_m_per_s", *PLAIN, "evidence"):
        op.drop_column("walking_profiles", name)
    op.create_primary_key(op.f("pk_walking_profiles"), "walking_profiles", ["name"])
    op.execute("DROP TRIGGER advance_gates_revision ON editions")
    op.drop_geospatial_table("gates")
    # Editions of gates and of compounds have no rows in the earlier schema.
    op.execute("DELETE FROM layer_revisions WHERE layer = 'gates'")
    op.execute("DELETE FROM land_features WHERE kind = 'compound'")
    op.execute("DELETE FROM editions WHERE subject = 'gates' OR (subject = 'land' AND part = 'compound')")
    op.drop_constraint(op.f("ck_land_features_kind_known"), "land_features", type_="check")
    op.create_check_constraint(op.f("ck_land_features_kind_known"), "land_features", f"kind IN ({KINDS})")
    op.drop_constraint(op.f("ck_network_edges_slope_walkable"), "network_edges", type_="check")
    op.drop_column("network_edges", "slope")
    op.drop_column("network_edges", "traits")
