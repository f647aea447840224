"""Each row of the hot path is in as few trees as its questions need: every tree is written at each run, and logged, and synced."""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CLUSTERED = ("ledger_account", "ledger_hold", "ledger_transaction", "gateway_usage", "gateway_budget_use")
"""On SQLite these rows lie in the tree of their key, instead of beside it."""
APPEND_ONLY = [
    f"CREATE TRIGGER ledger_entry_append_only_{verb.lower()} BEFORE {verb} ON ledger_entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    for verb in ("UPDATE", "DELETE")
]
KEYED = sa.text("request_key IS NOT NULL")
LEASED, STOPPING = sa.text("status = 'running'"), sa.text("stop AND status = 'running'")
LISTED = {"ix_gateway_run_workspace": "workspace_id", "ix_gateway_run_instance": "instance_id"}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _entries_on_sqlite(
            ["transaction_id", "number"],
            "transaction_id, row_number() OVER (PARTITION BY transaction_id ORDER BY length(id), id)",
            clustered=True,
        )
        for table in CLUSTERED:
            _rewritten(op.get_bind(), table, clustered=True)
    else:
        _entries_on_postgresql()
    _partial("uq_ledger_entry_account_position", "position IS NOT NULL", "account", "position", unique=True)
    _partial("ix_ledger_entry_lot_id", "lot_id IS NOT NULL", "lot_id")
    _request_keys(unique=False)
    op.create_index("uq_gateway_run_request_key", "gateway_run", ["request_key"], unique=True, sqlite_where=KEYED, postgresql_where=KEYED)


def _entries_on_postgresql() -> None:
    for statement in (
        "ALTER TABLE ledger_entry ADD COLUMN number integer",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only",
        """UPDATE ledger_entry e SET number = n.number FROM (
            SELECT id, row_number() OVER (PARTITION BY transaction_id ORDER BY length(id), id) AS number FROM ledger_entry) n WHERE n.id = e.id""",
        "ALTER TABLE ledger_entry ENABLE TRIGGER ledger_entry_append_only",
        "ALTER TABLE ledger_entry DROP CONSTRAINT pk_ledger_entry, DROP COLUMN id, DROP CONSTRAINT uq_ledger_entry_account_position",
        "ALTER TABLE ledger_entry ADD CONSTRAINT pk_ledger_entry PRIMARY KEY (transaction_id, number)",
        "DROP INDEX ix_ledger_entry_transaction_id",
        "DROP INDEX ix_ledger_entry_lot_id",
    ):
        op.execute(statement)


def _entries_on_sqlite(key: list[str], values: str, *, clustered: bool) -> None:
    kept = ("account", "lot_id", "amount", "position", "balance_after")
    first = [sa.Column(name, sa.Integer() if name == "number" else sa.String(), nullable=False) for name in key]
    constraints: list[sa.Constraint] = [
        sa.ForeignKeyConstraint(["lot_id"], ["ledger_lot.id"], name="fk_ledger_entry_lot_id_ledger_lot"),
        sa.ForeignKeyConstraint(["transaction_id"], ["ledger_transaction.id"], name="fk_ledger_entry_transaction_id_ledger_transaction"),
        sa.PrimaryKeyConstraint(*(key if clustered else ["id"]), name="pk_ledger_entry"),
    ]
    if not clustered:
        constraints.append(sa.UniqueConstraint("account", "position", name="uq_ledger_entry_account_position"))
    op.create_table(
        "ledger_entry_anew",
        *first,
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("lot_id", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        *constraints,
        sqlite_with_rowid=not clustered,
    )
    names = ", ".join([*key, *kept])
    op.execute(f"INSERT INTO ledger_entry_anew ({names}) SELECT {values}, {', '.join(kept)} FROM ledger_entry")
    op.drop_table("ledger_entry")
    op.rename_table("ledger_entry_anew", "ledger_entry")
    for trigger in APPEND_ONLY:
        op.execute(trigger)


def _rewritten(db: Connection, table: str, *, clustered: bool) -> None:
    """The same table with its rows in the tree of its key, or beside it, as SQLite's own documentation has a table changed."""
    found = db.execute(sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :t AND sql IS NOT NULL"), {"t": table}).all()
    made = next(sql for kind, sql in found if kind == "table")
    body = re.sub(r"\s*WITHOUT ROWID\s*$", "", made[made.index("(") :])
    op.execute(sa.text(f"CREATE TABLE {table}_anew {body}{' WITHOUT ROWID' if clustered else ''}"))
    op.execute(f"INSERT INTO {table}_anew SELECT * FROM {table}")
    op.drop_table(table)
    op.rename_table(f"{table}_anew", table)
    for kind, sql in found:
        if kind != "table":
            op.execute(sa.text(sql))


def _request_keys(*, unique: bool) -> None:
    """The key of a request is unique by the table itself, which keeps every run without one in mind too, or no longer."""
    indexes: dict[str, tuple[list[str], sa.TextClause | None]] = {
        "ix_gateway_run_lease": (["lease_until"], LEASED),
        "ix_gateway_run_stop": (["id"], STOPPING),
        **{name: ([column, "started_at", "id"], None) for name, column in LISTED.items()},
    }
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        # The table is written anew, and what SQLAlchemy reads of a partial index would not be.
        for name in indexes:
            op.drop_index(name, table_name="gateway_run")
    with op.batch_alter_table("gateway_run") as run:
        if unique:
            run.create_unique_constraint("uq_gateway_run_request_key", ["request_key"])
        else:
            run.drop_constraint("uq_gateway_run_request_key", type_="unique")
    if on_sqlite:
        for name, (columns, only) in indexes.items():
            op.create_index(name, "gateway_run", columns, sqlite_where=only)


def downgrade() -> None:
    op.drop_index("uq_gateway_run_request_key", table_name="gateway_run")
    _request_keys(unique=True)
    op.drop_index("ix_ledger_entry_lot_id", table_name="ledger_entry")
    op.drop_index("uq_ledger_entry_account_position", table_name="ledger_entry")
    if op.get_bind().dialect.name == "sqlite":
        for table in CLUSTERED:
            _rewritten(op.get_bind(), table, clustered=False)
        _entries_on_sqlite(["id", "transaction_id"], f"{ENTRY_ID}, transaction_id", clustered=False)
    else:
        for statement in (
            "ALTER TABLE ledger_entry ADD COLUMN id varchar",
            "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only",
            f"UPDATE ledger_entry SET id = {ENTRY_ID}",
            "ALTER TABLE ledger_entry ENABLE TRIGGER ledger_entry_append_only",
            "ALTER TABLE ledger_entry DROP CONSTRAINT pk_ledger_entry, DROP COLUMN number, ALTER COLUMN id SET NOT NULL",
            "ALTER TABLE ledger_entry ADD CONSTRAINT pk_ledger_entry PRIMARY KEY (id)",
            "ALTER TABLE ledger_entry ADD CONSTRAINT uq_ledger_entry_account_position UNIQUE (account, position)",
        ):
            op.execute(statement)
    op.create_index("ix_ledger_entry_lot_id", "ledger_entry", ["lot_id"])
    op.create_index("ix_ledger_entry_transaction_id", "ledger_entry", ["transaction_id"])


ENTRY_ID = "'ent_' || transaction_id || '_' || number"


def _partial(name: str, only: str, *columns: str, unique: bool = False) -> None:
    op.create_index(name, "ledger_entry", list(columns), unique=unique, sqlite_where=sa.text(only), postgresql_where=sa.text(only))
