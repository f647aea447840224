"""The ledger's statements. Each changes the account by one guarded UPDATE, which also locks it until the transaction ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, insert, select, update

from backend.db.engine import Tx
from backend.db.upsert import insert_once
from backend.kernel.ids import new_id
from backend.ledger.models import BURN_ORDER, LedgerAccount, LedgerEntry, LedgerHold, LedgerLot, LedgerTransaction
from backend.ledger.policy import Debit, OpenLot, burn, burn_by

ACCOUNT = LedgerAccount.__table__  # type: ignore[attr-defined]
LOT = LedgerLot.__table__  # type: ignore[attr-defined]
HOLD = LedgerHold.__table__  # type: ignore[attr-defined]
ENTRY = LedgerEntry.__table__  # type: ignore[attr-defined]
TRANSACTION = LedgerTransaction.__table__  # type: ignore[attr-defined]


async def begin(tx: Tx, key: str, kind: str, workspace_id: str, label: str, at: datetime, run_id: str | None = None) -> str | None:
    """Claim the posting named `key`. None when it was made before."""
    txn = new_id("txn")
    values = {"id": txn, "key": key, "kind": kind, "workspace_id": workspace_id, "label": label, "at": at, "run_id": run_id}
    return txn if await insert_once(tx, LedgerTransaction, values, unique=["key"]) else None


async def move(tx: Tx, workspace_id: str, *, balance: int = 0, held: int = 0, entries: int = 0) -> RowMapping | None:
    """Change the account by these micro-credits if `held` stays covered and not negative. The new row, or None when it would not."""
    statement = (
        update(ACCOUNT)
        .where(ACCOUNT.c.workspace_id == workspace_id)
        .where(ACCOUNT.c.balance + balance >= ACCOUNT.c.held + held, ACCOUNT.c.held + held >= 0)
        .values(balance=ACCOUNT.c.balance + balance, held=ACCOUNT.c.held + held, entries=ACCOUNT.c.entries + entries)
        .returning(ACCOUNT.c.balance, ACCOUNT.c.held, ACCOUNT.c.entries)
    )
    return (await tx.execute(statement)).mappings().one_or_none()


async def account(tx: Tx, workspace_id: str, *, lock: bool = False) -> RowMapping | None:
    query = select(ACCOUNT).where(ACCOUNT.c.workspace_id == workspace_id)
    return (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()


async def open_account(tx: Tx, workspace_id: str) -> None:
    await insert_once(tx, LedgerAccount, {"workspace_id": workspace_id, "balance": 0, "held": 0, "entries": 0}, unique=["workspace_id"])


async def open_lots(tx: Tx, workspace_id: str, *, ref: str | None = None, expired_at: datetime | None = None) -> list[OpenLot]:
    """Lots with something left, in the order they burn; only of `ref`, or only those that have expired, when asked."""
    query = select(LOT).where(LOT.c.workspace_id == workspace_id, LOT.c.remaining > 0).order_by(*(LOT.c[name] for name in BURN_ORDER))
    if ref is not None:
        query = query.where(LOT.c.ref == ref)
    if expired_at is not None:
        query = query.where(LOT.c.expires_at.is_not(None), LOT.c.burn_by <= burn_by(expired_at))
    return [OpenLot(r["id"], r["remaining"], r["label"]) for r in await rows(tx, query)]


async def debit(tx: Tx, workspace_id: str, txn: str, lots: Sequence[OpenLot], amount: int, to: str, *, held: int = 0) -> RowMapping:
    """Take `amount` out of `lots` and off the account, and post it to the system account `to`. The account's new row.

    The account must be locked by this transaction before `lots` were read, and cover the amount.
    """
    debits = burn(lots, amount)
    after = await move(tx, workspace_id, balance=-amount, held=-held, entries=len(debits))
    assert after is not None, "the account is locked and covers the amount"
    for taken in debits:
        await tx.execute(update(LOT).where(LOT.c.id == taken.lot_id).values(remaining=LOT.c.remaining - taken.amount))
    await post(tx, txn, workspace_id, [Debit(d.lot_id, -d.amount) for d in debits], after, to)
    return after


async def post(tx: Tx, txn: str, workspace_id: str, changes: Sequence[Debit], after: RowMapping, other: str) -> None:
    """Write the entries of `changes` (signed) on the workspace's account, and their opposite on the system account `other`."""
    total = sum(change.amount for change in changes)
    running, position = after["balance"] - total, after["entries"] - len(changes)
    values: list[dict[str, Any]] = []
    for offset, change in enumerate(changes, start=1):
        running += change.amount
        values.append(_entry(txn, offset, workspace_id, change.amount, change.lot_id, position + offset, running))
    values.append(_entry(txn, len(changes) + 1, other, -total))
    await tx.execute(insert(ENTRY), values)


def _entry(
    txn: str, number: int, account: str, amount: int, lot_id: str | None = None, position: int | None = None, after: int | None = None
) -> dict[str, Any]:
    return {
        "transaction_id": txn,
        "number": number,
        "account": account,
        "lot_id": lot_id,
        "amount": amount,
        "position": position,
        "balance_after": after,
    }


async def rows(tx: Tx, query: Select[Any]) -> Sequence[RowMapping]:
    return (await tx.execute(query)).mappings().all()


async def hold_row(tx: Tx, run_id: str) -> RowMapping | None:
    return (await tx.execute(select(HOLD).where(HOLD.c.run_id == run_id))).mappings().one_or_none()
