"""Which accounts have moved since somebody last looked: for whoever must act when credits run low.

To look costs a few statements for many accounts, and holds nobody up. What was seen is claimed in the transaction that acts on it, so
of several processes one alone acts on a move.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, select, update

from backend.db.engine import Tx
from backend.db.upsert import insert_new
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits
from backend.ledger import repository
from backend.ledger.models import LedgerWatch
from backend.ledger.repository import ACCOUNT, ENTRY, TRANSACTION
from backend.ledger.views import EntryKind

WATCH = LedgerWatch.__table__  # type: ignore[attr-defined]
_SEEN = func.coalesce(WATCH.c.entries, 0)
_NEW = (ENTRY.c.account == ACCOUNT.c.workspace_id) & (ENTRY.c.position > _SEEN) & (ENTRY.c.position <= ACCOUNT.c.entries)
"""The entries of an account behind the last look."""


@dataclass(frozen=True, slots=True)
class Moved:
    """position: of the account's latest entry; seen: of the latest one at the last look, 0 when nobody ever looked.

    peak: the most it had since the last look, and at it. granted: the latest grant.
    """

    workspace_id: WorkspaceId
    balance: Credits
    held: Credits
    position: int
    seen: int
    peak: Credits
    granted: Credits


async def moved(tx: Tx, after: str, limit: int) -> list[Moved]:
    """In the order of their ids, those behind `after`."""
    query = (
        select(ACCOUNT, _SEEN.label("seen"), func.coalesce(WATCH.c.balance, 0).label("before"), WATCH.c.granted)
        .outerjoin(WATCH, WATCH.c.workspace_id == ACCOUNT.c.workspace_id)
        .where(ACCOUNT.c.workspace_id > after, ACCOUNT.c.entries != _SEEN)
        .order_by(ACCOUNT.c.workspace_id)
        .limit(limit)
    )
    rows = await repository.rows(tx, query)
    ids = [row["workspace_id"] for row in rows]
    peaks, gained = await _peaks(tx, ids)
    grants = await _grants(tx, gained)
    return [
        Moved(
            workspace_id=WorkspaceId(row["workspace_id"]),
            balance=Credits(row["balance"]),
            held=Credits(row["held"]),
            position=row["entries"],
            seen=row["seen"],
            peak=Credits(max(row["before"], peaks.get(row["workspace_id"], 0))),
            granted=Credits(grants.get(row["workspace_id"]) or row["granted"] or 0),
        )
        for row in rows
    ]


async def _peaks(tx: Tx, ids: Collection[str]) -> tuple[dict[str, int], list[str]]:
    """The highest running balance of each account's new entries, and the accounts to which something came in."""
    if not ids:
        return {}, []
    gain = func.max(case((ENTRY.c.amount > 0, 1), else_=0))
    query = (
        select(ACCOUNT.c.workspace_id, func.max(ENTRY.c.balance_after).label("peak"), gain.label("gain"))
        .select_from(ACCOUNT)
        .outerjoin(WATCH, WATCH.c.workspace_id == ACCOUNT.c.workspace_id)
        .join(ENTRY, _NEW)
        .where(ACCOUNT.c.workspace_id.in_(ids))
        .group_by(ACCOUNT.c.workspace_id)
    )
    rows = await repository.rows(tx, query)
    return {row["workspace_id"]: row["peak"] for row in rows}, [row["workspace_id"] for row in rows if row["gain"]]


async def _grants(tx: Tx, ids: Collection[str]) -> dict[str, int]:
    """The latest of the new grants of each account that has any."""
    if not ids:
        return {}
    query = (
        select(ACCOUNT.c.workspace_id, ENTRY.c.amount)
        .select_from(ACCOUNT)
        .outerjoin(WATCH, WATCH.c.workspace_id == ACCOUNT.c.workspace_id)
        .join(ENTRY, _NEW & (ENTRY.c.amount > 0))
        .join(TRANSACTION, (TRANSACTION.c.id == ENTRY.c.transaction_id) & (TRANSACTION.c.kind == EntryKind.GRANT))
        .where(ACCOUNT.c.workspace_id.in_(ids))
        .order_by(ENTRY.c.position)
    )
    return {row["workspace_id"]: row["amount"] for row in await repository.rows(tx, query)}


async def claim(tx: Tx, moves: Sequence[Moved]) -> list[Moved]:
    """Remember that these were seen. Those on which the caller is to act: nobody has seen them before."""
    blank = {"entries": 0, "balance": 0, "granted": 0}
    await insert_new(
        tx, LedgerWatch, [blank | {"workspace_id": one.workspace_id} for one in moves if not one.seen], unique=["workspace_id"]
    )
    # Locked in the order of their ids, so that two processes do not wait for each other in a circle.
    ids = [one.workspace_id for one in moves]
    query = select(WATCH.c.workspace_id, WATCH.c.entries).where(WATCH.c.workspace_id.in_(ids)).order_by(WATCH.c.workspace_id)
    seen = {row["workspace_id"]: row["entries"] for row in await repository.rows(tx, query.with_for_update())}
    mine = [one for one in moves if seen[one.workspace_id] == one.seen]
    if mine:
        values = [{"w": m.workspace_id, "e": m.position, "b": m.balance.micro, "g": m.granted.micro} for m in mine]
        set_to: dict[str, Any] = {"entries": bindparam("e"), "balance": bindparam("b"), "granted": bindparam("g")}
        connection = await tx.connection()
        await connection.execute(update(WATCH).where(WATCH.c.workspace_id == bindparam("w")).values(**set_to), values)
    return mine


async def granted(tx: Tx, workspace_id: str) -> Credits:
    """The latest grant that was seen; nothing before the first look."""
    query = select(WATCH.c.granted).where(WATCH.c.workspace_id == workspace_id)
    return Credits((await tx.execute(query)).scalar_one_or_none() or 0)
