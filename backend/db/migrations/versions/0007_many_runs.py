"""Many runs a second: lots are found in the order they burn, no index is kept that nobody asks, and each day's sum is kept with its runs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NEVER = 2**63 - 1
_MICROS = {
    "sqlite": "CAST(strftime('%s', expires_at) AS INTEGER) * 1000000 + CAST(substr(strftime('%f', expires_at), 4) AS INTEGER) * 1000",
    "postgresql": "CAST(extract(epoch FROM expires_at) * 1000000 AS BIGINT)",
}
_DAYS = {
    "sqlite": (
        "date(r.finished_at)",
        "CAST(round((julianday(r.finished_at) - julianday(r.started_at)) * 86400000) AS INTEGER)",
        "json_extract(r.usage, '$.total_tokens')",
    ),
    "postgresql": (
        "to_char(r.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        "CAST(extract(epoch FROM r.finished_at - r.started_at) * 1000 AS BIGINT)",
        "CAST(r.usage->>'total_tokens' AS BIGINT)",
    ),
}
"""The UTC day a run ended on, the milliseconds it took, and its tokens, where a model was asked."""


def upgrade() -> None:
    op.add_column("ledger_lot", sa.Column("burn_by", sa.BigInteger(), nullable=False, server_default=str(NEVER)))
    op.execute(f"UPDATE ledger_lot SET burn_by = {_MICROS[op.get_bind().dialect.name]} WHERE expires_at IS NOT NULL")
    op.drop_index("ix_ledger_lot_open", "ledger_lot")
    _partial("ix_ledger_lot_burn", "remaining > 0", "workspace_id", "priority", "burn_by", "created_at", "id")
    _partial("ix_ledger_lot_expiring", "remaining > 0 AND expires_at IS NOT NULL", "workspace_id", "burn_by")
    op.drop_index("ix_ledger_hold_workspace_id", "ledger_hold")
    op.drop_index("ix_ledger_transaction_workspace_id", "ledger_transaction")
    op.drop_index("ix_ledger_transaction_run_id", "ledger_transaction")
    _runs()
    _usage()


def _runs() -> None:
    for name, kind, default in (("spender", sa.String(80), "''"), ("background", sa.Boolean(), "FALSE"), ("stop", sa.Boolean(), "FALSE")):
        op.add_column("gateway_run", sa.Column(name, kind, nullable=False, server_default=sa.text(default)))
    # Which widget a visitor used was not kept; so far an agent has had one.
    widget = "(SELECT 'widget:' || w.id FROM widget w WHERE w.instance_id = gateway_run.instance_id AND w.number = 1)"
    op.execute(f"UPDATE gateway_run SET spender = CASE WHEN door = 'widget' THEN COALESCE({widget}, owner) ELSE owner END")
    stopping = sa.text("stop AND status = 'running'")
    op.create_index("ix_gateway_run_stop", "gateway_run", ["id"], sqlite_where=stopping, postgresql_where=stopping)


def _usage() -> None:
    names = {"workspace_id": 64, "day": 10, "instance_id": 64, "owner": 80, "door": 16}
    counts = ("runs", "succeeded", "failed", "cancelled", "charged_micro", "tokens", "duration_ms")
    op.create_table(
        "gateway_usage",
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in names.items()),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.PrimaryKeyConstraint(*names, name="pk_gateway_usage"),
    )
    day, ended, tokens = _DAYS[op.get_bind().dialect.name]
    op.execute(f"""INSERT INTO gateway_usage SELECT r.workspace_id, {day}, r.instance_id, r.spender, r.door, count(*),
        sum(CASE WHEN r.status = 'succeeded' THEN 1 ELSE 0 END), sum(CASE WHEN r.status = 'failed' THEN 1 ELSE 0 END),
        sum(CASE WHEN r.status = 'cancelled' THEN 1 ELSE 0 END), sum(COALESCE(h.charged, 0)), sum(COALESCE({tokens}, 0)),
        sum({ended})
        FROM gateway_run r LEFT JOIN ledger_hold h ON h.run_id = r.id WHERE r.finished_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5""")


def downgrade() -> None:
    op.drop_table("gateway_usage")
    op.drop_index("ix_gateway_run_stop", "gateway_run")
    for name in ("stop", "background", "spender"):
        op.drop_column("gateway_run", name)
    op.create_index("ix_ledger_transaction_run_id", "ledger_transaction", ["run_id"])
    op.create_index("ix_ledger_transaction_workspace_id", "ledger_transaction", ["workspace_id"])
    op.create_index("ix_ledger_hold_workspace_id", "ledger_hold", ["workspace_id"])
    op.drop_index("ix_ledger_lot_expiring", "ledger_lot")
    op.drop_index("ix_ledger_lot_burn", "ledger_lot")
    _partial("ix_ledger_lot_open", "remaining > 0", "workspace_id")
    op.drop_column("ledger_lot", "burn_by")


def _partial(name: str, only: str, *columns: str) -> None:
    op.create_index(name, "ledger_lot", list(columns), sqlite_where=sa.text(only), postgresql_where=sa.text(only))
