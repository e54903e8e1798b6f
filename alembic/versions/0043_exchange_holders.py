"""Which account holds an order of the hotline: the one that delivered it, as the log of changes tells."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exchange_orders", sa.Column("holder", sa.String(), nullable=True))
    op.add_column("exchange_reconciliations", sa.Column("holder", sa.String(), nullable=True))
    op.execute(
        "UPDATE exchange_orders AS o SET holder = c.actor FROM changes AS c "
        "WHERE c.object = 'order:' || o.order_no AND c.action = 'exchange.receive' AND c.account_id IS NOT NULL"
    )
    op.create_index("ix_exchange_orders_holder", "exchange_orders", ["holder", "order_id"])


def downgrade() -> None:
    op.drop_index("ix_exchange_orders_holder", table_name="exchange_orders")
    op.drop_column("exchange_reconciliations", "holder")
    op.drop_column("exchange_orders", "holder")
