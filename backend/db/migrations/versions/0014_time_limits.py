"""How long a run of each plan may take, when a hold is over whatever became of its run, and usage without what was given back.

Holds from before have no such moment.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


REFUNDS = sa.text("""SELECT f.amount, r.workspace_id, r.instance_id, r.spender, r.door, r.finished_at FROM ledger_refund f
JOIN gateway_run r ON r.id = f.run_id WHERE r.finished_at IS NOT NULL""").columns(finished_at=UtcDateTime)
COUNTED = sa.text("""UPDATE gateway_usage SET charged_micro = charged_micro + :change WHERE workspace_id = :workspace_id AND day = :day
AND instance_id = :instance_id AND owner = :spender AND door = :door""")


def upgrade() -> None:
    _count_refunds(-1)
    op.add_column("offering", sa.Column("run_seconds", sa.Integer(), nullable=False, server_default="120"))
    op.add_column("ledger_hold", sa.Column("expires_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    _count_refunds(1)
    op.drop_column("ledger_hold", "expires_at")
    op.drop_column("offering", "run_seconds")


def _count_refunds(sign: int) -> None:
    for row in op.get_bind().execute(REFUNDS).mappings().all():
        whose = {name: row[name] for name in ("workspace_id", "instance_id", "spender", "door")}
        op.get_bind().execute(COUNTED, whose | {"change": sign * row["amount"], "day": row["finished_at"].date().isoformat()})
