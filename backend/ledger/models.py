"""Tables of the ledger. Amounts are whole micro-credits. What is posted is never changed: triggers on both databases refuse it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DDL, BigInteger, CheckConstraint, Column, Index, event, text
from sqlalchemy import Table as SqlTable
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime

BURN_ORDER = ("priority", "burn_by", "created_at", "id")
"""Lots burn by priority, a smaller number first, then the soonest-expiring, then the oldest."""


def _partial(name: str, only: str, *columns: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(only), postgresql_where=text(only))


CLUSTERED = {"sqlite_with_rowid": False}
"""The rows lie in the tree of their key: one tree less to write at each run."""


class LedgerAccount(Table, table=True):
    """One a workspace. `balance` and `held` follow the entries and the open holds in the same transaction."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("balance >= held", name="held_is_covered"),
        CLUSTERED,
    )

    workspace_id: str = Field(primary_key=True)
    balance: int = Field(sa_type=BigInteger)
    held: int = Field(sa_type=BigInteger)
    entries: int = Field(sa_type=BigInteger)
    """How many entries the account has: the position of the latest."""


class LedgerLot(Table, table=True):
    """Credits that came in together. remaining: what no entry has taken out yet. burn_by: `expires_at` as a number that sorts, see
    `policy.burn_by`; open lots burn in the order of the index that carries it, so that finding the next costs the same among a million."""

    __tablename__ = "ledger_lot"
    __table_args__ = (
        CheckConstraint("remaining >= 0 AND remaining <= granted", name="remaining_within_granted"),
        _partial("ix_ledger_lot_burn", "remaining > 0", "workspace_id", *BURN_ORDER),
        _partial("ix_ledger_lot_expiring", "remaining > 0 AND expires_at IS NOT NULL", "workspace_id", "burn_by"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True, foreign_key="ledger_account.workspace_id")
    source: str
    ref: str = Field(index=True)
    label: str
    priority: int
    granted: int = Field(sa_type=BigInteger)
    remaining: int = Field(sa_type=BigInteger)
    expires_at: datetime | None = Field(sa_type=UtcDateTime)
    burn_by: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)


class LedgerHold(Table, table=True):
    """Credits set aside for one run. `charged` and `available` (after it) are known once it is closed.

    expires_at: by then it is over, whatever became of the run. Empty in holds from before there was such a limit.
    """

    __tablename__ = "ledger_hold"
    __table_args__ = (
        CheckConstraint("amount >= 0 AND charged >= 0 AND charged <= amount", name="charged_within_held"),
        _partial("ix_ledger_hold_open", "status = 'open'", "created_at"),
        CLUSTERED,
    )

    run_id: str = Field(primary_key=True)
    workspace_id: str
    amount: int = Field(sa_type=BigInteger)
    label: str
    status: str
    charged: int = Field(sa_type=BigInteger)
    available: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(sa_type=UtcDateTime)


class LedgerTransaction(Table, table=True):
    """One posting. key: names the cause, so the same cause posts once; a run's charge is found by it too (`charge:` and the run's id). What
    is no charge is rare, and has an index of its own."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (_partial("ix_ledger_transaction_rare", "kind <> 'charge'", "workspace_id", "kind", "id"), CLUSTERED)

    id: str = Field(primary_key=True)
    key: str = Field(unique=True)
    kind: str
    workspace_id: str
    label: str
    run_id: str | None
    at: datetime = Field(sa_type=UtcDateTime)


class LedgerEntry(Table, table=True):
    """One side of a posting: the one that is `number` there, from 1. A workspace's entries name their lot and have a position, counted
    from 1; `balance_after` runs along with them."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        _partial("uq_ledger_entry_account_position", "position IS NOT NULL", "account", "position", unique=True),
        _partial("ix_ledger_entry_lot_id", "lot_id IS NOT NULL", "lot_id"),
        CLUSTERED,
    )

    transaction_id: str = Field(primary_key=True, foreign_key="ledger_transaction.id")
    number: int = Field(primary_key=True)
    account: str
    lot_id: str | None = Field(foreign_key="ledger_lot.id")
    amount: int = Field(sa_type=BigInteger)
    position: int | None = Field(sa_column=Column(BigInteger))
    balance_after: int | None = Field(sa_column=Column(BigInteger))


class LedgerRefund(Table, table=True):
    """A settled run whose charge was given back, which happens once. anew: the part of `amount` that came as a new lot.

    by: who gave it. Kept for good, like the posting it belongs to.
    """

    __tablename__ = "ledger_refund"

    run_id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    amount: int = Field(sa_type=BigInteger)
    anew: int = Field(sa_type=BigInteger)
    reason: str = Field(max_length=200)
    by: str = Field(max_length=200)
    at: datetime = Field(sa_type=UtcDateTime)


class LedgerWatch(Table, table=True):
    """How far an account had been looked at for credits that run low. entries: its position then, balance: what it had.

    granted: its latest grant until then.
    """

    __tablename__ = "ledger_watch"

    workspace_id: str = Field(primary_key=True, foreign_key="ledger_account.workspace_id")
    entries: int = Field(sa_type=BigInteger)
    balance: int = Field(sa_type=BigInteger)
    granted: int = Field(sa_type=BigInteger)


class ReceiptKey(Table, table=True):
    """A pair of keys that signs receipts (Ed25519). number: the highest one signs. sealed: the private key. x: the public one, base64url.

    withdrawn: what it signed is not to be believed any more.
    """

    __tablename__ = "receipt_key"

    id: str = Field(primary_key=True)
    number: int = Field(unique=True)
    x: str
    sealed: str
    withdrawn: bool
    created_at: datetime = Field(sa_type=UtcDateTime)


_REFUSAL = "the ledger is append-only"


def _append_only(table: SqlTable) -> None:
    name = f"{table.name}_append_only"
    for verb in ("UPDATE", "DELETE"):
        body = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        _after(table, "create", "sqlite", f"CREATE TRIGGER {name}_{verb.lower()} BEFORE {verb} ON {table.name} {body}")
    body = f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    _after(table, "create", "postgresql", f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS {body}")
    when = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name}"
    _after(table, "create", "postgresql", f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")
    _after(table, "drop", "postgresql", f"DROP FUNCTION {name}")


def _after(table: SqlTable, what: str, dialect: str, statement: str) -> None:
    event.listen(table, f"after_{what}", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


for _name in (LedgerTransaction.__tablename__, LedgerEntry.__tablename__, LedgerRefund.__tablename__):
    _append_only(Table.metadata.tables[str(_name)])
