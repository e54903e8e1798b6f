"""Residents spread from areas, with a range."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


_TABLE, _CHECK = "population_places", "ck_population_places_spread_has_a_range"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("spread_from", sa.String(), nullable=True))
    op.add_column(_TABLE, sa.Column("residents_60_plus_low", sa.Double(), nullable=True))
    op.add_column(_TABLE, sa.Column("residents_60_plus_high", sa.Double(), nullable=True))
    op.create_check_constraint(
        op.f(_CHECK),
        _TABLE,
        "(spread_from IS NULL AND residents_60_plus_low IS NULL AND residents_60_plus_high IS NULL)"
        " OR (spread_from IS NOT NULL AND residents_60_plus_low >= 0"
        " AND residents_60_plus_low <= residents_60_plus AND residents_60_plus <= residents_60_plus_high"
        " AND residents_60_plus_high < 'Infinity')",
    )


def downgrade() -> None:
    op.drop_constraint(op.f(_CHECK), _TABLE)
    for column in ("residents_60_plus_high", "residents_60_plus_low", "spread_from"):
        op.drop_column(_TABLE, column)
