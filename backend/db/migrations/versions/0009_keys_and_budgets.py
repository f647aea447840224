"""Keys have scopes, agents and an end; budgets are set and counted. Keys that there are keep what they could do."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BEFORE = '["agents", "knowledge", "read", "runs"]'


def upgrade() -> None:
    with op.batch_alter_table("api_key") as table:
        table.add_column(sa.Column("scopes", sa.JSON(), nullable=False, server_default=_BEFORE))
        table.add_column(sa.Column("instances", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("expires_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("api_key") as table:
        table.alter_column("scopes", server_default=None)
    op.add_column("gateway_run", sa.Column("budgets", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "budget",
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=True),
        sa.Column("month", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_budget_workspace_id_workspace"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_budget")),
    )
    op.create_index(op.f("ix_budget_workspace_id"), "budget", ["workspace_id"], unique=False)
    op.create_table(
        "gateway_budget_use",
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("period_start", sa.String(length=16), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_gateway_budget_use_used_not_negative")),
        sa.PrimaryKeyConstraint("subject", "period_start", name=op.f("pk_gateway_budget_use")),
    )


def downgrade() -> None:
    op.drop_table("gateway_budget_use")
    op.drop_index(op.f("ix_budget_workspace_id"), table_name="budget")
    op.drop_table("budget")
    op.drop_column("gateway_run", "budgets")
    with op.batch_alter_table("api_key") as table:
        table.drop_column("expires_at")
        table.drop_column("instances")
        table.drop_column("scopes")
