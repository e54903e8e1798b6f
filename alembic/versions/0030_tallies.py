"""Roll-ups of cases by day."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

DAYS = ("reported_on", "accepted_on", "registered_on", "dispatched_on", "handled_on", "closed_on", "due_on")
CODES = ("district", "town", "middle", "quarter", "cell", "department", "major", "type", "source", "kind", "post")
MEASURES = (
    "reported", "rejected", "voided", "duplicates", "accepted", "accepted_registered", "registered", "extended",
    "dispatched", "dispatched_right", "handled", "reworked", "closed", "settled_on_spot", "forced", "due", "due_closed",
    "due_closed_on_time", "due_handled", "due_handled_on_time", "rated", "satisfied",
)  # fmt: skip

QUEUE = """
CREATE FUNCTION queue_changed_cases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO untallied_cases (case_id) SELECT case_id FROM changed;
    RETURN NULL;
END
$$
"""
TRIGGERS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}


def _number(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=sa.text("0"))


def upgrade() -> None:
    op.create_table("untallied_cases", sa.Column("case_id", sa.BigInteger(), nullable=False))
    op.create_table(
        "counted_cases",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in CODES),
        *(sa.Column(name, sa.Date(), nullable=True) for name in DAYS),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("handling_s", sa.BigInteger(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_counted_cases")),
    )
    for name in DAYS:
        op.create_index(f"ix_counted_cases_{name}", "counted_cases", [name])
    op.create_table(
        "day_tallies",
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("by_town", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("district", "town", "code")),
        *(_number(name, sa.Integer()) for name in MEASURES),
        _number("handling_s", sa.BigInteger()),
        _number("handling_n", sa.Integer()),
        sa.PrimaryKeyConstraint("dimension", "by_town", "day", "district", "town", "code", name=op.f("pk_day_tallies")),
    )
    op.execute(QUEUE)
    for event, rows in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER queue_cases_on_{event} AFTER {event.upper()} ON cases"
            f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION queue_changed_cases()"
        )
    op.execute("INSERT INTO untallied_cases (case_id) SELECT case_id FROM cases")


def downgrade() -> None:
    for event in TRIGGERS:
        op.execute(f"DROP TRIGGER queue_cases_on_{event} ON cases")
    op.execute("DROP FUNCTION queue_changed_cases")
    op.drop_table("day_tallies")
    op.drop_table("counted_cases")
    op.drop_table("untallied_cases")
