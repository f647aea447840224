"""The endpoints of a workspace and what was sent to them. Another workspace's endpoint does not exist, as far as a caller can tell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import WorkspaceId, new_id
from backend.kernel.page import MAX_PAGE, Page, cut
from backend.webhooks import policy, reading, repository
from backend.webhooks.delivering import Deliverer
from backend.webhooks.keys import Keys
from backend.webhooks.models import DeliveryRow, EndpointRow, EventRow
from backend.webhooks.outbox import Outbox
from backend.webhooks.repository import LEASE
from backend.webhooks.views import DeliveryStatus, DeliveryView, EndpointChange, EndpointStatus, EndpointView, NewSecret

NONE = "There is no such webhook."


class Webhooks:
    """private: local development, where endpoints may be on http and on our own network."""

    def __init__(
        self, database: Database, clock: Clock, outbox: Outbox, keys: Keys, deliverer: Deliverer, *, private: bool = False
    ) -> None:
        self._database, self._clock, self._outbox = database, clock, outbox
        self._keys, self._deliverer, self._private = keys, deliverer, private

    async def create(self, workspace_id: WorkspaceId, wanted: EndpointChange) -> NewSecret:
        """A live endpoint with its secret. Raises Invalid with fields `url`, `events`, `description`; Conflict `too_many_webhooks`."""
        values: dict[str, Any] = {"description": "", "include_content": False} | self._values(wanted)
        now = self._clock.now()
        for name, words in (("url", "Where shall we call?"), ("events", "Choose at least one.")):
            if name not in values:
                raise Invalid("Check the webhook.", fields={name: words})
        secret, sealed = self._keys.new()
        row = EndpointRow(
            id=new_id("wh"),
            workspace_id=workspace_id,
            status=EndpointStatus.LIVE.value,
            secret=sealed,
            created_at=now,
            changed_at=now,
            **values,
        )
        async with self._database.write() as tx:
            mine = select(func.count()).select_from(EndpointRow).where(col(EndpointRow.workspace_id) == workspace_id)
            if (await tx.scalar(mine) or 0) >= policy.MAX_ENDPOINTS:
                raise Conflict(f"A workspace has at most {policy.MAX_ENDPOINTS} webhooks. Delete one first.", code="too_many_webhooks")
            tx.add(row)
        await self._outbox.refresh()
        return NewSecret(reading.endpoint(row, now), secret)

    async def list(self, workspace_id: WorkspaceId) -> list[EndpointView]:
        """Newest first."""
        mine = select(EndpointRow).where(col(EndpointRow.workspace_id) == workspace_id).order_by(col(EndpointRow.id).desc())
        async with self._database.read() as tx:
            return [reading.endpoint(row, self._clock.now()) for row in await tx.scalars(mine)]

    async def get(self, workspace_id: WorkspaceId, endpoint_id: str) -> EndpointView:
        """Raises NotFound."""
        async with self._database.read() as tx:
            return reading.endpoint(await _mine(tx, workspace_id, endpoint_id), self._clock.now())

    async def change(self, workspace_id: WorkspaceId, endpoint_id: str, wanted: EndpointChange) -> EndpointView:
        """What is paused or was disabled goes on, with all that waited, by `paused=False`. Raises NotFound, Invalid with fields."""
        values, now = self._values(wanted), self._clock.now()
        async with self._database.write() as tx:
            row = await _mine(tx, workspace_id, endpoint_id, lock=True)
            for name, value in values.items():
                setattr(row, name, value)
            if wanted.paused is not None:
                await self._pause(tx, row, wanted.paused)
            row.changed_at = now
        await self._outbox.refresh()
        self._outbox.wake()
        return reading.endpoint(row, now)

    async def delete(self, workspace_id: WorkspaceId, endpoint_id: str) -> None:
        """With all its deliveries; what is under way may still arrive once. Raises NotFound."""
        async with self._database.write() as tx:
            await tx.delete(await _mine(tx, workspace_id, endpoint_id, lock=True))
        await self._outbox.refresh()

    async def rotate(self, workspace_id: WorkspaceId, endpoint_id: str, overlap_hours: int = policy.OVERLAP) -> NewSecret:
        """A new secret. The old one signs beside it for so many hours; one that was old already stops at once.

        Raises NotFound, Invalid with field `overlap_hours`.
        """
        overlap, now = policy.overlap(overlap_hours), self._clock.now()
        secret, sealed = self._keys.new()
        async with self._database.write() as tx:
            row = await _mine(tx, workspace_id, endpoint_id, lock=True)
            row.old_secret, row.old_until = (row.secret, now + overlap) if overlap else (None, None)
            row.secret = sealed
        return NewSecret(reading.endpoint(row, now), secret)

    async def test(self, workspace_id: WorkspaceId, endpoint_id: str) -> DeliveryView:
        """Send `webhook.test` now, once, whatever the endpoint asked for. The delivery, with how it went. Raises NotFound."""
        now = self._clock.now()
        data = {"webhook_id": endpoint_id, "words": "This is a test. Nothing has happened."}
        event = self._outbox.event_values(workspace_id, policy.TEST, data, now) | {"spread": 1}
        delivery = repository.delivery(str(event["id"]), endpoint_id, now, due_at=now + LEASE)
        async with self._database.write() as tx:
            endpoint = await _mine(tx, workspace_id, endpoint_id)
            await tx.execute(insert(EventRow).values(**event))
            await tx.execute(insert(DeliveryRow).values(**delivery))
            row, event_row = await _delivery(tx, endpoint_id, delivery["id"])
            piece = repository.piece(row, event_row, endpoint)
        await self._deliverer.attempt(piece)
        return await self.delivery(workspace_id, endpoint_id, delivery["id"])

    async def deliveries(
        self,
        workspace_id: WorkspaceId,
        endpoint_id: str,
        *,
        status: DeliveryStatus | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> Page[DeliveryView]:
        """Newest first, of the last `policy.KEEP`. Raises NotFound, Invalid for a limit out of range."""
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid("A page has 1 to 100 deliveries.", fields={"limit": f"1 to {MAX_PAGE}"})
        async with self._database.read() as tx:
            await _mine(tx, workspace_id, endpoint_id)
            rows = await repository.page(tx, endpoint_id, status=status.value if status else None, cursor=cursor, limit=limit)
        return cut(rows, limit, lambda row: row[0].id).map(lambda row: reading.delivery(*row))

    async def delivery(self, workspace_id: WorkspaceId, endpoint_id: str, delivery_id: str) -> DeliveryView:
        """Raises NotFound."""
        async with self._database.read() as tx:
            await _mine(tx, workspace_id, endpoint_id)
            return reading.delivery(*await _delivery(tx, endpoint_id, delivery_id))

    async def replay(self, workspace_id: WorkspaceId, endpoint_id: str, delivery_id: str) -> DeliveryView:
        """Deliver it again under the same `webhook-id`, soon, and as often as a new one. Raises NotFound, Conflict `webhook_resting`."""
        async with self._database.write() as tx:
            endpoint = await _mine(tx, workspace_id, endpoint_id, lock=True)
            if endpoint.status != EndpointStatus.LIVE:
                raise Conflict(f"This webhook is {endpoint.status}. Resume it first.", code="webhook_resting")
            row, event = await _delivery(tx, endpoint_id, delivery_id)
            row.status, row.tries, row.due_at, row.ended_at = DeliveryStatus.PENDING.value, 0, self._clock.now(), None
        self._outbox.wake()
        return reading.delivery(row, event)

    def _values(self, wanted: EndpointChange) -> dict[str, Any]:
        """The columns to set. Raises Invalid with every field that is wrong."""
        values: dict[str, Any] = {}
        faults: dict[str, str] = {}
        given: tuple[tuple[str, Any, Callable[[Any], Any]], ...] = (
            ("url", wanted.url, partial(policy.address, private=self._private)),
            ("events", wanted.events, policy.events),
            ("description", wanted.description, policy.description),
            ("include_content", wanted.include_content, bool),
        )
        for name, value, check in given:
            try:
                values |= {} if value is None else {name: check(value)}
            except Invalid as fault:
                faults |= fault.fields
        if faults:
            raise Invalid("Check the webhook.", fields=faults)
        return values

    async def _pause(self, tx: Tx, row: EndpointRow, paused: bool) -> None:
        if paused and row.status == EndpointStatus.LIVE:
            row.status = EndpointStatus.PAUSED.value
            await repository.rest(tx, row.id)
        elif not paused and row.status != EndpointStatus.LIVE:
            row.status, row.failing_since, row.disabled_at, row.disabled_for = EndpointStatus.LIVE.value, None, None, ""
            await repository.go_on(tx, row.id, self._clock.now())


async def _mine(tx: Tx, workspace_id: WorkspaceId, endpoint_id: str, *, lock: bool = False) -> EndpointRow:
    query = select(EndpointRow).where(col(EndpointRow.id) == endpoint_id, col(EndpointRow.workspace_id) == workspace_id)
    row = await tx.scalar(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise NotFound(NONE)
    return row


async def _delivery(tx: Tx, endpoint_id: str, delivery_id: str) -> tuple[DeliveryRow, EventRow]:
    row = await tx.get(DeliveryRow, delivery_id, with_for_update=True)
    if row is None or row.endpoint_id != endpoint_id:
        raise NotFound("There is no such delivery.")
    event = await tx.get(EventRow, row.event_id)
    assert event is not None, "an event goes with its deliveries"
    return row, event
