"""What came of attempts, written down many at a time: when the next one is made, and whether an endpoint is given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.db.engine import Tx
from backend.webhooks import policy, repository
from backend.webhooks.models import DeliveryRow, EndpointRow
from backend.webhooks.repository import Piece
from backend.webhooks.views import Answer, DeliveryStatus, EndpointStatus

GONE = 410
"""The status by which a receiver says that nobody is there any more."""


@dataclass(frozen=True, slots=True)
class Result:
    piece: Piece
    answer: Answer


async def record(tx: Tx, results: Sequence[Result], now: datetime) -> None:
    """A delivery or an endpoint that was deleted meanwhile is left out."""
    by_id = {result.piece.delivery_id: result for result in results}
    endpoints, rows = await repository.locked(tx, {result.piece.endpoint_id for result in results}, by_id)
    disabled = set()
    for row in rows:
        result, endpoint = by_id[row.id], endpoints[row.endpoint_id]
        _log(row, result.answer, now)
        test = result.piece.kind == policy.TEST
        if not test and _judge(endpoint, result.answer, now):
            disabled.add(endpoint.id)
        _next(row, endpoint, result.answer, now, once=test)
    await tx.flush()
    for endpoint_id in sorted(disabled):
        await repository.rest(tx, endpoint_id)


def _log(row: DeliveryRow, answer: Answer, now: datetime) -> None:
    row.attempts += 1
    row.code, row.error, row.snippet, row.took_ms = answer.code, answer.error[:300], answer.snippet, answer.took_ms
    entry = {"at": now.isoformat(), "code": answer.code, "error": row.error, "took_ms": answer.took_ms}
    row.log = [*row.log, entry][-policy.LOG :]


def _next(row: DeliveryRow, endpoint: EndpointRow, answer: Answer, now: datetime, *, once: bool) -> None:
    if answer.taken:
        row.status, row.due_at, row.ended_at, row.tries = DeliveryStatus.DELIVERED.value, None, now, 0
        return
    row.tries += 1
    due = None if once else policy.next_attempt(row.tries, now, name=row.id, wait=answer.wait)
    if due is None:
        row.status, row.due_at, row.ended_at = DeliveryStatus.FAILED.value, None, now
    else:
        row.due_at = due if endpoint.status == EndpointStatus.LIVE else None


def _judge(endpoint: EndpointRow, answer: Answer, now: datetime) -> bool:
    """Note how the endpoint does. True when it was disabled just now."""
    if answer.taken:
        endpoint.failing_since = None
        return False
    endpoint.failing_since = endpoint.failing_since or now
    gone, long = answer.code == GONE, now - endpoint.failing_since >= policy.GIVE_UP
    if endpoint.status != EndpointStatus.LIVE or not (gone or long):
        return False
    since = f"It has taken nothing since {endpoint.failing_since:%d %b %Y, %H:%M} UTC."
    endpoint.status, endpoint.disabled_for = EndpointStatus.DISABLED.value, "It answered 410 Gone." if gone else since
    endpoint.disabled_at = endpoint.changed_at = now
    endpoint.told_at = None
    return True
