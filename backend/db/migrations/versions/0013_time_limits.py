"""How long a run of each plan may take, and when a hold is over whatever became of its run. Holds from before have no such moment."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offering", sa.Column("run_seconds", sa.Integer(), nullable=False, server_default="120"))
    op.add_column("ledger_hold", sa.Column("expires_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("ledger_hold", "expires_at")
    op.drop_column("offering", "run_seconds")
