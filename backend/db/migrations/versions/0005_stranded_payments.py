"""What became of payments without their order: when the operators were told, and who dealt with it by hand, when and how."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("commerce_attempt", sa.Column("told_at", UtcDateTime(), nullable=True))
    op.add_column("commerce_attempt", sa.Column("settled_at", UtcDateTime(), nullable=True))
    op.add_column("commerce_attempt", sa.Column("settled_by", sa.String(), server_default="", nullable=False))
    op.add_column("commerce_attempt", sa.Column("settled_reason", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    for column in ("settled_reason", "settled_by", "settled_at", "told_at"):
        op.drop_column("commerce_attempt", column)
