"""Cases as a register with its log and tasks; who may do what to a case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

GIVEN = {
    "operator": ("cases.report", "cases.accept"),
    "inspector": ("cases.report", "cases.confirm"),
    "dispatcher": ("cases.report", "cases.dispatch"),
    "department": ("cases.handle",),
    "duty_chief": (
        "cases.report", "cases.accept", "cases.register", "cases.dispatch", "cases.close", "cases.supervise",
        "reporters.read",
    ),
    "administrator": (
        "cases.report", "cases.accept", "cases.confirm", "cases.register", "cases.dispatch", "cases.handle",
        "cases.close", "cases.supervise", "reporters.read", "catalogue.write", "components.write", "webhooks.manage",
    ),
}  # fmt: skip

GIVE = sa.text(
    "UPDATE roles SET permissions = ARRAY(SELECT DISTINCT unnest(permissions || CAST(:given AS text[])) ORDER BY 1)"
    " WHERE name = :name"
)
TAKE = sa.text(
    "UPDATE roles SET permissions = ARRAY(SELECT p FROM unnest(permissions) AS p WHERE p <> ALL(:taken) ORDER BY 1)"
)

STATES = (
    "reported", "accepted", "confirmed", "registered", "dispatched", "handling", "handled", "verified", "closed",
    "supplement", "suspended", "rejected", "duplicate", "voided",
)  # fmt: skip
SOURCES = ("grid_officer", "inspector", "public", "hotline_12345", "community_hotline", "video", "leader", "other")
URGENCIES = ("on_time", "due_soon", "overdue", "no_deadline")
OPEN = "state NOT IN ('closed', 'duplicate', 'rejected', 'voided')"

KEEP_LOG = """
CREATE TRIGGER refuse_change_of_log BEFORE UPDATE OR DELETE OR TRUNCATE ON case_moves
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_log()
"""

DRAWN_BY_EDITIONS = ("areas", "service_points", "streets", "land", "cases", "coverage")
"""The layers whose revision an edition advanced."""

TELL = """
UPDATE cases SET
    urgency = CASE WHEN coalesce(closed_at, now()) > due_at THEN 'overdue' ELSE 'on_time' END,
    next_alarm_at = CASE WHEN state = 'handling' AND due_at > now() THEN due_at END
WHERE due_at IS NOT NULL
"""
"""How older cases stand against their deadlines, as a register's do that is taken today."""

PLACE = """
WITH in_force AS (
    SELECT edition_id, valid_from FROM editions WHERE subject = 'areas' AND state = 'in_force'
),
held AS (
    SELECT c.case_id, a.level, min(a.code) AS code
    FROM cases AS c
    JOIN areas AS a ON ST_Covers(a.geom, c.geom)
    JOIN in_force AS e
        ON e.edition_id = a.edition_id AND e.valid_from <= (c.reported_at AT TIME ZONE 'Asia/Shanghai')::date
    WHERE NOT EXISTS (
        SELECT FROM area_endings AS x
        JOIN in_force AS f ON f.edition_id = x.edition_id
        WHERE x.area_id = a.area_id AND f.valid_from <= (c.reported_at AT TIME ZONE 'Asia/Shanghai')::date
    )
    GROUP BY c.case_id, a.level
),
named AS (
    SELECT
        case_id,
        min(code) FILTER (WHERE level = 'grid_cell') AS cell_code,
        min(code) FILTER (WHERE level = 'residential_quarter') AS quarter_code,
        min(code) FILTER (WHERE level IN ('basic_management_unit', 'sector')) AS middle_code,
        min(code) FILTER (WHERE level = 'town') AS town_code,
        min(code) FILTER (WHERE level = 'district') AS district_code
    FROM held
    GROUP BY case_id
)
UPDATE cases AS c SET
    cell_code = n.cell_code, quarter_code = n.quarter_code, middle_code = n.middle_code, town_code = n.town_code,
    district_code = n.district_code
FROM named AS n
WHERE n.case_id = c.case_id
"""
"""The areas that held older cases on the day of their report."""

LOG = """
INSERT INTO case_moves (case_id, version, move, state, at, actor, facts)
SELECT case_id, 1, 'import', state, reported_at, 'import', jsonb_strip_nulls(jsonb_build_object(
    'kind', kind, 'type', type, 'source', source, 'reported_at', reported_at, 'due_at', due_at,
    'closed_at', closed_at, 'urgency', urgency, 'next_alarm_at', next_alarm_at, 'cell_code', cell_code,
    'quarter_code', quarter_code, 'middle_code', middle_code, 'town_code', town_code, 'district_code', district_code
))
FROM cases ORDER BY case_id
"""

MOMENTS = ("registered_at", "dispatched_at", "handled_at", "due_soon_at", "next_alarm_at", "paused_at")
CODES = ("cell_code", "quarter_code", "middle_code", "town_code", "district_code", "department_code", "component_code")
COUNTS = ("rework_count", "send_back_count", "extension_count", "reopen_count")


class TransactionId(UserDefinedType):
    """PostgreSQL's ``xid8``."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:  # noqa: D102 -- as its base has it
        return "xid8"


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _moment(name: str, *, nullable: bool = True, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default and sa.text(default))


def _column(name: str, kind: object, default: str | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=default is None, server_default=default and sa.text(default))


def _revise_by_editions(*layers: str) -> None:
    arguments = ", ".join(f"'{layer}'" for layer in layers)
    op.execute("DROP TRIGGER advance_layer_revision ON editions")
    op.execute(
        "CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON editions "
        f"FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision({arguments})"
    )


def _recast_cases() -> None:
    op.execute("DROP TRIGGER advance_layer_revision ON cases")
    _revise_by_editions(*(layer for layer in DRAWN_BY_EDITIONS if layer != "cases"))
    op.execute("DELETE FROM layer_revisions WHERE layer = 'cases'")
    op.drop_constraint(op.f("ck_cases_status_known"), "cases")
    op.alter_column("cases", "status", new_column_name="state")
    op.alter_column("cases", "edition_id", nullable=True)
    for column in (
        sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        _column("client_id", sa.Uuid()),
        sa.Column("source", sa.String(), nullable=False, server_default="other"),
        _column("description", sa.String()),
        _column("address", sa.String()),
        _column("fields", postgresql.JSONB(), "'{}'::jsonb"),
        _column("flags", postgresql.ARRAY(sa.String()), "'{}'"),
        _moment("updated_at", nullable=False, default="now()"),
        *(_moment(name) for name in MOMENTS),
        *(_column(name, sa.String()) for name in CODES),
        _column("condition_no", sa.Integer()),
        _column("due_provisional", sa.Boolean(), "false"),
        sa.Column("urgency", sa.String(), nullable=False, server_default="no_deadline"),
        *(_column(name, sa.Integer(), "0") for name in COUNTS),
        _column("forced", sa.Boolean(), "false"),
        _column("supervised", sa.Boolean(), "false"),
        _column("satisfied", sa.Boolean()),
        _column("duplicate_of", sa.BigInteger()),
    ):
        op.add_column("cases", column)
    op.create_foreign_key(op.f("fk_cases_duplicate_of_cases"), "cases", "cases", ["duplicate_of"], ["case_id"])
    op.create_unique_constraint(op.f("uq_cases_client_id"), "cases", ["client_id"])
    for name, condition in (
        ("source_known", _one_of("source", SOURCES)),
        ("state_known", _one_of("state", STATES)),
        ("urgency_known", _one_of("urgency", URGENCIES)),
        ("description_length", "length(description) <= 4000"),
    ):
        op.create_check_constraint(op.f(f"ck_cases_{name}"), "cases", condition)
    op.drop_index("ix_cases_reported_at", table_name="cases")
    for name, columns, where in (
        ("reported_at", ["reported_at", "case_id"], None),
        ("updated_at", ["updated_at"], None),
        ("open", ["reported_at", "case_id"], OPEN),
        ("state", ["state", "reported_at", "case_id"], "state <> 'closed'"),
        ("type", ["type", "reported_at", "case_id"], None),
        ("town_code", ["town_code", "reported_at", "case_id"], None),
        ("next_alarm_at", ["next_alarm_at"], "next_alarm_at IS NOT NULL"),
        ("due_at", ["due_at", "case_id"], OPEN),
        ("department_code", ["department_code", "reported_at", "case_id"], None),
        ("component_code", ["component_code"], "component_code IS NOT NULL"),
        ("duplicate_of", ["duplicate_of"], "duplicate_of IS NOT NULL"),
    ):
        op.create_index(f"ix_cases_{name}", "cases", columns, postgresql_where=where and sa.text(where))
    op.execute(TELL)
    op.execute(PLACE)


def upgrade() -> None:
    for name, given in GIVEN.items():
        op.get_bind().execute(GIVE, {"name": name, "given": list(given)})
    _recast_cases()
    op.create_table(
        "case_moves",
        sa.Column("move_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", TransactionId(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("move", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        _moment("at", nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        _column("post", sa.String()),
        _column("department_code", sa.String()),
        _column("reason", sa.String()),
        _column("facts", postgresql.JSONB(), "'{}'::jsonb"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_case_moves_case_id_cases")),
        sa.PrimaryKeyConstraint("move_id", name=op.f("pk_case_moves")),
    )
    op.create_index("ix_case_moves_case_id", "case_moves", ["case_id", "move_id"])
    op.create_index(
        "ix_case_moves_feed", "case_moves", ["transaction_id"], postgresql_where=sa.text("move <> 'import'")
    )
    op.execute(LOG)
    op.execute(KEEP_LOG)
    op.create_table(
        "case_tasks",
        sa.Column("task_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("department_code", sa.String(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        _moment("due_at"),
        _moment("done_at"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_case_tasks_case_id_cases")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_case_tasks")),
        sa.UniqueConstraint(
            "case_id", "round", "department_code", name=op.f("uq_case_tasks_case_id_round_department_code")
        ),
    )


def downgrade() -> None:
    op.drop_table("case_tasks")
    op.drop_table("case_moves")
    op.execute("UPDATE cases SET duplicate_of = NULL WHERE duplicate_of IS NOT NULL")
    op.execute("DELETE FROM cases WHERE edition_id IS NULL")
    for name in (
        "updated_at", "open", "state", "type", "town_code", "next_alarm_at", "due_at", "department_code",
        "component_code", "duplicate_of", "reported_at",
    ):  # fmt: skip
        op.drop_index(f"ix_cases_{name}", table_name="cases")
    op.create_index("ix_cases_reported_at", "cases", ["reported_at"])
    for name in ("source_known", "state_known", "urgency_known", "description_length"):
        op.drop_constraint(op.f(f"ck_cases_{name}"), "cases")
    for name in (
        "version", "client_id", "source", "description", "address", "fields", "flags", "updated_at", *MOMENTS, *CODES,
        "condition_no", "due_provisional", "urgency", *COUNTS, "forced", "supervised", "satisfied", "duplicate_of",
    ):  # fmt: skip
        op.drop_column("cases", name)
    op.execute(
        "UPDATE cases SET state = CASE WHEN state IN ('closed', 'duplicate', 'rejected', 'voided') THEN 'closed'"
        " WHEN state = 'reported' THEN 'reported' ELSE 'handling' END"
    )
    op.alter_column("cases", "state", new_column_name="status")
    op.alter_column("cases", "edition_id", nullable=False)
    op.create_check_constraint(op.f("ck_cases_status_known"), "cases", "status IN ('reported', 'handling', 'closed')")
    op.execute(
        "CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cases "
        "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('cases')"
    )
    _revise_by_editions(*DRAWN_BY_EDITIONS)
    taken = sorted({each for given in GIVEN.values() for each in given})
    op.get_bind().execute(TAKE, {"taken": taken})
