"""Assessment: schemes with their items, rounds, what is entered for them, deductions and vetoes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

DIRECTIONS = "direction IN ('streets', 'departments')"
EVIDENCE = "evidence IN ('indicator', 'survey', 'manual', 'coverage')"
CAUSES = "cause IN ('major_accident', 'illegal_land', 'bad_social_effect', 'other_cause')"
APPEALS = "appeal IN ('appeal_open', 'appeal_upheld', 'appeal_refused')"
KEPT = (
    "(state = 'signed') = (document IS NOT NULL) AND (document IS NULL) = (sha256 IS NULL)"
    " AND (document IS NULL) = (signed_at IS NULL)"
)
NOTHING = sa.text("'{}'::jsonb")
KEEP_SIGNED = """
CREATE FUNCTION keep_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'assessment_rounds' OR EXISTS (
        SELECT FROM assessment_rounds WHERE state = 'signed' AND round_id IN (OLD.round_id, NEW.round_id)
    ) THEN
        RAISE EXCEPTION 'what is signed is kept as it is'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_signed_kept';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$
"""


def upgrade() -> None:
    _schemes()
    _rounds()
    _evidence()
    _keep_signed()


def _schemes() -> None:
    op.create_table(
        "assessment_schemes",
        sa.Column("scheme_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("is_example", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("groups", postgresql.JSONB(), server_default=NOTHING, nullable=False),
        sa.CheckConstraint(DIRECTIONS, name=op.f("ck_assessment_schemes_direction_known")),
        sa.CheckConstraint("preset IN ('subdistricts_2015')", name=op.f("ck_assessment_schemes_preset_known")),
        sa.PrimaryKeyConstraint("scheme_id", name=op.f("pk_assessment_schemes")),
        sa.UniqueConstraint("name_zh", "direction", "valid_from", name="uq_assessment_schemes_edition"),
    )
    op.create_table(
        "assessment_items",
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("group_code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("weight", sa.Numeric(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("zero_at", sa.Numeric(), nullable=False),
        sa.Column("full_at", sa.Numeric(), nullable=False),
        sa.Column("min_sample", sa.Integer(), nullable=False),
        sa.Column("ratio", sa.String(), nullable=True),
        sa.Column("narrowed", postgresql.JSONB(), server_default=NOTHING, nullable=False),
        sa.CheckConstraint("weight > 0 AND weight <= 100", name=op.f("ck_assessment_items_weight_possible")),
        sa.CheckConstraint(EVIDENCE, name=op.f("ck_assessment_items_evidence_known")),
        sa.CheckConstraint(
            "(ratio IS NOT NULL) = (evidence = 'indicator')", name=op.f("ck_assessment_items_ratio_of_indicators")
        ),
        sa.CheckConstraint("zero_at <> full_at", name=op.f("ck_assessment_items_scale_apart")),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["assessment_schemes.scheme_id"],
            name=op.f("fk_assessment_items_scheme_id_assessment_schemes"),
        ),
        sa.PrimaryKeyConstraint("scheme_id", "code", name=op.f("pk_assessment_items")),
    )  # fmt: skip


def _rounds() -> None:
    op.create_table(
        "assessment_rounds",
        sa.Column("round_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("period_first", sa.Date(), nullable=False),
        sa.Column("period_last", sa.Date(), nullable=False),
        sa.Column("subjects", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.String(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.CheckConstraint("period_first <= period_last", name=op.f("ck_assessment_rounds_period_forwards")),
        sa.CheckConstraint("cardinality(subjects) > 0", name=op.f("ck_assessment_rounds_subjects_some")),
        sa.CheckConstraint("state IN ('open', 'signed')", name=op.f("ck_assessment_rounds_state_known")),
        sa.CheckConstraint(KEPT, name=op.f("ck_assessment_rounds_kept_when_signed")),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["assessment_schemes.scheme_id"],
            name=op.f("fk_assessment_rounds_scheme_id_assessment_schemes"),
        ),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_assessment_rounds")),
        sa.UniqueConstraint("round_id", "scheme_id", name=op.f("uq_assessment_rounds_round_id_scheme_id")),
    )  # fmt: skip
    op.create_index("ix_assessment_rounds_scheme_id", "assessment_rounds", ["scheme_id"])


def _evidence() -> None:
    op.create_table(
        "assessment_entries",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column("judge_code", sa.String(), nullable=True),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=True),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("document_sha256", sa.String(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("sample > 0", name=op.f("ck_assessment_entries_sample_some")),
        sa.CheckConstraint(
            "sample IS NOT NULL OR document IS NOT NULL", name=op.f("ck_assessment_entries_sample_or_document")
        ),
        sa.ForeignKeyConstraint(
            ["round_id", "scheme_id"], ["assessment_rounds.round_id", "assessment_rounds.scheme_id"],
            name="fk_assessment_entries_round",
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id", "item_code"], ["assessment_items.scheme_id", "assessment_items.code"],
            name="fk_assessment_entries_item",
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_assessment_entries")),
    )  # fmt: skip
    op.create_index(
        "ix_assessment_entries_cell", "assessment_entries", ["round_id", "subject_code", "item_code", "entry_id"]
    )
    op.create_table(
        "assessment_events",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("effect", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("points", sa.Numeric(), nullable=True),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=True),
        sa.Column("appeal", sa.String(), nullable=True),
        sa.Column("appeal_document", sa.String(), nullable=True),
        sa.Column("decision_document", sa.String(), nullable=True),
        sa.CheckConstraint("effect IN ('deduction', 'veto')", name=op.f("ck_assessment_events_effect_known")),
        sa.CheckConstraint(CAUSES, name=op.f("ck_assessment_events_cause_known")),
        sa.CheckConstraint(APPEALS, name=op.f("ck_assessment_events_appeal_known")),
        sa.CheckConstraint(
            "(points IS NOT NULL) = (effect = 'deduction')", name=op.f("ck_assessment_events_points_of_deductions")
        ),
        sa.CheckConstraint("points > 0 AND points <= 100", name=op.f("ck_assessment_events_points_possible")),
        sa.CheckConstraint(
            "(appeal IS NULL) = (appeal_document IS NULL)", name=op.f("ck_assessment_events_appeal_documented")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["assessment_rounds.round_id"],
            name=op.f("fk_assessment_events_round_id_assessment_rounds"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_assessment_events")),
    )  # fmt: skip
    op.create_index("ix_assessment_events_round_id", "assessment_events", ["round_id"])


def _keep_signed() -> None:
    op.execute(KEEP_SIGNED)
    op.execute(
        "CREATE TRIGGER keep_signed BEFORE UPDATE OR DELETE ON assessment_rounds "
        "FOR EACH ROW WHEN (OLD.state = 'signed') EXECUTE FUNCTION keep_signed()"
    )
    for table in ("assessment_entries", "assessment_events"):
        op.execute(
            f"CREATE TRIGGER keep_signed BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_signed()"
        )


def downgrade() -> None:
    for table in ("events", "entries", "rounds", "items", "schemes"):
        op.drop_table(f"assessment_{table}")
    op.execute("DROP FUNCTION keep_signed()")
