"""The ledger's queries: rows in, frozen views out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select, text
from sqlalchemy.orm import Mapped

from backend.db.engine import Tx
from backend.kernel.errors import Invalid, NotFound
from backend.kernel.ids import LotId, RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.kernel.page import Page, cut
from backend.ledger import repository
from backend.ledger.models import BURN_ORDER
from backend.ledger.repository import ENTRY, HOLD, LOT, TRANSACTION
from backend.ledger.views import (
    Balance,
    EntryKind,
    EntryView,
    HoldStatus,
    HoldView,
    LotBook,
    LotCharge,
    LotSource,
    LotsView,
    LotView,
    Receipt,
)
from backend.ledger.writing import charge_key, refund_key


async def balance(tx: Tx, workspace_id: str) -> Balance:
    row = await repository.account(tx, workspace_id)
    return Balance(Credits(row["balance"]), Credits(row["held"])) if row else Balance(Credits(0), Credits(0))


async def lots(tx: Tx, workspace_id: str) -> list[LotView]:
    query = select(LOT).where(LOT.c.workspace_id == workspace_id).order_by(LOT.c.id.desc())
    return [_lot(r) for r in await repository.rows(tx, query)]


async def lots_at_a_glance(tx: Tx, workspace_id: str, most: int) -> LotsView:
    """most: lots of either kind."""
    mine = LOT.c.workspace_id == workspace_id
    burning = [LOT.c[name] for name in BURN_ORDER]
    sums = select(func.count(), func.coalesce(func.sum(LOT.c.granted), 0), func.coalesce(func.sum(LOT.c.remaining), 0))
    count, granted, left = (await tx.execute(sums.where(mine, LOT.c.remaining > 0))).one()
    opened = await repository.rows(tx, select(LOT).where(mine, LOT.c.remaining > 0).order_by(*burning).limit(most))
    spent = await repository.rows(tx, select(LOT).where(mine, LOT.c.remaining == 0).order_by(LOT.c.id.desc()).limit(most))
    return LotsView(tuple(map(_lot, opened)), tuple(map(_lot, spent)), count, Credits(int(granted)), Credits(int(left)))


async def lots_named(tx: Tx, ids: Sequence[str]) -> list[LotView]:
    return [_lot(r) for r in await repository.rows(tx, select(LOT).where(LOT.c.id.in_(ids)))]


def _lot(r: RowMapping) -> LotView:
    granted, remaining = Credits(r["granted"]), Credits(r["remaining"])
    return LotView(LotId(r["id"]), r["label"], LotSource(r["source"]), r["ref"], granted, remaining, r["expires_at"], r["created_at"])


async def books(tx: Tx, refs: Sequence[str]) -> list[LotBook]:
    """Every lot that came with one of these refs, oldest first."""
    found = await repository.rows(tx, select(LOT).where(LOT.c.ref.in_(refs)).order_by(LOT.c.id))
    query = (
        select(ENTRY, TRANSACTION.c.at, TRANSACTION.c.kind, TRANSACTION.c.label, TRANSACTION.c.run_id)
        .join(TRANSACTION, TRANSACTION.c.id == ENTRY.c.transaction_id)
        .where(ENTRY.c.lot_id.in_([r["id"] for r in found]))
        .order_by(ENTRY.c.position)
    )
    posted: dict[str, list[EntryView]] = {r["id"]: [] for r in found}
    for r in await repository.rows(tx, query):
        posted[r["lot_id"]].append(_entry(r))
    return [LotBook(_lot(r), WorkspaceId(r["workspace_id"]), tuple(posted[r["id"]])) for r in found]


async def entries(tx: Tx, workspace_id: str, cursor: str | None, limit: int, kind: EntryKind | None = None) -> Page[EntryView]:
    """kind: only these. Nearly all are charges, so those are read in the account's order; the others by their own index."""
    query = (
        select(ENTRY, TRANSACTION.c.at, TRANSACTION.c.kind, TRANSACTION.c.label, TRANSACTION.c.run_id)
        .join(TRANSACTION, TRANSACTION.c.id == ENTRY.c.transaction_id)
        .where(ENTRY.c.account == workspace_id, ENTRY.c.position.is_not(None))
        .limit(limit + 1)
    )
    if kind is not None:
        query = query.where(TRANSACTION.c.kind == kind.value)
    if kind in {None, EntryKind.CHARGE}:
        query = query.order_by(ENTRY.c.position.desc())
        if cursor is not None:
            query = query.where(ENTRY.c.position < _position(cursor))
    else:
        query = query.where(TRANSACTION.c.workspace_id == workspace_id, TRANSACTION.c.kind != EntryKind.CHARGE.value)
        query = query.order_by(TRANSACTION.c.id.desc(), ENTRY.c.position.desc())
        if cursor is not None:
            query = query.where(await _earlier(tx, workspace_id, _position(cursor)))
    rows = await repository.rows(tx, query)
    return cut(rows, limit, lambda row: str(row["position"])).map(_entry)


async def _earlier(tx: Tx, workspace_id: str, position: int) -> ColumnElement[bool]:
    """In the order of postings: what stands before the entry at `position`."""
    at = select(ENTRY.c.transaction_id).where(ENTRY.c.account == workspace_id, ENTRY.c.position == position)
    txn = (await tx.execute(at)).scalar()
    if txn is None:
        raise Invalid("This cursor is not one of ours.", fields={"cursor": "take it from `next` of a page"})
    return and_(TRANSACTION.c.id <= txn, or_(TRANSACTION.c.id < txn, ENTRY.c.position < position))


async def moved(tx: Tx, workspace_id: str, since: datetime) -> list[tuple[datetime, Credits]]:
    """What came and went other than by runs since then: when, and how much."""
    query = (
        select(TRANSACTION.c.at, ENTRY.c.amount)
        .join(ENTRY, ENTRY.c.transaction_id == TRANSACTION.c.id)
        .where(TRANSACTION.c.workspace_id == workspace_id, TRANSACTION.c.kind != EntryKind.CHARGE.value)
        .where(ENTRY.c.account == workspace_id, TRANSACTION.c.at >= since)
    )
    return [(row["at"], Credits(row["amount"])) for row in await repository.rows(tx, query)]


def was_charged(run_id: Mapped[str]) -> ColumnElement[bool]:
    """Whether the run of this column cost anything: a condition for a query of runs."""
    return select(HOLD.c.run_id).where(HOLD.c.run_id == run_id, HOLD.c.charged > 0).correlate_except(HOLD).exists()


def _position(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Invalid("This cursor is not one of ours.", fields={"cursor": "take it from `next` of a page"})
    return int(cursor)


def _entry(r: RowMapping) -> EntryView:
    id_ = f"ent_{r['transaction_id'].removeprefix('txn_')}_{r['number']}"
    amounts = Credits(r["amount"]), Credits(r["balance_after"])
    return EntryView(id_, r["at"], EntryKind(r["kind"]), *amounts, r["label"], r["run_id"], r["lot_id"])


async def posted(tx: Tx, key: str, account: str) -> Credits:
    """What the posting named `key` moved to `account`; nothing when it has no entries."""
    query = select(func.coalesce(func.sum(ENTRY.c.amount), 0)).join(TRANSACTION, TRANSACTION.c.id == ENTRY.c.transaction_id)
    return Credits(int((await tx.execute(query.where(TRANSACTION.c.key == key, ENTRY.c.account == account))).scalar_one()))


async def hold(tx: Tx, run_id: str) -> HoldView:
    row = await repository.hold_row(tx, run_id)
    assert row is not None, "holds are never deleted"
    return _hold(row)


async def open_holds(tx: Tx, older_than: datetime) -> list[HoldView]:
    query = select(HOLD).where(HOLD.c.status == "open", HOLD.c.created_at < older_than).order_by(HOLD.c.created_at)
    return [_hold(row) for row in await repository.rows(tx, query)]


async def overdue(tx: Tx, now: datetime) -> list[HoldView]:
    # Written out, so that either database takes the index of the open ones.
    query = select(HOLD).where(text("status = 'open'"), HOLD.c.expires_at < now).order_by(HOLD.c.expires_at)
    return [_hold(row) for row in await repository.rows(tx, query)]


def _hold(row: RowMapping) -> HoldView:
    status = HoldStatus(row["status"])
    whose = RunId(row["run_id"]), WorkspaceId(row["workspace_id"])
    return HoldView(*whose, Credits(row["amount"]), status, row["created_at"], row["expires_at"])


async def receipt(tx: Tx, run_id: str, workspace_id: str | None = None) -> Receipt:
    """workspace_id: whose it must be."""
    row = await repository.hold_row(tx, run_id)
    if row is None or workspace_id not in {None, row["workspace_id"]}:
        raise NotFound("There is no receipt for this run.")
    return (await receipts(tx, [run_id], row["workspace_id"]))[RunId(run_id)]


async def receipts(tx: Tx, run_ids: Sequence[str], workspace_id: str) -> dict[RunId, Receipt]:
    """Those that exist. While a hold is open, its receipt's `available` is what is available now."""
    query = select(HOLD).where(HOLD.c.run_id.in_(run_ids), HOLD.c.workspace_id == workspace_id)
    holds = await repository.rows(tx, query)
    now = (await balance(tx, workspace_id)).available if any(row["status"] == HoldStatus.OPEN for row in holds) else Credits(0)
    charges, refunds = await _charges(tx, [row["run_id"] for row in holds if row["charged"]])
    return {RunId(row["run_id"]): _receipt(row, now, charges.get(row["run_id"], []), refunds.get(row["run_id"])) for row in holds}


def _receipt(row: RowMapping, available: Credits, lots: Sequence[LotCharge], refunded_at: datetime | None) -> Receipt:
    is_open = row["status"] == HoldStatus.OPEN
    held, charged = Credits(row["amount"]), Credits(row["charged"])
    return Receipt(
        run_id=RunId(row["run_id"]),
        quoted=held,
        held=held,
        charged=charged,
        released=Credits(0) if is_open else held - charged,
        available=available if is_open else Credits(row["available"]),
        lots=tuple(lots),
        at=row["created_at"] if is_open else row["closed_at"],
        status=HoldStatus(row["status"]),
        refunded=charged if refunded_at else Credits(0),
        refunded_at=refunded_at,
    )


async def _charges(tx: Tx, run_ids: Sequence[str]) -> tuple[dict[str, list[LotCharge]], dict[str, datetime]]:
    """By run: what each lot paid, and when that was given back."""
    paid: dict[str, list[LotCharge]] = {}
    back: dict[str, datetime] = {}
    if not run_ids:
        return paid, back
    query = (
        select(TRANSACTION.c.run_id, TRANSACTION.c.kind, TRANSACTION.c.at, LOT.c.id, LOT.c.label, ENTRY.c.amount)
        .outerjoin(ENTRY, (ENTRY.c.transaction_id == TRANSACTION.c.id) & ENTRY.c.lot_id.is_not(None))
        .outerjoin(LOT, LOT.c.id == ENTRY.c.lot_id)
        .where(TRANSACTION.c.key.in_([name(run_id) for run_id in run_ids for name in (charge_key, refund_key)]))
        .order_by(ENTRY.c.position)
    )
    for r in await repository.rows(tx, query):
        if r["kind"] == EntryKind.REFUND:
            back[r["run_id"]] = r["at"]
        else:
            paid.setdefault(r["run_id"], []).append(LotCharge(LotId(r["id"]), r["label"], Credits(-r["amount"])))
    return paid, back


async def charges_of(tx: Tx, run_id: str) -> list[tuple[str, datetime | None, int]]:
    """What each lot paid for the run: its id, when it expires, micro-credits."""
    query = (
        select(LOT.c.id, LOT.c.expires_at, ENTRY.c.amount)
        .join(ENTRY, ENTRY.c.lot_id == LOT.c.id)
        .join(TRANSACTION, TRANSACTION.c.id == ENTRY.c.transaction_id)
        .where(TRANSACTION.c.key == charge_key(run_id))
        .order_by(ENTRY.c.position)
    )
    return [(r["id"], r["expires_at"], -r["amount"]) for r in await repository.rows(tx, query)]
