"""Schemes of cell codes and reports of what was generated; who may write responsibility grids."""

import sqlalchemy as sa
from alembic import op

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


def upgrade() -> None:
    op.get_bind().execute(GIVE, {"names": list(GRID_WRITERS)})


def downgrade() -> None:
    op.get_bind().execute(TAKE)
