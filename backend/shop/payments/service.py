"""Transactions in the database: beginning one, recording events on it, reading it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from backend.db.engine import Tx
from backend.shop.ids import fresh, global_id
from backend.shop.models import TransactionEventRow, TransactionRow
from backend.shop.payments import policy
from backend.shop.payments.views import TransactionEventView, TransactionView
from backend.shop.views import items, moment, money


async def find(tx: Tx, key: str | None, *, lock: bool = False) -> TransactionRow | None:
    """lock: keep others from changing it until this transaction ends."""
    if key is None:
        return None
    statement = select(TransactionRow).where(TransactionRow.id == key)
    found: TransactionRow | None = await tx.scalar(statement.with_for_update() if lock else statement)
    return found


async def begun(tx: Tx, source_id: str, idempotency_key: str) -> TransactionRow | None:
    """The transaction that was begun for this checkout or order with this key."""
    found: TransactionRow | None = await tx.scalar(
        select(TransactionRow).where(TransactionRow.source_id == source_id, TransactionRow.idempotency_key == idempotency_key)
    )
    return found


async def begin(
    tx: Tx,
    now: datetime,
    *,
    gateway: str,
    requested: int,
    checkout_id: str | None = None,
    order_id: str | None = None,
    idempotency_key: str | None = None,
    name: str = "",
) -> TransactionRow:
    row = TransactionRow(
        id=fresh(),
        source_id=checkout_id or order_id or "",
        checkout_id=checkout_id,
        order_id=order_id,
        gateway=gateway,
        name=name,
        idempotency_key=idempotency_key or fresh(),
        requested=requested,
        created=now,
        updated=now,
    )
    tx.add(row)
    await tx.flush()
    return row


async def record(
    tx: Tx, row: TransactionRow, kind: str, amount: int, now: datetime, *, psp_reference: str, message: str = "", external_url: str = ""
) -> TransactionEventRow:
    """Write an event on the transaction and move its sums accordingly."""
    event = TransactionEventRow(
        transaction_id=row.id,
        type=kind,
        amount=amount,
        psp_reference=psp_reference,
        message=message,
        external_url=external_url,
        at=now,
    )
    sums = policy.after(policy.Sums(row.authorized, row.charged, row.refunded), kind, amount)
    row.authorized, row.charged, row.refunded = sums.authorized, sums.charged, sums.refunded
    row.refundable = row.charged > 0
    row.updated = now
    row.psp_reference = row.psp_reference or psp_reference
    tx.add(event)
    tx.add(row)
    await tx.flush()
    return event


async def reported(tx: Tx, row: TransactionRow, kind: str, psp_reference: str) -> TransactionEventRow | None:
    """The same event as it was reported before."""
    found: TransactionEventRow | None = await tx.scalar(
        select(TransactionEventRow).where(
            TransactionEventRow.transaction_id == row.id,
            TransactionEventRow.type == kind,
            TransactionEventRow.psp_reference == psp_reference,
        )
    )
    return found


async def last_event(tx: Tx, row: TransactionRow) -> TransactionEventRow | None:
    found: TransactionEventRow | None = await tx.scalar(
        select(TransactionEventRow)
        .where(TransactionEventRow.transaction_id == row.id)
        .order_by(col(TransactionEventRow.id).desc())
        .limit(1)
    )
    return found


async def rows_of(tx: Tx, *, checkout_id: str | None = None, order_id: str | None = None) -> list[TransactionRow]:
    place: Any = TransactionRow.order_id == order_id if order_id else TransactionRow.checkout_id == checkout_id
    return list(await tx.scalars(select(TransactionRow).where(place).order_by(col(TransactionRow.created), col(TransactionRow.id))))


async def views(tx: Tx, rows: Sequence[TransactionRow], currency: str) -> list[TransactionView]:
    keys = [row.id for row in rows]
    events: dict[str, list[TransactionEventRow]] = {key: [] for key in keys}
    statement = (
        select(TransactionEventRow).where(col(TransactionEventRow.transaction_id).in_(keys)).order_by(col(TransactionEventRow.id).desc())
    )
    for event in await tx.scalars(statement) if keys else ():
        events[event.transaction_id].append(event)
    return [_view(row, events[row.id], currency) for row in rows]


def event_view(event: TransactionEventRow, currency: str) -> TransactionEventView:
    return TransactionEventView(
        id=global_id("TransactionEvent", event.id),
        created_at=moment(event.at),
        type=event.type,
        psp_reference=event.psp_reference,
        message=event.message,
        amount=money(event.amount, currency),
        external_url=event.external_url,
        idempotency_key=None,
    )


def _view(row: TransactionRow, events: Sequence[TransactionEventRow], currency: str) -> TransactionView:
    return TransactionView(
        id=global_id("TransactionItem", row.id),
        token=row.id,
        gateway=row.gateway,
        name=row.name,
        message=row.message,
        psp_reference=row.psp_reference,
        external_url=row.external_url,
        currency=currency,
        authorized=row.authorized,
        charged=row.charged,
        refunded=row.refunded,
        actions=["REFUND"] if row.refundable else [],
        events=[event_view(event, currency) for event in events],
        checkout_key=row.checkout_id,
        order_key=row.order_id,
        metadata=items(row.meta),
        private_metadata=items(row.private_meta),
        created_at=moment(row.created),
        modified_at=moment(row.updated),
    )
