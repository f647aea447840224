"""The first tables."""

from alembic import op

from backend.db.tables import load_metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    load_metadata().create_all(op.get_bind())


def downgrade() -> None:
    load_metadata().drop_all(op.get_bind())
