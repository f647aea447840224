"""The hot path's statements on SQLite: plain ones, prepared once, within a savepoint that the writer makes around each change."""

from __future__ import annotations

from backend.db.moments import read, stored
from backend.db.writer import Execute, SqliteWriter
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.policy import Debit, OpenLot, burn, burn_by
from backend.ledger.views import EntryKind, HoldStatus, HoldView, Receipt
from backend.ledger.writing import (
    LAPSE,
    REVENUE,
    Close,
    Held,
    Hold,
    beyond,
    charge_key,
    receipt,
    short,
    txn_id,
    unheld,
)

_HOLD = """INSERT INTO ledger_hold (run_id, workspace_id, amount, label, status, charged, available, created_at, expires_at)
VALUES (?, ?, ?, ?, 'open', 0, 0, ?, ?) ON CONFLICT (run_id) DO NOTHING"""
_HELD = "SELECT workspace_id, amount, status, created_at, expires_at FROM ledger_hold WHERE run_id = ?"
_RESERVE = "UPDATE ledger_account SET held = held + ? WHERE workspace_id = ? AND balance - held >= ?"
_AVAILABLE = "SELECT balance - held FROM ledger_account WHERE workspace_id = ?"
_EXPIRED = "SELECT 1 FROM ledger_lot WHERE workspace_id = ? AND remaining > 0 AND expires_at IS NOT NULL AND burn_by <= ? LIMIT 1"
_OPEN = "SELECT workspace_id, amount, label FROM ledger_hold WHERE run_id = ? AND status = 'open'"
_LOTS = """SELECT id, remaining, label FROM ledger_lot WHERE workspace_id = ? AND remaining > 0
ORDER BY priority, burn_by, created_at, id"""
_MOVE = """UPDATE ledger_account SET balance = balance - ?, held = held - ?, entries = entries + ? WHERE workspace_id = ?
RETURNING balance, held, entries"""
_CLOSE = "UPDATE ledger_hold SET status = ?, charged = ?, available = ?, closed_at = ? WHERE run_id = ?"
_TAKE = "UPDATE ledger_lot SET remaining = remaining - ? WHERE id = ?"
_POSTING = "INSERT INTO ledger_transaction (id, key, kind, workspace_id, label, run_id, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ENTRY = "INSERT INTO ledger_entry (transaction_id, number, account, lot_id, amount, position, balance_after) VALUES (?, ?, ?, ?, ?, ?, ?)"


class _WasThere(Exception):
    pass


class OnSqlite:
    def __init__(self, writer: SqliteWriter) -> None:
        self._writer = writer

    async def hold(self, wanted: Hold) -> Held:
        try:
            return await self._writer.do(lambda execute: _hold(execute, wanted))
        except _WasThere:
            return None

    async def close(self, wanted: Close) -> Receipt | None:
        return await self._writer.do(lambda execute: _close(execute, wanted))


def _hold(execute: Execute, wanted: Hold) -> Held:
    workspace_id, run_id, amount = wanted.workspace_id, wanted.run_id, wanted.amount
    if not wanted.lapsed and execute(_EXPIRED, (workspace_id, burn_by(wanted.at))).fetchone():
        return LAPSE
    values = (run_id, workspace_id, amount, wanted.label, stored(wanted.at), stored(wanted.until) if wanted.until else None)
    if execute(_HOLD, values).rowcount != 1:
        owner, held, status, at, until = execute(_HELD, (run_id,)).fetchone()
        return HoldView(run_id, WorkspaceId(owner), Credits(held), HoldStatus(status), read(at), read(until) if until else None)
    if wanted.beside is not None and not wanted.beside.on_sqlite(execute):
        raise _WasThere
    if amount and execute(_RESERVE, (amount, workspace_id, amount)).rowcount != 1:
        [available] = execute(_AVAILABLE, (workspace_id,)).fetchone() or (0,)
        raise short(amount, available)
    return wanted.made()


def _close(execute: Execute, wanted: Close) -> Receipt | None:
    run_id = wanted.run_id
    found = execute(_OPEN, (run_id,)).fetchone()
    if found is None:
        if execute(_HELD, (run_id,)).fetchone() is None:
            raise unheld()
        return None
    workspace_id, held, label = found
    if not 0 <= wanted.charged <= held:
        raise beyond()
    lots, debits = _burnt(execute, workspace_id, wanted.charged)
    after = execute(_MOVE, (wanted.charged, held, len(debits), workspace_id)).fetchone() or (0, 0, 0)
    available = after[0] - after[1]
    at = stored(wanted.at)
    execute(_CLOSE, (wanted.status.value, wanted.charged, available, at, run_id))
    if debits:
        _post(execute, run_id, workspace_id, label, at, debits, after)
    if wanted.beside is not None:
        wanted.beside.on_sqlite(execute)
    return receipt(wanted, held, available, debits, lots)


def _burnt(execute: Execute, workspace_id: str, amount: int) -> tuple[list[OpenLot], list[Debit]]:
    """Which lots pay; only as many as are needed are read."""
    lots: list[OpenLot] = []
    if not amount:
        return lots, []
    missing = amount
    for row in execute(_LOTS, (workspace_id,)):
        lots.append(OpenLot(*row))
        missing -= row[1]
        if missing <= 0:
            break
    return lots, burn(lots, amount)


def _post(
    execute: Execute, run_id: RunId, workspace_id: str, label: str, at: str, debits: list[Debit], after: tuple[int, int, int]
) -> None:
    txn, total = txn_id(run_id), sum(debit.amount for debit in debits)
    execute(_POSTING, (txn, charge_key(run_id), EntryKind.CHARGE.value, workspace_id, label, run_id, at))
    running, position = after[0] + total, after[2] - len(debits)
    for n, debit in enumerate(debits, start=1):
        running -= debit.amount
        execute(_TAKE, (debit.amount, debit.lot_id))
        execute(_ENTRY, (txn, n, workspace_id, debit.lot_id, -debit.amount, position + n, running))
    execute(_ENTRY, (txn, len(debits) + 1, REVENUE, None, total, None, None))
