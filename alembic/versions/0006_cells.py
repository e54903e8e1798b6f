"""Schemes of cell codes and reports of what was generated; who may write responsibility grids."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

GRID_WRITERS = ("administrator", "dispatcher", "planner")

GIVE = sa.text(
    "UPDATE roles SET permissions = ARRAY(SELECT DISTINCT unnest(permissions || ARRAY['grids.write']) ORDER BY 1)"
    " WHERE name = ANY(:names)"
)
TAKE = sa.text("UPDATE roles SET permissions = array_remove(permissions, 'grids.write')")


SCHEMES = [
    {
        "name": "cell_15",
        "segments": [["county", 6], ["street", 3], ["community", 3], ["sequence", 3]],
        "source": "DB11 单元网格划分；CJ/T 213-2005",
        "in_use": True,
    },
    {
        "name": "cell_16",
        "segments": [["county", 6], ["street", 4], ["community", 3], ["sequence", 3]],
        "source": "街镇代码为4位的16位单元网格码",
        "in_use": False,
    },
    {
        "name": "professional_20",
        "segments": [["object", 6], ["county", 6], ["street", 3], ["community", 3], ["sequence", 2]],
        "source": "CJ/T 349-2010 数字社区专业网格",
        "in_use": False,
    },
]


def upgrade() -> None:
    op.get_bind().execute(GIVE, {"names": list(GRID_WRITERS)})
    schemes = op.create_table(
        "cell_code_schemes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("segments", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("in_use", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("jsonb_array_length(segments) > 1", name=op.f("ck_cell_code_schemes_segments_several")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cell_code_schemes")),
    )
    op.create_index(
        "uq_cell_code_schemes_in_use",
        "cell_code_schemes",
        ["in_use"],
        unique=True,
        postgresql_where=sa.text("in_use"),
    )
    op.bulk_insert(schemes, SCHEMES)
    op.create_table(
        "cell_generations",
        sa.Column("generation_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("kernel_version", sa.String(), nullable=True),
        sa.Column("content_sha256", sa.String(), nullable=True),
        sa.Column("document", postgresql.JSONB(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(document, content_sha256, kernel_version, seconds, finished_at) IN (0, 5)",
            name=op.f("ck_cell_generations_whole_when_finished"),
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_cell_generations_edition_id_editions")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("fk_cell_generations_job_id_jobs")),
        sa.PrimaryKeyConstraint("generation_id", name=op.f("pk_cell_generations")),
    )
    op.create_index("ix_cell_generations_edition_id", "cell_generations", ["edition_id"], unique=False)


def downgrade() -> None:
    op.drop_table("cell_generations")
    op.drop_table("cell_code_schemes")
    op.get_bind().execute(TAKE)
