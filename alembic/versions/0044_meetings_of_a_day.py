"""What topics and projects were on a past day: counts of supporters, options, objections and steps with their days."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

PROJECT_STATES = ("applied", "approved", "running", "finished", "turned_down")


def upgrade() -> None:
    op.create_table(
        "topic_supports",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("support_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("supporters", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.CheckConstraint("supporters >= 1", name=op.f("ck_topic_supports_supporters_positive")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_topic_supports_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", "support_no", name=op.f("pk_topic_supports")),
    )
    # Counted on the day they were enough, or else on the first one: no earlier day is known.
    op.execute(
        'INSERT INTO topic_supports (topic_id, support_no, supporters, "on") SELECT t.topic_id, 1, t.supporters, '
        "  COALESCE((SELECT min(s.\"on\") FROM topic_steps AS s WHERE s.topic_id = t.topic_id AND s.move = 'support'), "
        "    t.proposed_on) FROM topics AS t WHERE t.supporters > 0"
    )
    for table in ("topic_options", "topic_objections"):
        op.add_column(table, sa.Column("noted_on", sa.Date(), nullable=True))
    op.execute("UPDATE topic_options AS n SET noted_on = t.proposed_on FROM topics AS t WHERE t.topic_id = n.topic_id")
    op.execute(
        "UPDATE topic_objections AS n SET noted_on = t.proposed_on FROM topics AS t WHERE t.topic_id = n.topic_id"
    )
    for table in ("topic_options", "topic_objections"):
        op.alter_column(table, "noted_on", nullable=False)
    _projects()


def _projects() -> None:
    listed = ", ".join(f"'{state}'" for state in PROJECT_STATES)
    op.create_table(
        "self_project_steps",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("step_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.CheckConstraint(f"state IN ({listed})", name=op.f("ck_self_project_steps_state_known")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["self_projects.project_id"], name=op.f("fk_self_project_steps_project_id_self_projects")
        ),
        sa.PrimaryKeyConstraint("project_id", "step_no", name=op.f("pk_self_project_steps")),
    )
    op.execute(
        'INSERT INTO self_project_steps (project_id, step_no, state, "on") '
        "SELECT project_id, 1, 'applied', applied_on FROM self_projects"
    )
    # The log of changes tells each move with its day and result.
    op.execute(
        'INSERT INTO self_project_steps (project_id, step_no, state, "on", result) '
        "SELECT p.project_id, 1 + row_number() OVER (PARTITION BY p.project_id ORDER BY c.change_id), "
        "  c.after->>'state', GREATEST((c.after->>'on')::date, p.applied_on), c.after->>'result' "
        "FROM self_projects AS p JOIN changes AS c ON c.object = 'project:' || p.code AND c.action = 'project.move'"
    )


def downgrade() -> None:
    op.drop_table("self_project_steps")
    for table in ("topic_objections", "topic_options"):
        op.drop_column(table, "noted_on")
    op.drop_table("topic_supports")
