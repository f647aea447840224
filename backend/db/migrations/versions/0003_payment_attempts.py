"""Remember how each checkout is paid for, and what its buyer was shown."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXED = ("stage", "state_hash", "visitor_hash")


def upgrade() -> None:
    op.create_table(
        "commerce_attempt",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("checkout_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("visitor_hash", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("sealed_action", sa.String(), nullable=False),
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("order_ref", sa.String(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=False),
        sa.Column("held_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commerce_attempt")),
        sa.UniqueConstraint("checkout_id", "number", name=op.f("uq_commerce_attempt_checkout_id_number")),
        sa.UniqueConstraint("key", name=op.f("uq_commerce_attempt_key")),
    )
    for column in INDEXED:
        op.create_index(op.f(f"ix_commerce_attempt_{column}"), "commerce_attempt", [column])
    with op.batch_alter_table("cart") as cart:
        cart.add_column(sa.Column("seen", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("cart") as cart:
        cart.drop_column("seen")
    for column in INDEXED:
        op.drop_index(op.f(f"ix_commerce_attempt_{column}"), "commerce_attempt")
    op.drop_table("commerce_attempt")
