"""Photos of cases and, apart from them, how to reach whoever reported."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KINDS = "kind IN ('near', 'far', 'before', 'after')"


def _moment(name: str, *, now: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()") if now else None)


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f(f"fk_{table}_case_id_cases"))


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("photo", sa.String(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        _moment("uploaded_at"),
        sa.CheckConstraint("photo ~ '^[0-9a-f]{64}$'", name=op.f("ck_photos_photo_sha256")),
        sa.PrimaryKeyConstraint("photo", name=op.f("pk_photos")),
    )
    op.create_index("ix_photos_uploaded_at", "photos", ["uploaded_at"])
    op.create_table(
        "case_photos",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("photo", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _moment("at"),
        sa.Column("actor", sa.String(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_case_photos_kind_known")),
        _of_case("case_photos"),
        sa.ForeignKeyConstraint(["photo"], ["photos.photo"], name=op.f("fk_case_photos_photo_photos")),
        sa.PrimaryKeyConstraint("case_id", "photo", name=op.f("pk_case_photos")),
    )
    op.create_index("ix_case_photos_photo", "case_photos", ["photo"])
    op.create_table(
        "case_reporters",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("wants_notice", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _moment("consented_at", now=False),
        sa.CheckConstraint("num_nonnulls(name, phone, email) > 0", name=op.f("ck_case_reporters_reachable")),
        _of_case("case_reporters"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_reporters")),
    )


def downgrade() -> None:
    for table in ("case_reporters", "case_photos", "photos"):
        op.drop_table(table)
