"""Joint meetings, the topics brought before them, and self-governance projects."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLES = (
    "quorum_rules", "topic_rules", "meetings", "meeting_members", "meeting_sittings", "topics", "topic_steps",
    "topic_options", "topic_objections", "topic_hearings", "topic_decisions", "topic_tasks", "partner_agreements",
    "self_projects",
)  # fmt: skip
FOUR = ["party_organisation", "residents_committee", "owners_committee", "property_firm"]
QUORUM = [
    {"kind": "four_in_one", "roles": FOUR, "source": "四位一体"},
    {"kind": "joint_meeting", "roles": FOUR, "source": "共治联席会议"},
    {"kind": "management_committee", "roles": ["locals", "newcomers"], "source": "社区管理工作委员会"},
]
SUPPORTERS = [{"valid_from": date(2015, 1, 1), "supporters": 20, "source": "自下而上议题：缺省 20 人附议"}]
"""Twenty is a default of this program; whoever decides otherwise adds a rule."""


def upgrade() -> None:
    op.create_table(
        "quorum_rules",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('four_in_one', 'joint_meeting', 'management_committee')", name=op.f("ck_quorum_rules_kind_known")
        ),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_quorum_rules")),
    )
    op.create_table(
        "topic_rules",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("supporters", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("supporters >= 1", name=op.f("ck_topic_rules_supporters_positive")),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_topic_rules")),
    )
    op.create_table(
        "meetings",
        sa.Column("meeting_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("convenor", sa.String(), nullable=False),
        sa.Column("body_code", sa.String(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('four_in_one', 'joint_meeting', 'management_committee')", name=op.f("ck_meetings_kind_known")
        ),
        sa.CheckConstraint("seats >= 1", name=op.f("ck_meetings_seats_positive")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_meetings_valid_range")),
        sa.PrimaryKeyConstraint("meeting_id", name=op.f("pk_meetings")),
        sa.UniqueConstraint("code", name=op.f("uq_meetings_code")),
    )
    op.create_index("ix_meetings_area_code", "meetings", ["area_code"], unique=False)
    op.create_table(
        "meeting_members",
        sa.Column("meeting_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "role IN ('party_organisation', 'residents_committee', 'owners_committee', 'property_firm', 'police', "
            "'partner_unit', 'social_group', 'locals', 'newcomers')",
            name=op.f("ck_meeting_members_role_known"),
        ),
        sa.CheckConstraint("seats >= 1", name=op.f("ck_meeting_members_seats_positive")),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.meeting_id"], name=op.f("fk_meeting_members_meeting_id_meetings")
        ),
        sa.PrimaryKeyConstraint("meeting_id", "role", "name", name=op.f("pk_meeting_members")),
    )
    op.create_table(
        "meeting_sittings",
        sa.Column("sitting_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("meeting_id", sa.BigInteger(), nullable=False),
        sa.Column("sitting_no", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("attendance", postgresql.JSONB(), nullable=False),
        sa.Column("quorate", sa.Boolean(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.meeting_id"], name=op.f("fk_meeting_sittings_meeting_id_meetings")
        ),
        sa.PrimaryKeyConstraint("sitting_id", name=op.f("pk_meeting_sittings")),
        sa.UniqueConstraint("meeting_id", "sitting_no", name=op.f("uq_meeting_sittings_meeting_id_sitting_no")),
    )
    op.create_table(
        "topics",
        sa.Column("topic_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("origin_ref", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owners_procedure", sa.Boolean(), nullable=False),
        sa.Column("supporters", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("supporters_needed", sa.Integer(), nullable=False),
        sa.Column("proposed_on", sa.Date(), nullable=False),
        sa.Column("meeting_id", sa.BigInteger(), nullable=True),
        sa.Column("sitting_id", sa.BigInteger(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.CheckConstraint(
            "NOT (state IN ('decided', 'refused', 'done')) OR (sitting_id IS NOT NULL AND resolution IS NOT NULL)",
            name=op.f("ck_topics_decided_in_sitting"),
        ),
        sa.CheckConstraint(
            "origin IN ('resident_proposal', 'case', 'indicator', 'body')", name=op.f("ck_topics_origin_known")
        ),
        sa.CheckConstraint("state <> 'done' OR result IS NOT NULL", name=op.f("ck_topics_done_with_result")),
        sa.CheckConstraint(
            "state IN ('proposed', 'supported', 'agenda', 'decided', 'refused', 'done', 'withdrawn')",
            name=op.f("ck_topics_state_known"),
        ),
        sa.CheckConstraint("supporters >= 0 AND supporters_needed >= 0", name=op.f("ck_topics_supporters_counted")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.meeting_id"], name=op.f("fk_topics_meeting_id_meetings")),
        sa.ForeignKeyConstraint(
            ["sitting_id"], ["meeting_sittings.sitting_id"], name=op.f("fk_topics_sitting_id_meeting_sittings")
        ),
        sa.PrimaryKeyConstraint("topic_id", name=op.f("pk_topics")),
        sa.UniqueConstraint("code", name=op.f("uq_topics_code")),
    )
    op.create_index("ix_topics_area_code", "topics", ["area_code"], unique=False)
    op.create_index("ix_topics_geom", "topics", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_topics_meeting_id", "topics", ["meeting_id"], unique=False)
    op.create_index("ix_topics_state", "topics", ["state"], unique=False)
    op.create_table(
        "topic_steps",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("step_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("move", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "move IN ('propose', 'support', 'schedule', 'decide', 'refuse', 'finish', 'withdraw')",
            name=op.f("ck_topic_steps_move_known"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'supported', 'agenda', 'decided', 'refused', 'done', 'withdrawn')",
            name=op.f("ck_topic_steps_state_known"),
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_topic_steps_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", "step_no", name=op.f("pk_topic_steps")),
    )
    op.create_table(
        "topic_options",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("option_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("amount_yuan", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount_yuan >= 0", name=op.f("ck_topic_options_amount_counted")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_topic_options_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", "option_no", name=op.f("pk_topic_options")),
    )
    op.create_table(
        "topic_objections",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("objection_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("objectors", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.CheckConstraint("objectors >= 1", name=op.f("ck_topic_objections_objectors_positive")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_topic_objections_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", "objection_no", name=op.f("pk_topic_objections")),
    )
    op.create_table(
        "topic_hearings",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("hearing_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("attendance", postgresql.JSONB(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_topic_hearings_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", "hearing_no", name=op.f("pk_topic_hearings")),
    )
    op.create_table(
        "topic_decisions",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("option_no", sa.Integer(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("amount_yuan", sa.BigInteger(), nullable=True),
        sa.Column("funding", sa.String(), nullable=True),
        sa.Column("follow_up_on", sa.Date(), nullable=True),
        sa.Column("owners_vote", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("gate_code", sa.String(), nullable=True),
        sa.Column("gate_access", sa.String(), nullable=True),
        sa.Column("gate_hours", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("gate_edition_id", sa.Integer(), nullable=True),
        sa.Column("effects", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=True),
        sa.CheckConstraint("amount_yuan >= 0", name=op.f("ck_topic_decisions_amount_counted")),
        sa.CheckConstraint("amount_yuan IS NULL OR funding IS NOT NULL", name=op.f("ck_topic_decisions_funded")),
        sa.CheckConstraint(
            "geom IS NULL OR (ST_IsValid(geom) AND NOT ST_IsEmpty(geom))", name=op.f("ck_topic_decisions_geom_valid")
        ),
        sa.CheckConstraint(
            "num_nonnulls(gate_code, gate_access, gate_edition_id, opens_on) IN (0, 4)",
            name=op.f("ck_topic_decisions_gate_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["gate_edition_id"], ["editions.edition_id"], name=op.f("fk_topic_decisions_gate_edition_id_editions")
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_topic_decisions_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", name=op.f("pk_topic_decisions")),
    )
    op.create_table(
        "topic_tasks",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("task_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.CheckConstraint("done_on IS NULL OR result IS NOT NULL", name=op.f("ck_topic_tasks_done_with_result")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_topic_tasks_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", "task_no", name=op.f("pk_topic_tasks")),
    )
    op.create_table(
        "partner_agreements",
        sa.Column("agreement_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("meeting_id", sa.BigInteger(), nullable=False),
        sa.Column("partner", sa.String(), nullable=True),
        sa.Column("agreements", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("agreements >= 1", name=op.f("ck_partner_agreements_agreements_positive")),
        sa.CheckConstraint("partner IS NULL OR agreements = 1", name=op.f("ck_partner_agreements_one_with_each")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_partner_agreements_valid_range")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.meeting_id"], name=op.f("fk_partner_agreements_meeting_id_meetings")
        ),
        sa.PrimaryKeyConstraint("agreement_id", name=op.f("pk_partner_agreements")),
    )
    op.create_index("ix_partner_agreements_meeting_id", "partner_agreements", ["meeting_id"], unique=False)
    op.create_table(
        "self_projects",
        sa.Column("project_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("amount_yuan", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("topic_id", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state <> 'finished' OR result IS NOT NULL", name=op.f("ck_self_projects_finished_with_result")
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'approved', 'running', 'finished', 'turned_down')",
            name=op.f("ck_self_projects_state_known"),
        ),
        sa.CheckConstraint("amount_yuan >= 0", name=op.f("ck_self_projects_amount_counted")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.topic_id"], name=op.f("fk_self_projects_topic_id_topics")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_self_projects")),
        sa.UniqueConstraint("code", name=op.f("uq_self_projects_code")),
    )
    op.create_index("ix_self_projects_area_code", "self_projects", ["area_code"], unique=False)
    op.create_index("ix_self_projects_topic_id", "self_projects", ["topic_id"], unique=False)
    for table in ("meetings", "partner_agreements"):
        op.execute(
            f"CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
    op.execute(
        "CREATE TRIGGER advance_layer_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON topics "
        "FOR EACH STATEMENT EXECUTE FUNCTION advance_layer_revision('topics')"
    )
    columns = (sa.column("kind"), sa.column("roles", sa.ARRAY(sa.String())), sa.column("source"))
    op.bulk_insert(sa.table("quorum_rules", *columns), QUORUM)
    rules = sa.table("topic_rules", sa.column("valid_from", sa.Date()), sa.column("supporters"), sa.column("source"))
    op.bulk_insert(rules, SUPPORTERS)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
