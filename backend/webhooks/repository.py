"""The statements behind deliveries. Each works in the transaction it is given; rows stay inside this room."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlmodel import col
from ulid import ULID

from backend.db.engine import Tx
from backend.db.upsert import insert_new
from backend.kernel.ids import WorkspaceId, new_id
from backend.webhooks.models import DeliveryRow, EndpointRow, EventRow
from backend.webhooks.outbox import LISTENING
from backend.webhooks.views import DeliveryStatus, EndpointStatus

LEASE = timedelta(minutes=1)
"""How long whoever took a delivery has for it; longer than an attempt may take."""
SPREAD = 500
"""Events whose deliveries are written in one transaction."""
_DUE = col(DeliveryRow.status) == DeliveryStatus.PENDING.value


@dataclass(frozen=True, slots=True)
class Piece:
    """One delivery to be attempted. data: JSON. secret, old_secret: sealed."""

    delivery_id: str
    event_id: str
    endpoint_id: str
    workspace_id: WorkspaceId
    kind: str
    at_ms: int
    data: str
    url: str
    include_content: bool
    secret: str
    old_secret: str | None
    old_until: datetime | None


async def anything(tx: Tx, now: datetime) -> tuple[bool, bool]:
    """Whether an event waits to be spread, and whether a delivery is due."""
    unspread = exists(select(col(EventRow.id)).where(col(EventRow.spread) == 0))
    due = exists(select(col(DeliveryRow.id)).where(_DUE, col(DeliveryRow.due_at) <= now))
    found = (await tx.execute(select(unspread, due))).one()
    return bool(found[0]), bool(found[1])


async def spread(tx: Tx, now: datetime) -> int:
    """Write the deliveries of the oldest new events; an event that nobody asked for is thrown away. How many events those were."""
    new = select(EventRow).where(col(EventRow.spread) == 0).order_by(col(EventRow.id)).limit(SPREAD)
    events = list(await tx.scalars(new.with_for_update(skip_locked=True)))
    mine = col(EndpointRow.workspace_id).in_({event.workspace_id for event in events}) & col(EndpointRow.status).in_(LISTENING)
    # Locked, so that none is resumed between the look at it and what is written for it.
    asking = select(EndpointRow).where(mine).order_by(col(EndpointRow.id)).with_for_update(read=True)
    endpoints = list(await tx.scalars(asking)) if events else []
    rows = [
        delivery(event.id, endpoint.id, now, due_at=now if endpoint.status == EndpointStatus.LIVE else None)
        for event in events
        for endpoint in endpoints
        if endpoint.workspace_id == event.workspace_id and event.type in endpoint.events
    ]
    await insert_new(tx, DeliveryRow, rows, unique=["event_id", "endpoint_id"])
    asked_for = {row["event_id"] for row in rows}
    await _in_bulk(tx, asked_for, spread_out=True)
    await _in_bulk(tx, {event.id for event in events} - asked_for, spread_out=False)
    return len(events)


async def _in_bulk(tx: Tx, ids: Collection[str], *, spread_out: bool) -> None:
    if ids:
        these = col(EventRow.id).in_(ids)
        await tx.execute(update(EventRow).where(these).values(spread=1) if spread_out else delete(EventRow).where(these))


def delivery(event_id: str, endpoint_id: str, now: datetime, *, due_at: datetime | None) -> dict[str, Any]:
    return {
        "id": new_id("whd"),
        "event_id": event_id,
        "endpoint_id": endpoint_id,
        "status": DeliveryStatus.PENDING.value,
        "tries": 0,
        "attempts": 0,
        "due_at": due_at,
        "code": None,
        "error": "",
        "snippet": "",
        "took_ms": 0,
        "log": [],
        "created_at": now,
        "ended_at": None,
    }


async def claim(tx: Tx, now: datetime, under_way: Mapping[str, int], *, each: int, most: int) -> list[Piece]:
    """Take up to `most` deliveries that are due, of each endpoint up to `each` with those under way; theirs alone for `LEASE`."""
    full = [endpoint_id for endpoint_id, count in under_way.items() if count >= each]
    due = (
        select(DeliveryRow, EventRow, EndpointRow)
        .join(EventRow, col(EventRow.id) == col(DeliveryRow.event_id))
        .join(EndpointRow, col(EndpointRow.id) == col(DeliveryRow.endpoint_id))
        .where(_DUE, col(DeliveryRow.due_at) <= now, col(EndpointRow.status) == EndpointStatus.LIVE.value)
        .where(col(DeliveryRow.endpoint_id).not_in(full))
        .order_by(col(DeliveryRow.due_at))
        .limit(most)
        .with_for_update(skip_locked=True, of=DeliveryRow)
    )
    room = dict(under_way)
    taken = []
    for row, event, endpoint in await tx.execute(due):
        if room.get(endpoint.id, 0) < each:
            room[endpoint.id] = room.get(endpoint.id, 0) + 1
            taken.append(piece(row, event, endpoint))
    if taken:
        these = col(DeliveryRow.id).in_([one.delivery_id for one in taken])
        await tx.execute(update(DeliveryRow).where(these).values(due_at=now + LEASE))
    return taken


def piece(row: DeliveryRow, event: EventRow, endpoint: EndpointRow) -> Piece:
    return Piece(
        delivery_id=row.id,
        event_id=event.id,
        endpoint_id=endpoint.id,
        workspace_id=WorkspaceId(event.workspace_id),
        kind=event.type,
        at_ms=event.at_ms,
        data=event.data,
        url=endpoint.url,
        include_content=endpoint.include_content,
        secret=endpoint.secret,
        old_secret=endpoint.old_secret,
        old_until=endpoint.old_until,
    )


async def locked(tx: Tx, endpoint_ids: Collection[str], delivery_ids: Collection[str]) -> tuple[dict[str, EndpointRow], list[DeliveryRow]]:
    """Endpoints before deliveries, each kind in the order of ids: no two who lock them wait for each other in a circle."""
    endpoints = select(EndpointRow).where(col(EndpointRow.id).in_(endpoint_ids)).order_by(col(EndpointRow.id))
    deliveries = select(DeliveryRow).where(col(DeliveryRow.id).in_(delivery_ids)).order_by(col(DeliveryRow.id))
    found = {row.id: row for row in await tx.scalars(endpoints.with_for_update(key_share=True))}
    return found, list(await tx.scalars(deliveries.with_for_update()))


async def rest(tx: Tx, endpoint_id: str) -> None:
    """Nothing of this endpoint is due any more, until `go_on`."""
    await tx.execute(update(DeliveryRow).where(_DUE, col(DeliveryRow.endpoint_id) == endpoint_id).values(due_at=None))


async def go_on(tx: Tx, endpoint_id: str, now: datetime) -> None:
    waiting = (_DUE, col(DeliveryRow.endpoint_id) == endpoint_id, col(DeliveryRow.due_at).is_(None))
    await tx.execute(update(DeliveryRow).where(*waiting).values(due_at=now))


async def page(tx: Tx, endpoint_id: str, *, status: str | None, cursor: str | None, limit: int) -> Sequence[tuple[DeliveryRow, EventRow]]:
    """Newest first, one row more than the limit."""
    query = select(DeliveryRow, EventRow).join(EventRow, col(EventRow.id) == col(DeliveryRow.event_id))
    query = query.where(col(DeliveryRow.endpoint_id) == endpoint_id)
    if status is not None:
        query = query.where(col(DeliveryRow.status) == status)
    if cursor is not None:
        query = query.where(col(DeliveryRow.id) < cursor)
    return [(row, event) for row, event in await tx.execute(query.order_by(col(DeliveryRow.id).desc()).limit(limit + 1))]


async def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Throw away old events with their deliveries, except those that still are to be tried. How many."""
    still = exists(
        select(col(DeliveryRow.id)).where(col(DeliveryRow.event_id) == col(EventRow.id), _DUE, col(DeliveryRow.due_at).is_not(None))
    )
    # Ids begin with their time.
    old = select(col(EventRow.id)).where(col(EventRow.id) < f"evt_{str(ULID.from_datetime(before))[:10]}", ~still)
    ids = list(await tx.scalars(old.order_by(col(EventRow.id)).limit(limit)))
    await _in_bulk(tx, ids, spread_out=False)
    return len(ids)
