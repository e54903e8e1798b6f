"""The initial schema: editions, areas, population, network, service points, land, cases, jobs, coverage."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


DRAWN_TABLES = {
    "areas": ("areas",),
    "service_points": ("service_points",),
    "network_edges": ("streets",),
    "land_features": ("land",),
    "cases": ("cases",),
    "coverage_runs": ("coverage",),
    "editions": ("areas", "service_points", "streets", "land", "cases", "coverage"),
}

ADVANCE_FUNCTION = """
CREATE FUNCTION advance_layer_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Ordered, so that two writers never wait for each other in a circle.
    INSERT INTO layer_revisions AS r (layer, revision, changed_at)
    SELECT layer, 1, now() FROM unnest(TG_ARGV) AS layer ORDER BY layer
    ON CONFLICT (layer) DO UPDATE SET revision = r.revision + 1, changed_at = now();
    RETURN NULL;
END $$
"""

PROFILES = (
    ("elder", 0.83, "3 km/h, walking speed of elders in 15-minute-circle studies (ISOCARP 2020, 401)"),
    ("planning_floor", 0.80, "a cautious value for planning"),
    ("age_70_79", 1.19, "preferred speed at 70-79 years, mean (PMC5536437)"),
    ("age_80_plus", 0.94, "preferred speed at 80 years and over, mean (PMC5536437)"),
    ("age_80_plus_slow", 0.67, "preferred speed at 80 years and over, mean minus one standard deviation"),
)


def _advance_revisions() -> None:
    op.execute(ADVANCE_FUNCTION)
    for table, layers in DRAWN_TABLES.items():
        arguments = ", ".join(f"'{layer}'" for layer in layers)
        op.execute(
            f"CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision({arguments})"
        )


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "coverage_place_results",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("walk_time_s", sa.Double(), nullable=True),
        sa.Column("snap_distance_m", sa.Double(), nullable=True),
        sa.Column("point_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status BETWEEN 0 AND 3", name=op.f("ck_coverage_place_results_status_known")),
        sa.PrimaryKeyConstraint("run_id", "place_id", name=op.f("pk_coverage_place_results")),
    )
    op.create_table(
        "data_folder",
        sa.Column("folder_id", sa.Integer(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("metric_crs", sa.String(), nullable=False),
        sa.CheckConstraint("folder_id = 1", name=op.f("ck_data_folder_single_row")),
        sa.PrimaryKeyConstraint("folder_id", name=op.f("pk_data_folder")),
    )
    op.create_geospatial_table(
        "editions",
        sa.Column("edition_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("part", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("datum", sa.String(), nullable=False),
        sa.Column("counting", sa.String(), nullable=True),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "extent",
            Geometry(geometry_type="POLYGON", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(subject = 'population') = (counting IS NOT NULL)",
            name=op.f("ck_editions_counting_of_population"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_editions_valid_range")),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_editions")),
        sa.UniqueConstraint("subject", "part", "name", name=op.f("uq_editions_subject_part_name")),
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default=sa.text("3"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name=op.f("ck_jobs_lease_while_running")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_jobs_state_known"),
        ),
        sa.CheckConstraint("progress >= 0 AND progress <= 1", name=op.f("ck_jobs_progress_ratio")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_open",
        "jobs",
        ["job_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "layer_revisions",
        sa.Column("layer", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("layer", name=op.f("pk_layer_revisions")),
    )
    op.create_table(
        "walking_profiles",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("speed_m_per_s", sa.Double(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint(
            "speed_m_per_s > 0 AND speed_m_per_s < 10",
            name=op.f("ck_walking_profiles_speed_m_per_s_plausible"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_walking_profiles")),
    )
    op.create_geospatial_table(
        "areas",
        sa.Column("area_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("mode", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("area_m2", sa.Double(), sa.Computed("ST_Area(geom::geography)", persisted=True), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "geom",
            Geometry(geometry_type="MULTIPOLYGON", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("level"), "="),
            (sa.column("code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_areas_code_in_force_once",
        ),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_areas_geom_valid")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_areas_valid_range")),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.edition_id"], name=op.f("fk_areas_edition_id_editions")),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.area_id"], name=op.f("fk_areas_parent_id_areas")),
        sa.PrimaryKeyConstraint("area_id", name=op.f("pk_areas")),
    )
    op.create_index("ix_areas_edition_id", "areas", ["edition_id"], unique=False)
    op.create_geospatial_index(
        "ix_areas_geom", "areas", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_areas_level_code", "areas", ["level", "code"], unique=False)
    op.create_index("ix_areas_parent_id", "areas", ["parent_id"], unique=False)
    op.create_geospatial_table(
        "cases",
        sa.Column("case_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('event', 'component')", name=op.f("ck_cases_kind_known")),
        sa.CheckConstraint("status IN ('reported', 'handling', 'closed')", name=op.f("ck_cases_status_known")),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.edition_id"], name=op.f("fk_cases_edition_id_editions")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
        sa.UniqueConstraint("case_no", name=op.f("uq_cases_case_no")),
    )
    op.create_geospatial_index(
        "ix_cases_geom", "cases", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_cases_reported_at", "cases", ["reported_at"], unique=False)
    op.create_table(
        "coverage_runs",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("area_code", sa.String(), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=True),
        sa.Column("result_sha256", sa.String(), nullable=True),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(document IS NULL) = (finished_at IS NULL)", name=op.f("ck_coverage_runs_document_when_finished")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("fk_coverage_runs_job_id_jobs")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_coverage_runs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_coverage_runs_idempotency_key")),
    )
    op.create_index("ix_coverage_runs_job_id", "coverage_runs", ["job_id"], unique=False)
    op.create_geospatial_table(
        "land_features",
        sa.Column("feature_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("geom", Geometry(srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
        sa.CheckConstraint(
            "kind IN ('water', 'rail', 'wall', 'hazard', 'landuse')", name=op.f("ck_land_features_kind_known")
        ),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_land_features_geom_valid")),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_land_features_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("feature_id", name=op.f("pk_land_features")),
    )
    op.create_geospatial_index(
        "ix_land_features_geom",
        "land_features",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_table(
        "network_edges",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("edge_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column("component", sa.Integer(), nullable=False),
        sa.Column("way_id", sa.BigInteger(), nullable=True),
        sa.Column("highway", sa.String(), nullable=False),
        sa.Column(
            "tags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "geom",
            Geometry(geometry_type="LINESTRING", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint(
            "length_m >= 0 AND length_m < 'Infinity'", name=op.f("ck_network_edges_length_m_non_negative")
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_network_edges_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("edition_id", "edge_id", name=op.f("pk_network_edges")),
    )
    op.create_geospatial_index(
        "ix_network_edges_geom",
        "network_edges",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_table(
        "network_nodes",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("node_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("osm_id", sa.BigInteger(), nullable=True),
        sa.Column("component", sa.Integer(), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_network_nodes_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("edition_id", "node_id", name=op.f("pk_network_nodes")),
    )
    op.create_geospatial_table(
        "population_places",
        sa.Column("place_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("place_no", sa.BigInteger(), nullable=False),
        sa.Column("residents_60_64", sa.Double(), nullable=True),
        sa.Column("residents_65_69", sa.Double(), nullable=True),
        sa.Column("residents_70_74", sa.Double(), nullable=True),
        sa.Column("residents_75_79", sa.Double(), nullable=True),
        sa.Column("residents_80_plus", sa.Double(), nullable=True),
        sa.Column("residents_60_plus", sa.Double(), nullable=True),
        sa.Column("connect_extra_m", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint(
            "connect_extra_m >= 0 AND connect_extra_m < 'Infinity'",
            name=op.f("ck_population_places_connect_extra_m_non_negative"),
        ),
        sa.CheckConstraint(
            "residents_60_64 >= 0 AND residents_60_64 < 'Infinity'",
            name=op.f("ck_population_places_residents_60_64_non_negative"),
        ),
        sa.CheckConstraint(
            "residents_60_plus >= 0 AND residents_60_plus < 'Infinity'",
            name=op.f("ck_population_places_residents_60_plus_non_negative"),
        ),
        sa.CheckConstraint(
            "residents_65_69 >= 0 AND residents_65_69 < 'Infinity'",
            name=op.f("ck_population_places_residents_65_69_non_negative"),
        ),
        sa.CheckConstraint(
            "residents_70_74 >= 0 AND residents_70_74 < 'Infinity'",
            name=op.f("ck_population_places_residents_70_74_non_negative"),
        ),
        sa.CheckConstraint(
            "residents_75_79 >= 0 AND residents_75_79 < 'Infinity'",
            name=op.f("ck_population_places_residents_75_79_non_negative"),
        ),
        sa.CheckConstraint(
            "residents_80_plus >= 0 AND residents_80_plus < 'Infinity'",
            name=op.f("ck_population_places_residents_80_plus_non_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_population_places_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_population_places")),
        sa.UniqueConstraint("edition_id", "place_no", name=op.f("uq_population_places_edition_id_place_no")),
    )
    op.create_geospatial_index(
        "ix_population_places_geom",
        "population_places",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_table(
        "service_points",
        sa.Column("point_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint("status IN ('open', 'planned', 'closed')", name=op.f("ck_service_points_status_known")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_service_points_capacity_non_negative")),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_service_points_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("point_id", name=op.f("pk_service_points")),
        sa.UniqueConstraint("edition_id", "code", name=op.f("uq_service_points_edition_id_code")),
    )
    op.create_geospatial_index(
        "ix_service_points_geom",
        "service_points",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "coverage_area_results",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["coverage_runs.run_id"],
            name=op.f("fk_coverage_area_results_run_id_coverage_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "level", "code", name=op.f("pk_coverage_area_results")),
    )
    _advance_revisions()
    profiles = sa.table("walking_profiles", sa.column("name"), sa.column("speed_m_per_s"), sa.column("source"))
    op.bulk_insert(
        profiles,
        [{"name": name, "speed_m_per_s": speed, "source": source} for name, speed, source in PROFILES],
    )


def downgrade() -> None:
    op.drop_table("coverage_area_results")
    op.drop_geospatial_index(
        "ix_service_points_geom", table_name="service_points", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("service_points")
    op.drop_geospatial_index(
        "ix_population_places_geom",
        table_name="population_places",
        postgresql_using="gist",
        column_name="geom",
    )
    op.drop_geospatial_table("population_places")
    op.drop_geospatial_table("network_nodes")
    op.drop_geospatial_index(
        "ix_network_edges_geom", table_name="network_edges", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("network_edges")
    op.drop_geospatial_index(
        "ix_land_features_geom", table_name="land_features", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("land_features")
    op.drop_index("ix_coverage_runs_job_id", table_name="coverage_runs")
    op.drop_table("coverage_runs")
    op.drop_index("ix_cases_reported_at", table_name="cases")
    op.drop_geospatial_index("ix_cases_geom", table_name="cases", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("cases")
    op.drop_index("ix_areas_parent_id", table_name="areas")
    op.drop_index("ix_areas_level_code", table_name="areas")
    op.drop_geospatial_index("ix_areas_geom", table_name="areas", postgresql_using="gist", column_name="geom")
    op.drop_index("ix_areas_edition_id", table_name="areas")
    op.drop_geospatial_table("areas")
    op.drop_table("walking_profiles")
    op.drop_table("layer_revisions")
    op.drop_index("ix_jobs_open", table_name="jobs", postgresql_where=sa.text("state IN ('queued', 'running')"))
    op.drop_table("jobs")
    op.drop_geospatial_table("editions")
    op.drop_table("data_folder")
    op.drop_table("coverage_place_results")
    op.execute("DROP FUNCTION advance_layer_revision()")
