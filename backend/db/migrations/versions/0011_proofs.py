"""Keys that sign receipts, refunds of runs, what was told of low credits, and the last report of the proof."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAME = "ledger_refund_append_only"
REFUSAL = "the ledger is append-only"
SQLITE = [
    f"CREATE TRIGGER {NAME}_{verb.lower()} BEFORE {verb} ON ledger_refund BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for verb in ("UPDATE", "DELETE")
]
POSTGRESQL = [
    f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
    f"CREATE TRIGGER {NAME} BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_refund EXECUTE FUNCTION {NAME}()",
]
SEEN = """
INSERT INTO ledger_watch (workspace_id, entries, balance, granted)
SELECT workspace_id, entries, balance, COALESCE((SELECT granted FROM ledger_lot l WHERE l.workspace_id = a.workspace_id
ORDER BY created_at DESC, id DESC LIMIT 1), 0) FROM ledger_account a
"""
"""Who had run low before there were alerts is not written to about it now."""


def upgrade() -> None:
    op.create_table(
        "ledger_refund",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("anew", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_ledger_refund")),
    )
    op.create_index(op.f("ix_ledger_refund_workspace_id"), "ledger_refund", ["workspace_id"], unique=False)
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    _keys_and_report()
    _alerts()


def _keys_and_report() -> None:
    op.create_table(
        "receipt_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("x", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_key")),
        sa.UniqueConstraint("number", name=op.f("uq_receipt_key_number")),
    )
    op.create_table(
        "proof_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_report")),
    )


def _alerts() -> None:
    op.create_table(
        "ledger_watch",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["ledger_account.workspace_id"], name=op.f("fk_ledger_watch_workspace_id_ledger_account")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_ledger_watch")),
    )
    op.execute(SEEN)
    op.create_table(
        "credit_alert_rule",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("credits_micro", sa.BigInteger(), nullable=True),
        sa.Column("mail", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_credit_alert_rule_workspace_id_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_credit_alert_rule")),
    )
    op.create_table(
        "credit_alert",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("threshold_micro", sa.BigInteger(), nullable=False),
        sa.Column("balance_micro", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "level", "position", name=op.f("pk_credit_alert")),
    )
    owed = {"sqlite_where": sa.text("told_at IS NULL"), "postgresql_where": sa.text("told_at IS NULL")}
    op.create_index("ix_credit_alert_owed", "credit_alert", ["at"], unique=False, **owed)


def downgrade() -> None:
    for table in ("credit_alert", "credit_alert_rule", "ledger_watch", "proof_report", "receipt_key", "ledger_refund"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {NAME}()")
