"""Plans, their targets and milestones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PLAIN = "name ~ '^[^@/[:space:]]([^@/]{0,62}[^@/[:space:]])?$'"
RECORDS = ("plan_targets", "plan_milestones", "plan_reruns")

GUARD = """
CREATE FUNCTION guard_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (OLD.name, OLD.note, OLD.author, OLD.made_at, OLD.run_id, OLD.document, OLD.points, OLD.type, OLD.area_code)
            IS NOT DISTINCT FROM
            (NEW.name, NEW.note, NEW.author, NEW.made_at, NEW.run_id, NEW.document, NEW.points, NEW.type, NEW.area_code)
        AND (OLD.adopted_on IS NULL AND OLD.ended_on IS NULL
            OR (OLD.adopted_on, OLD.adopted_by, OLD.owner_post, OLD.budget_yuan)
            IS NOT DISTINCT FROM (NEW.adopted_on, NEW.adopted_by, NEW.owner_post, NEW.budget_yuan))
        AND (OLD.ended_on IS NULL
            OR (OLD.ended_on, OLD.ended_by, OLD.ended_because, OLD.superseded_by)
            IS NOT DISTINCT FROM (NEW.ended_on, NEW.ended_by, NEW.ended_because, NEW.superseded_by))
    THEN RETURN NEW;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
        CONSTRAINT = 'guard_plans_unchanged', MESSAGE = 'a plan cannot be changed once it is made';
END $$;

CREATE FUNCTION guard_plan_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
        CONSTRAINT = 'guard_plans_unchanged', MESSAGE = 'targets and milestones of a plan are a record';
END $$;

CREATE TRIGGER guard_plan BEFORE UPDATE OR DELETE ON plans FOR EACH ROW EXECUTE FUNCTION guard_plan();
CREATE TRIGGER guard_plan_record BEFORE TRUNCATE ON plans FOR EACH STATEMENT EXECUTE FUNCTION guard_plan_record();
"""


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=True),
        sa.Column("adopted_on", sa.Date(), nullable=True),
        sa.Column("adopted_by", sa.String(), nullable=True),
        sa.Column("owner_post", sa.String(), nullable=True),
        sa.Column("budget_yuan", sa.BigInteger(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.Column("superseded_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(PLAIN, name=op.f("ck_plans_name_plain")),
        sa.CheckConstraint(
            "document_sha256 = encode(sha256(convert_to(document, 'UTF8')), 'hex')",
            name=op.f("ck_plans_document_whole"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(adopted_on, adopted_by, owner_post, budget_yuan) IN (0, 4)",
            name=op.f("ck_plans_adopted_whole"),
        ),
        sa.CheckConstraint("budget_yuan >= 0", name=op.f("ck_plans_budget_counted")),
        sa.CheckConstraint("num_nonnulls(ended_on, ended_by) IN (0, 2)", name=op.f("ck_plans_ended_whole")),
        sa.CheckConstraint(
            "num_nonnulls(ended_because, superseded_by) = num_nonnulls(ended_on)", name=op.f("ck_plans_ended_somehow")
        ),
        sa.CheckConstraint(
            "superseded_by IS NULL OR adopted_on IS NOT NULL", name=op.f("ck_plans_superseded_was_adopted")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["siting_runs.run_id"], name=op.f("fk_plans_run_id_siting_runs")),
        sa.ForeignKeyConstraint(["superseded_by"], ["plans.plan_id"], name=op.f("fk_plans_superseded_by_plans")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plans")),
        sa.UniqueConstraint("name", name=op.f("uq_plans_name")),
    )
    op.create_index(
        "uq_plans_adopted",
        "plans",
        ["type", "area_code"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("adopted_on IS NOT NULL AND ended_on IS NULL"),
    )
    op.create_table(
        "plan_targets",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("owner_post", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.CheckConstraint("rank > 0", name=op.f("ck_plan_targets_rank_counted")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name=op.f("fk_plan_targets_plan_id_plans")),
        sa.PrimaryKeyConstraint("plan_id", "rank", name=op.f("pk_plan_targets")),
        sa.UniqueConstraint("plan_id", "code", name=op.f("uq_plan_targets_plan_id_code")),
    )
    op.create_table(
        "plan_milestones",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_plan_milestones_points_counted")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name=op.f("fk_plan_milestones_plan_id_plans")),
        sa.PrimaryKeyConstraint("plan_id", "due_on", name=op.f("pk_plan_milestones")),
        sa.UniqueConstraint("plan_id", "points", name=op.f("uq_plan_milestones_plan_id_points")),
    )
    op.create_table(
        "plan_reruns",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("built", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name=op.f("fk_plan_reruns_plan_id_plans")),
        sa.ForeignKeyConstraint(["run_id"], ["siting_runs.run_id"], name=op.f("fk_plan_reruns_run_id_siting_runs")),
        sa.PrimaryKeyConstraint("plan_id", "run_id", name=op.f("pk_plan_reruns")),
    )
    op.execute(GUARD)
    for table in RECORDS:
        op.execute(
            f"CREATE TRIGGER guard_plan_record BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION guard_plan_record()"
        )


def downgrade() -> None:
    for table in (*reversed(RECORDS), "plans"):
        op.drop_table(table)
    op.execute("DROP FUNCTION guard_plan_record()")
    op.execute("DROP FUNCTION guard_plan()")
