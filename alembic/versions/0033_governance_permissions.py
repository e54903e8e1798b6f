"""Who may do what to premises, assessments, meetings, targets, counts at gates and the exchange with partners."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

NEW_ROLES = ("gate", "partner")
GIVEN = {
    "inspector": ("premises.read", "premises.write"),
    "duty_chief": ("premises.read", "meetings.write"),
    "planner": ("meetings.write", "targets.write"),
    "analyst": ("premises.read", "gate_counts.read", "assessment.write"),
    "gate": ("gate_counts.push",),
    "partner": ("read", "exchange.use"),
    "administrator": (
        "premises.read", "premises.write", "assessment.write", "assessment.sign", "meetings.write", "targets.write",
        "gate_counts.push", "gate_counts.read", "exchange.use",
    ),
}  # fmt: skip
"""Who signs an assessment is no part of a role that comes with the schema, but of the administrator's."""

GIVE = sa.text(
    "UPDATE roles SET permissions = ARRAY(SELECT DISTINCT unnest(permissions || CAST(:given AS text[])) ORDER BY 1)"
    " WHERE name = :name"
)
TAKE = sa.text(
    "UPDATE roles SET permissions = ARRAY(SELECT p FROM unnest(permissions) AS p WHERE p <> ALL(:taken) ORDER BY 1)"
)


def upgrade() -> None:
    roles = sa.table("roles", sa.column("name", sa.Text()), sa.column("permissions", sa.ARRAY(sa.Text())))
    op.bulk_insert(roles, [{"name": name, "permissions": []} for name in NEW_ROLES])
    for name, given in GIVEN.items():
        op.get_bind().execute(GIVE, {"given": list(given), "name": name})


def downgrade() -> None:
    op.get_bind().execute(TAKE, {"taken": list(GIVEN["administrator"])})
    for table in ("grants", "roles"):
        column = sa.column("role" if table == "grants" else "name", sa.Text())
        op.execute(sa.delete(sa.table(table, column)).where(column.in_(NEW_ROLES)))
