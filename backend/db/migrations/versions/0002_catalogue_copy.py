"""keep the last good copy of the catalogue"""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commerce_catalogue_copy",
        sa.Column("shop", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "channel", name=op.f("pk_commerce_catalogue_copy")),
    )


def downgrade() -> None:
    op.drop_table("commerce_catalogue_copy")
