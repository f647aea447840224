"""The statements behind orders. Each works in the transaction it is given; rows stay inside this room."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Text, and_, delete, func, or_
from sqlalchemy import cast as cast_to
from sqlmodel import col, select

from backend.db.engine import Tx
from backend.db.upsert import insert_new, insert_once
from backend.kernel.ids import SaleorOrderId, new_id
from backend.provisioner.models import EventRow, GrantRow, OrderRow, ReportRow, StageRow
from backend.provisioner.policy import STUCK, Reached, Status

LEASE = timedelta(minutes=10)
"""Longer than a workflow keeps trying."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_BLANK = OrderRow(ref="", saleor_order_id="", status=Status.PAID, placed_at=_NEVER, updated_at=_NEVER).model_dump()
"""Made once: validating a row costs more than writing it."""


async def open_order(tx: Tx, saleor_order_id: SaleorOrderId, now: datetime) -> OrderRow:
    """The row of this order, made when there is none, and locked until the transaction ends."""
    await open_orders(tx, [saleor_order_id], now)
    query = select(OrderRow).where(OrderRow.saleor_order_id == saleor_order_id).with_for_update()
    return cast(OrderRow, (await tx.execute(query)).scalar_one())


async def open_orders(tx: Tx, saleor_order_ids: Collection[str], now: datetime) -> dict[str, str]:
    """Our ref of each of these orders, made where there is none. Saleor's id → ref."""
    # Sorted, so that two processes that open the same orders do not wait for each other in a circle.
    rows = [
        _BLANK | {"ref": new_id("ord"), "saleor_order_id": one, "placed_at": now, "updated_at": now} for one in sorted(saleor_order_ids)
    ]
    await insert_new(tx, OrderRow, rows, unique=["saleor_order_id"])
    found = await tx.execute(select(OrderRow.saleor_order_id, OrderRow.ref).where(col(OrderRow.saleor_order_id).in_(saleor_order_ids)))
    return {row.saleor_order_id: row.ref for row in found}


async def received(tx: Tx, refs: Collection[str], at: datetime) -> None:
    """Put the stage "received" on these timelines where it is not."""
    rows = [{"order_ref": ref, "key": "received", "at": at, "note": ""} for ref in sorted(refs)]
    await insert_new(tx, StageRow, rows, unique=["order_ref", "key"])


async def lock(tx: Tx, ref: str) -> OrderRow:
    """The order, held by this transaction until it ends. Raises sqlalchemy's NoResultFound for a ref that never was."""
    return cast(OrderRow, (await tx.execute(select(OrderRow).where(OrderRow.ref == ref).with_for_update())).scalar_one())


async def get(tx: Tx, ref: str) -> OrderRow:
    return cast(OrderRow, (await tx.execute(select(OrderRow).where(OrderRow.ref == ref))).scalar_one())


async def find(tx: Tx, ref: str) -> OrderRow | None:
    return await tx.get(OrderRow, ref)


async def by_saleor_ids(tx: Tx, ids: Sequence[str]) -> dict[str, OrderRow]:
    rows = (await tx.execute(select(OrderRow).where(col(OrderRow.saleor_order_id).in_(ids)))).scalars()
    return {row.saleor_order_id: row for row in rows}


async def unclaimed(tx: Tx, email: str) -> list[OrderRow]:
    """Nobody's orders of this address, those too that wait for a hand: its mail may have been refused."""
    nobodys = (OrderRow.email == email, col(OrderRow.workspace_id).is_(None), col(OrderRow.status).in_(STUCK))
    query = select(OrderRow).where(*nobodys).with_for_update()
    return list((await tx.execute(query)).scalars())


async def _newest(tx: Tx, limit: int, *where: ColumnElement[bool] | bool) -> list[OrderRow]:
    query = select(OrderRow).where(*where).order_by(col(OrderRow.ref).desc()).limit(limit)
    return list((await tx.execute(query)).scalars())


async def reach(tx: Tx, ref: str, key: str, at: datetime, note: str = "") -> bool:
    """Put the stage on the timeline unless it is there. True when this call put it there."""
    return await insert_once(tx, StageRow, {"order_ref": ref, "key": key, "at": at, "note": note}, unique=["order_ref", "key"])


async def claim(tx: Tx, ref: str, what: str, by: str, now: datetime) -> bool:
    """Whether `by` is the one to do `what` about the order: the first who asked, or the next when that one has been at it for too long.

    Two workflows about one order run side by side when Saleor tells of it twice in a moment; each mail and note is one's alone.
    """
    if await insert_once(tx, StageRow, {"order_ref": ref, "key": _claim(what), "at": now, "note": by}, unique=["order_ref", "key"]):
        return True
    row = await tx.get_one(StageRow, (ref, _claim(what)), with_for_update=True)
    if row.note != by and now - row.at < LEASE:
        return False
    row.note, row.at = by, now
    return True


async def release(tx: Tx, ref: str, what: str) -> None:
    """Let the next one who asks try it."""
    await forget(tx, ref, _claim(what))


def _claim(what: str) -> str:
    return f"claim:{what}"


async def stages(tx: Tx, refs: Sequence[str]) -> dict[str, dict[str, Reached]]:
    """What each order has reached, by its ref and the key of the stage."""
    found: dict[str, dict[str, Reached]] = {ref: {} for ref in refs}
    for row in (await tx.execute(select(StageRow).where(col(StageRow.order_ref).in_(refs)))).scalars():
        found[row.order_ref][row.key] = Reached(row.at, row.note)
    return found


async def grants(tx: Tx, refs: Sequence[str]) -> dict[str, list[GrantRow]]:
    found: dict[str, list[GrantRow]] = {ref: [] for ref in refs}
    query = select(GrantRow).where(col(GrantRow.order_ref).in_(refs)).order_by(col(GrantRow.id))
    for row in (await tx.execute(query)).scalars():
        found[row.order_ref].append(row)
    return found


async def forget(tx: Tx, ref: str, key: str) -> None:
    """Take a stage off the timeline that turned out not to hold (any more)."""
    await tx.execute(delete(StageRow).where(col(StageRow.order_ref) == ref, col(StageRow.key) == key))


async def log(tx: Tx, ref: str, key: str, at: datetime, words: str, by: str) -> None:
    """Add to the order's log, once under this key."""
    await insert_once(tx, EventRow, {"order_ref": ref, "key": key, "at": at, "words": words, "by": by}, unique=["order_ref", "key"])


async def log_all(tx: Tx, entries: Sequence[tuple[str, str, str]], at: datetime, by: str) -> None:
    """Add to the logs of several orders, once under each key. entries: ref, key, words."""
    rows = [{"order_ref": ref, "key": key, "at": at, "words": words, "by": by} for ref, key, words in sorted(set(entries))]
    await insert_new(tx, EventRow, rows, unique=["order_ref", "key"])


async def logged(tx: Tx, ref: str, key: str) -> bool:
    query = select(EventRow.id).where(EventRow.order_ref == ref, EventRow.key == key)
    return (await tx.execute(query)).first() is not None


async def events(tx: Tx, ref: str) -> list[EventRow]:
    """Newest first."""
    return list((await tx.execute(select(EventRow).where(EventRow.order_ref == ref).order_by(col(EventRow.id).desc()))).scalars())


async def search(
    tx: Tx, statuses: Collection[str], text: str, before: str | None, limit: int, *, workspace_id: str | None = None
) -> list[OrderRow]:
    """Newest first. statuses: empty for all. text: a number, a part of an e-mail address, a ref, or how a SKU begins."""
    where = _asked(statuses, text, workspace_id)
    return await _newest(tx, limit, *where, *([col(OrderRow.ref) < before] if before else []))


async def latest(tx: Tx, workspace_id: str, email: str | None) -> SaleorOrderId | None:
    """The shop's id of a workspace's last order. email: whose it must be; None for anybody's."""
    where = [col(OrderRow.workspace_id) == workspace_id]
    if email is not None:
        where.append(func.lower(OrderRow.email) == email.lower())
    found = await _newest(tx, 1, *where)
    return SaleorOrderId(found[0].saleor_order_id) if found else None


async def count(tx: Tx, statuses: Collection[str], text: str, workspace_id: str) -> int:
    """How many `search` finds in all."""
    query = select(func.count()).select_from(OrderRow).where(*_asked(statuses, text, workspace_id))
    return int((await tx.execute(query)).scalar_one())


def _asked(statuses: Collection[str], text: str, workspace_id: str | None) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [col(OrderRow.workspace_id) == workspace_id] if workspace_id else []
    if statuses:
        where.append(col(OrderRow.status).in_(statuses))
    if text:
        lines = func.lower(cast_to(OrderRow.lines, Text))
        sku = json.dumps(text.lower())[1:-1]
        where.append(
            or_(
                col(OrderRow.number) == text.removeprefix("#"),
                func.lower(OrderRow.email).contains(text.lower(), autoescape=True),
                col(OrderRow.ref) == text,
                lines.contains(f'"sku": "{sku}', autoescape=True),
            )
        )
    return where


async def counts(tx: Tx) -> dict[str, int]:
    """How many orders there are of each status."""
    rows = await tx.execute(select(OrderRow.status, func.count()).group_by(OrderRow.status))
    return {str(row[0]): int(row[1]) for row in rows}


async def placed_since(tx: Tx, since: datetime | None, after: str, limit: int) -> list[OrderRow]:
    """Oldest first; `after` is the last ref of the page before."""
    query = select(OrderRow).where(col(OrderRow.ref) > after).order_by(col(OrderRow.ref)).limit(limit)
    if since is not None:
        query = query.where(col(OrderRow.placed_at) >= since)
    return list((await tx.execute(query)).scalars())


async def half_done(tx: Tx, limit: int) -> list[OrderRow]:
    """Orders under way; the ones that nobody looked at for longest first."""
    return await _oldest(tx, limit, col(OrderRow.status) == Status.PAID)


async def untold(tx: Tx, limit: int) -> list[OrderRow]:
    """Orders whose buyer is owed a mail; the ones that nobody looked at for longest first."""
    has_something = col(OrderRow.ref).in_(select(GrantRow.order_ref).where(col(GrantRow.active)))
    refused = col(OrderRow.ref).in_(select(EventRow.order_ref).where(col(EventRow.key).startswith("untold:")))
    partly = and_(col(OrderRow.status) == Status.NEEDS_HAND, has_something, ~refused)
    owed = or_(col(OrderRow.status).in_([Status.READY, Status.UNCLAIMED]), partly)
    return await _oldest(tx, limit, col(OrderRow.told_at).is_(None), owed)


async def alerts(tx: Tx, statuses: Collection[str]) -> dict[str, tuple[str, set[str]]]:
    """The reason of each order of these statuses that has one, and the keys under which alerts about it were logged; by its ref."""
    where = (col(OrderRow.status).in_(statuses), col(OrderRow.reason) != "")
    waiting = select(OrderRow.ref, OrderRow.reason).where(*where).order_by(col(OrderRow.updated_at), col(OrderRow.ref))
    found: dict[str, tuple[str, set[str]]] = {row.ref: (row.reason, set()) for row in await tx.execute(waiting)}
    sent = select(EventRow.order_ref, EventRow.key).join(OrderRow, col(OrderRow.ref) == col(EventRow.order_ref))
    for row in await tx.execute(sent.where(*where, col(EventRow.key).startswith("alert:"))):
        found[row.order_ref][1].add(row.key)
    return found


async def of_refs(tx: Tx, refs: Collection[str]) -> list[OrderRow]:
    return list((await tx.execute(select(OrderRow).where(col(OrderRow.ref).in_(refs)))).scalars())


async def _oldest(tx: Tx, limit: int, *where: ColumnElement[bool]) -> list[OrderRow]:
    query = select(OrderRow).where(*where).order_by(col(OrderRow.updated_at), col(OrderRow.ref)).limit(limit)
    return list((await tx.execute(query)).scalars())


async def giving_since(tx: Tx, since: datetime) -> list[OrderRow]:
    """Orders placed since then of which their buyer has something."""
    active = select(GrantRow.order_ref).where(col(GrantRow.active))
    query = select(OrderRow).where(col(OrderRow.placed_at) >= since, col(OrderRow.ref).in_(active)).order_by(col(OrderRow.ref))
    return list((await tx.execute(query)).scalars())


async def taken_since(tx: Tx, since: datetime) -> list[tuple[OrderRow, GrantRow]]:
    """The units that were taken back since then."""
    joined = select(OrderRow, GrantRow).join(GrantRow, col(GrantRow.order_ref) == col(OrderRow.ref))
    query = joined.where(col(GrantRow.at) >= since, col(GrantRow.active).is_(False)).order_by(col(GrantRow.id))
    return [(order, grant) for order, grant in await tx.execute(query)]


async def keep_report(tx: Tx, at: datetime, looked_at: int, taken_up: Sequence[str], without_order: Sequence[str]) -> None:
    await tx.merge(ReportRow(id=1, at=at, looked_at=looked_at, taken_up=list(taken_up), without_order=list(without_order)))


async def report(tx: Tx) -> ReportRow | None:
    return await tx.get(ReportRow, 1)
