"""Lists of runs are in the order of their beginning, and what was granted is found without looking through the charges."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

RARE = sa.text("kind <> 'charge'")
LISTED = {"ix_gateway_run_workspace": "workspace_id", "ix_gateway_run_instance": "instance_id"}


def upgrade() -> None:
    _list_by("started_at", "id")
    op.create_index(
        "ix_ledger_transaction_rare", "ledger_transaction", ["workspace_id", "kind", "id"], sqlite_where=RARE, postgresql_where=RARE
    )


def downgrade() -> None:
    op.drop_index("ix_ledger_transaction_rare", table_name="ledger_transaction")
    _list_by("id")


def _list_by(*order: str) -> None:
    for name, column in LISTED.items():
        op.drop_index(name, table_name="gateway_run")
        op.create_index(name, "gateway_run", [column, *order])
