"""The attempts in the database: one use of each statement, in the transaction it is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, or_, update
from sqlmodel import col, select

from backend.commerce.models import AttemptRow
from backend.db.engine import Tx
from backend.db.upsert import insert_once
from backend.kernel.ids import new_id
from backend.kernel.secrets import new_token

HOLD = timedelta(seconds=40)
"""How long one request may work on an attempt before another may look. Longer than the shop waits for a payment service (20 s)."""


class Stage(StrEnum):
    NEW = "new"
    """Nothing was sent yet."""
    SENT = "sent"
    """The payment was asked for, and it is not known what became of it."""
    ACTION = "action"
    """The buyer has to do something: confirm, enter a card, come back from the bank."""
    PENDING = "pending"
    """The payment service works on it."""
    PAID = "paid"
    AUTHORIZED = "authorized"
    STRANDED = "stranded"
    """Money was taken, and the shop would not place the order."""
    SETTLED = "settled"
    """Money was taken, and an operator dealt with it by hand: nothing more is taken or placed for it."""
    PLACED = "placed"
    DECLINED = "declined"
    CLOSED = "closed"
    """Given up before anything was taken, or paid in part and followed by another."""


OPEN = frozenset({Stage.NEW, Stage.SENT, Stage.ACTION, Stage.PENDING, Stage.PAID, Stage.AUTHORIZED, Stage.STRANDED})
TAKEN = frozenset({Stage.PAID, Stage.AUTHORIZED, Stage.STRANDED})
"""Nothing more is taken; only the order is placed."""


async def find(tx: Tx, attempt_id: str) -> AttemptRow | None:
    return await tx.get(AttemptRow, attempt_id)


async def last(tx: Tx, checkout_id: str) -> AttemptRow | None:
    query = select(AttemptRow).where(AttemptRow.checkout_id == checkout_id).order_by(col(AttemptRow.number).desc()).limit(1)
    return cast("AttemptRow | None", await tx.scalar(query))


async def last_of(tx: Tx, visitor_hash: str) -> AttemptRow | None:
    mine = select(AttemptRow).where(AttemptRow.visitor_hash == visitor_hash)
    newest = mine.order_by(col(AttemptRow.created_at).desc(), col(AttemptRow.id).desc()).limit(1)
    return cast("AttemptRow | None", await tx.scalar(newest))


async def by_state(tx: Tx, state_hash: str) -> AttemptRow | None:
    return cast("AttemptRow | None", await tx.scalar(select(AttemptRow).where(AttemptRow.state_hash == state_hash)))


async def begin(tx: Tx, now: datetime, checkout_id: str, number: int, visitor_hash: str) -> AttemptRow:
    """The attempt of this number. Whoever comes second is given the first one's."""
    fresh = AttemptRow(
        id=new_id("pay"),
        checkout_id=checkout_id,
        number=number,
        key=new_token(),
        stage=Stage.NEW,
        visitor_hash=visitor_hash,
        created_at=now,
        updated_at=now,
    )
    await insert_once(tx, AttemptRow, fresh.model_dump(), unique=["checkout_id", "number"])
    query = select(AttemptRow).where(AttemptRow.checkout_id == checkout_id, AttemptRow.number == number)
    return cast(AttemptRow, (await tx.execute(query)).scalar_one())


async def hold(tx: Tx, attempt_id: str, holder: str, now: datetime) -> AttemptRow | None:
    """The attempt, for `holder` alone from now on; None while somebody else works on it."""
    free = or_(col(AttemptRow.held_by).in_(("", holder)), col(AttemptRow.held_until) < now)
    taken = update(AttemptRow).where(col(AttemptRow.id) == attempt_id, free).values(held_by=holder, held_until=now + HOLD)
    done = cast("CursorResult[Any]", await tx.execute(taken))
    return await tx.get(AttemptRow, attempt_id, populate_existing=True) if done.rowcount else None


async def save(tx: Tx, attempt_id: str, holder: str, **values: Any) -> bool:
    """Write what happened. False when the hold ran out and somebody else has taken over: their word counts."""
    mine = update(AttemptRow).where(col(AttemptRow.id) == attempt_id, col(AttemptRow.held_by) == holder)
    done = cast("CursorResult[Any]", await tx.execute(mine.values(**values)))
    return bool(done.rowcount)


async def release(tx: Tx, holder: str, later: datetime | None) -> None:
    """Let go of all it holds: at once, or at the moment `later`."""
    free: dict[str, Any] = {"held_until": later} if later else {"held_by": "", "held_until": None}
    await tx.execute(update(AttemptRow).where(col(AttemptRow.held_by) == holder).values(**free))


async def stuck(tx: Tx, before: datetime) -> Sequence[AttemptRow]:
    """Open attempts nobody has touched since `before`: first those whose money was taken, then the others, the oldest of each."""
    waiting = await _untouched(tx, OPEN - TAKEN - {Stage.NEW}, before)
    return [*await _untouched(tx, TAKEN - {Stage.STRANDED}, before), *waiting]


async def left(tx: Tx, before: datetime, since: datetime) -> Sequence[AttemptRow]:
    """Attempts that ended without an order after the shop knew of them, begun after `since`, untouched since `before`."""
    known = (col(AttemptRow.transaction_id) != "") & (col(AttemptRow.created_at) > since)
    return await _untouched(tx, frozenset({Stage.DECLINED, Stage.CLOSED}), before, known)


async def _untouched(tx: Tx, stages: frozenset[Stage], before: datetime, *more: ColumnElement[bool]) -> Sequence[AttemptRow]:
    wanted = select(AttemptRow).where(col(AttemptRow.stage).in_(sorted(stages)), col(AttemptRow.updated_at) < before, *more)
    return (await tx.scalars(wanted.order_by(col(AttemptRow.updated_at)).limit(100))).all()


async def touch(tx: Tx, attempt_id: str, now: datetime) -> None:
    """It was looked at: others come first next time."""
    await tx.execute(update(AttemptRow).where(col(AttemptRow.id) == attempt_id).values(updated_at=now))


async def forget(tx: Tx, before: datetime) -> None:
    """Delete what ended, or was never sent, before that."""
    over = col(AttemptRow.stage).in_([Stage.NEW, Stage.PLACED, Stage.DECLINED, Stage.CLOSED])
    await tx.execute(delete(AttemptRow).where(over, col(AttemptRow.created_at) < before))


async def stranded(tx: Tx, *, untold: bool = False) -> Sequence[AttemptRow]:
    """Oldest first. untold: only those no operator was told of."""
    query = select(AttemptRow).where(AttemptRow.stage == Stage.STRANDED).order_by(col(AttemptRow.created_at))
    if untold:
        query = query.where(col(AttemptRow.told_at).is_(None))
    return (await tx.scalars(query)).all()


async def settled(tx: Tx) -> Sequence[AttemptRow]:
    """The last hundred dealt with by hand, newest first."""
    query = select(AttemptRow).where(AttemptRow.stage == Stage.SETTLED).order_by(col(AttemptRow.settled_at).desc()).limit(100)
    return (await tx.scalars(query)).all()


async def told(tx: Tx, attempt_id: str, now: datetime) -> None:
    await tx.execute(update(AttemptRow).where(col(AttemptRow.id) == attempt_id).values(told_at=now))
