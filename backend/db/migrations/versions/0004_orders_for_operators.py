"""What operators need of orders: what Saleor said of the money, their decisions, a log, and the last reconciliation."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("provision_order", sa.Column("facts", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("provision_order", sa.Column("sums", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("provision_order", sa.Column("mark", sa.String(), server_default="", nullable=False))
    op.add_column("provision_order", sa.Column("received_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("provision_order", sa.Column("decision", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("provision_order", sa.Column("told_at", UtcDateTime(), nullable=True))
    op.create_table(
        "provision_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_ref", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_ref"], ["provision_order.ref"], name=op.f("fk_provision_event_order_ref_provision_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provision_event")),
        sa.UniqueConstraint("order_ref", "key", name=op.f("uq_provision_event_order_ref_key")),
    )
    op.create_index(op.f("ix_provision_event_order_ref"), "provision_event", ["order_ref"], unique=False)
    op.create_table(
        "provision_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("taken_up", sa.JSON(), nullable=False),
        sa.Column("without_order", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provision_report")),
    )


def downgrade() -> None:
    op.drop_table("provision_report")
    op.drop_index(op.f("ix_provision_event_order_ref"), table_name="provision_event")
    op.drop_table("provision_event")
    for column in ("told_at", "decision", "received_minor", "mark", "sums", "facts"):
        op.drop_column("provision_order", column)
