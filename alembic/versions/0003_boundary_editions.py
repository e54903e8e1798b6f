"""Boundary editions as change sets: drafts, endings, lineage."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = "('draft', 'checked', 'approved', 'in_force', 'withdrawn')"

PERIODS = """
CREATE VIEW area_periods AS
SELECT
    a.area_id,
    a.edition_id,
    a.level,
    a.code,
    e.valid_from,
    (
        SELECT min(x.valid_from)
        FROM area_endings AS n
        JOIN editions AS x ON x.edition_id = n.edition_id
        WHERE n.area_id = a.area_id AND x.state = 'in_force'
    ) AS valid_to
FROM areas AS a
JOIN editions AS e ON e.edition_id = a.edition_id
WHERE e.state = 'in_force'
"""

GUARDS = """
CREATE FUNCTION guard_draft_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    concerned integer[] := CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[NEW.edition_id]
        WHEN 'DELETE' THEN ARRAY[OLD.edition_id]
        ELSE ARRAY[OLD.edition_id, NEW.edition_id] END;
    drafts boolean;
BEGIN
    -- The share lock makes an activation wait for this transaction, and this one for an activation.
    SELECT bool_and(state = 'draft') INTO drafts
    FROM (SELECT state FROM editions WHERE edition_id = ANY(concerned) FOR SHARE) AS held;
    IF NOT drafts THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
            CONSTRAINT = 'guard_areas_only_drafts_change',
            MESSAGE = 'only drafts of boundary editions can be changed';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
        CONSTRAINT = 'guard_areas_only_drafts_change',
        MESSAGE = 'only drafts of boundary editions can be changed';
END $$;

CREATE FUNCTION refuse_change_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
        CONSTRAINT = 'guard_editions_record_unchanged',
        MESSAGE = 'steps and lineage of boundary editions are a record and cannot be changed';
END $$;

CREATE FUNCTION guard_boundary_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.subject = 'areas' AND OLD.state = 'in_force' THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = 'editions',
                CONSTRAINT = 'guard_editions_in_force_unchanged',
                MESSAGE = 'a boundary edition in force cannot be removed';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.subject <> 'areas' AND NEW.subject <> 'areas' THEN
        RETURN NEW;
    END IF;
    IF OLD.state IN ('in_force', 'withdrawn') AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = 'editions',
            CONSTRAINT = 'guard_editions_in_force_unchanged',
            MESSAGE = 'a boundary edition that is in force or withdrawn cannot be changed';
    END IF;
    IF OLD.state <> NEW.state AND NOT (OLD.state, NEW.state) IN (
        ('draft', 'checked'), ('draft', 'withdrawn'), ('checked', 'draft'), ('checked', 'approved'),
        ('checked', 'withdrawn'), ('approved', 'draft'), ('approved', 'in_force'), ('approved', 'withdrawn')
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = 'editions',
            CONSTRAINT = 'guard_editions_state_step',
            MESSAGE = format('a boundary edition cannot go from %s to %s', OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_activation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone text;
    twice text;
    again text;
BEGIN
    SELECT string_agg(code, ', ' ORDER BY code) INTO gone FROM (
        SELECT DISTINCT a.code
        FROM areas AS a
        WHERE a.area_id IN (
            SELECT n.area_id
            FROM area_endings AS n
            JOIN areas AS b ON b.area_id = n.area_id
            JOIN editions AS e ON e.edition_id = b.edition_id
            WHERE n.edition_id = NEW.edition_id AND (e.state <> 'in_force' OR e.valid_from > NEW.valid_from)
            UNION ALL
            -- Ended by another one too, be it on the same day or later: each replaces it by its own.
            (
                SELECT n.area_id FROM area_endings AS n WHERE n.edition_id = NEW.edition_id
                INTERSECT
                SELECT o.area_id
                FROM area_endings AS o
                JOIN editions AS e ON e.edition_id = o.edition_id
                WHERE e.state = 'in_force' AND e.edition_id <> NEW.edition_id
            )
        )
        ORDER BY a.code LIMIT 5
    ) AS found;
    IF gone IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', TABLE = 'areas', CONSTRAINT = 'ex_areas_base_in_force',
            MESSAGE = 'areas that the edition ends are not in force on that day', DETAIL = gone;
    END IF;

    -- A code that goes on from an area ended here is in force neither twice nor again: that area had no other end.
    WITH begun AS (
        SELECT level, code FROM areas WHERE edition_id = NEW.edition_id
        EXCEPT
        SELECT a.level, a.code
        FROM area_endings AS n
        JOIN areas AS a ON a.area_id = n.area_id
        WHERE n.edition_id = NEW.edition_id
    ),
    used AS (
        SELECT p.code, max(coalesce(p.valid_to, 'infinity')) AS valid_to
        FROM begun AS b
        JOIN area_periods AS p ON p.level = b.level AND p.code = b.code AND p.edition_id <> NEW.edition_id
        GROUP BY p.level, p.code
    )
    SELECT
        array_to_string((array_agg(code ORDER BY code) FILTER (WHERE valid_to > NEW.valid_from))[1:5], ', '),
        array_to_string((array_agg(code ORDER BY code) FILTER (WHERE valid_to <= NEW.valid_from))[1:5], ', ')
    INTO twice, again FROM used;
    IF twice IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', TABLE = 'areas',
            CONSTRAINT = 'ex_areas_code_in_force_once',
            MESSAGE = 'a code would be in force twice on one day', DETAIL = twice;
    END IF;
    IF again IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', TABLE = 'areas',
            CONSTRAINT = 'ex_areas_retired_code_not_reused',
            MESSAGE = 'a retired code cannot be used again', DETAIL = again;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_draft_rows BEFORE INSERT OR UPDATE OR DELETE ON areas
FOR EACH ROW EXECUTE FUNCTION guard_draft_rows();
CREATE TRIGGER guard_draft_rows BEFORE INSERT OR UPDATE OR DELETE ON area_endings
FOR EACH ROW EXECUTE FUNCTION guard_draft_rows();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON areas FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON area_endings FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_change_of_record BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_steps
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_record();
CREATE TRIGGER refuse_change_of_record BEFORE UPDATE OR DELETE OR TRUNCATE ON area_lineage
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_record();
CREATE TRIGGER guard_boundary_edition BEFORE UPDATE OR DELETE ON editions
FOR EACH ROW EXECUTE FUNCTION guard_boundary_edition();
CREATE TRIGGER check_activation AFTER UPDATE OF state ON editions
FOR EACH ROW WHEN (NEW.subject = 'areas' AND NEW.state = 'in_force' AND OLD.state <> 'in_force')
EXECUTE FUNCTION check_activation();
"""

TAKE_OVER = """
UPDATE areas AS a SET parent_level = p.level, parent_code = p.code FROM areas AS p WHERE p.area_id = a.parent_id;
INSERT INTO area_endings (edition_id, area_id)
SELECT min(e.edition_id), a.area_id
FROM areas AS a
JOIN editions AS own ON own.edition_id = a.edition_id
JOIN editions AS e ON e.subject = 'areas' AND e.part = own.part AND e.valid_from = a.valid_to
GROUP BY a.area_id;
UPDATE editions SET valid_to = NULL WHERE subject = 'areas';
"""

GIVE_BACK = """
UPDATE areas AS a SET valid_from = p.valid_from, valid_to = p.valid_to FROM area_periods AS p
WHERE p.area_id = a.area_id;
UPDATE areas AS a SET parent_id = p.area_id FROM areas AS p
WHERE p.level = a.parent_level AND p.code = a.parent_code AND p.valid_from <= a.valid_from
    AND (p.valid_to IS NULL OR p.valid_to > a.valid_from);
"""


def upgrade() -> None:
    op.alter_column("editions", "valid_from", nullable=True)
    op.add_column("editions", sa.Column("state", sa.String(), server_default=sa.text("'in_force'"), nullable=False))
    op.add_column("editions", sa.Column("planned_from", sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_editions_state_known"), "editions", f"state IN {STATES}")
    op.create_check_constraint(
        op.f("ck_editions_in_force_from_a_day"), "editions", "(state = 'in_force') = (valid_from IS NOT NULL)"
    )
    op.create_check_constraint(
        op.f("ck_editions_only_areas_are_drafted"), "editions", "subject = 'areas' OR state = 'in_force'"
    )
    op.create_check_constraint(
        op.f("ck_editions_drafts_are_planned"), "editions", "state = 'in_force' OR planned_from IS NOT NULL"
    )
    op.create_table(
        "edition_steps",
        sa.Column("step_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_edition_steps_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_edition_steps")),
    )
    op.create_index("ix_edition_steps_edition_id", "edition_steps", ["edition_id"])
    op.create_table(
        "area_endings",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_area_endings_edition_id_editions")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.area_id"], name=op.f("fk_area_endings_area_id_areas")),
        sa.PrimaryKeyConstraint("area_id", "edition_id", name=op.f("pk_area_endings")),
    )
    op.create_index("ix_area_endings_edition_id", "area_endings", ["edition_id"])
    op.create_table(
        "area_lineage",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("from_level", sa.String(), nullable=False),
        sa.Column("from_code", sa.String(), nullable=False),
        sa.Column("to_level", sa.String(), nullable=False),
        sa.Column("to_code", sa.String(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("share_of_from", sa.Double(), nullable=False),
        sa.Column("share_of_to", sa.Double(), nullable=False),
        sa.CheckConstraint("area_m2 >= 0", name=op.f("ck_area_lineage_area_m2_non_negative")),
        sa.CheckConstraint(
            "share_of_from BETWEEN 0 AND 1 AND share_of_to BETWEEN 0 AND 1",
            name=op.f("ck_area_lineage_shares_are_ratios"),
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_area_lineage_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint(
            "edition_id", "from_level", "from_code", "to_level", "to_code", name=op.f("pk_area_lineage")
        ),
    )
    op.create_index("ix_area_lineage_from_code", "area_lineage", ["from_code", "from_level"])
    op.create_index("ix_area_lineage_to_code", "area_lineage", ["to_code", "to_level"])
    op.create_geospatial_table(
        "topology_findings",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("finding_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("width_m", sa.Double(), nullable=True),
        sa.Column("location", Geometry("POINT", srid=4326, dimension=2, spatial_index=False), nullable=False),
        sa.Column("geom", Geometry(srid=4326, dimension=2, spatial_index=False), nullable=False),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("severity IN ('error', 'warning')", name=op.f("ck_topology_findings_severity_known")),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_topology_findings_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("edition_id", "finding_no", name=op.f("pk_topology_findings")),
    )
    op.add_column("areas", sa.Column("parent_level", sa.String(), nullable=True))
    op.add_column("areas", sa.Column("parent_code", sa.String(), nullable=True))
    op.execute(TAKE_OVER)
    op.drop_constraint("ex_areas_code_in_force_once", "areas")
    op.drop_constraint("ck_areas_valid_range", "areas")
    op.drop_index("ix_areas_parent_id", "areas")
    op.drop_index("ix_areas_edition_id", "areas")
    for column in ("parent_id", "valid_from", "valid_to"):
        op.drop_column("areas", column)
    op.create_unique_constraint(op.f("uq_areas_edition_id_level_code"), "areas", ["edition_id", "level", "code"])
    op.create_check_constraint(
        op.f("ck_areas_parent_by_level_and_code"), "areas", "(parent_level IS NULL) = (parent_code IS NULL)"
    )
    op.create_index("ix_areas_parent_code", "areas", ["parent_code", "parent_level"])
    op.execute(PERIODS)
    op.execute(GUARDS)
    for table in ("area_endings", "topology_findings"):
        op.execute(
            f"CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('areas')"
        )


def downgrade() -> None:
    for table in ("areas", "area_endings"):
        op.execute(f"DROP TRIGGER guard_draft_rows ON {table}; DROP TRIGGER refuse_truncate ON {table}")
    op.execute("DROP TRIGGER guard_boundary_edition ON editions; DROP TRIGGER check_activation ON editions")
    op.add_column("areas", sa.Column("parent_id", sa.BigInteger(), nullable=True))
    op.add_column("areas", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("areas", sa.Column("valid_to", sa.Date(), nullable=True))
    op.execute(GIVE_BACK)
    op.execute("DROP VIEW area_periods")
    op.drop_index("ix_areas_parent_code", "areas")
    op.drop_constraint("ck_areas_parent_by_level_and_code", "areas")
    op.drop_constraint("uq_areas_edition_id_level_code", "areas")
    op.drop_column("areas", "parent_code")
    op.drop_column("areas", "parent_level")
    op.drop_geospatial_table("topology_findings")
    op.drop_table("area_lineage")
    op.drop_table("area_endings")
    op.drop_table("edition_steps")
    # What was never in force has no place in the earlier schema.
    op.execute("DELETE FROM areas WHERE valid_from IS NULL")
    op.execute("DELETE FROM editions WHERE valid_from IS NULL")
    op.alter_column("areas", "valid_from", nullable=False)
    op.create_foreign_key(op.f("fk_areas_parent_id_areas"), "areas", "areas", ["parent_id"], ["area_id"])
    op.create_index("ix_areas_parent_id", "areas", ["parent_id"])
    op.create_index("ix_areas_edition_id", "areas", ["edition_id"])
    op.create_check_constraint(op.f("ck_areas_valid_range"), "areas", "valid_to IS NULL OR valid_to >= valid_from")
    op.execute(
        "ALTER TABLE areas ADD CONSTRAINT ex_areas_code_in_force_once EXCLUDE USING gist "
        "(level WITH =, code WITH =, daterange(valid_from, valid_to) WITH &&)"
    )
    for name in ("drafts_are_planned", "only_areas_are_drafted", "in_force_from_a_day", "state_known"):
        op.drop_constraint(f"ck_editions_{name}", "editions")
    op.drop_column("editions", "planned_from")
    op.drop_column("editions", "state")
    op.alter_column("editions", "valid_from", nullable=False)
    op.execute(
        "DROP FUNCTION guard_draft_rows(); DROP FUNCTION refuse_truncate(); DROP FUNCTION guard_boundary_edition();"
        "DROP FUNCTION check_activation(); DROP FUNCTION refuse_change_of_record()"
    )
