"""Noting events inside the shop's own transactions, and handing them to durable work once those are committed."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import event as orm_event
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.durable import Durable
from backend.kernel.clock import Clock
from backend.kernel.ids import new_id
from backend.shop.apps.models import PENDING, AppRow, DeliveryRow, WebhookRow

WORKFLOW = "shop.deliver"
_NOTED = "shop_deliveries"
_log = logging.getLogger(__name__)


class Events:
    """The shop's EventSink. A row is written with the change that caused it; should the process die before the work is begun, `sweep`
    begins it later."""

    def __init__(self, database: Database, clock: Clock, durable: Durable) -> None:
        self._database, self._clock, self._durable = database, clock, durable
        self._beginning: set[asyncio.Task[None]] = set()

    async def emit(self, tx: Tx, event: str, order_id: str) -> None:
        """order_id: the order's global id. One delivery for each active webhook of an active app that asked for `event`."""
        found = await tx.execute(
            select(WebhookRow)
            .join(AppRow, col(AppRow.id) == col(WebhookRow.app_id))
            .where(col(AppRow.is_active), col(WebhookRow.is_active))
        )
        for webhook in found.scalars():
            if event in webhook.async_events:
                await self.note(tx, webhook, event, order_id)

    async def note(self, tx: Tx, webhook: WebhookRow, event: str, object_id: str) -> DeliveryRow:
        """One delivery to one webhook, begun as soon as `tx` is committed."""
        assert webhook.id is not None
        row = DeliveryRow(webhook_id=webhook.id, event=event, object_id=object_id, work_id=new_id("dlv"), created=self._clock.now())
        tx.add(row)
        await tx.flush()
        self.after_commit(tx, row)
        return row

    def after_commit(self, tx: Tx, row: DeliveryRow) -> None:
        noted: list[tuple[int, str]] | None = tx.sync_session.info.get(_NOTED)
        if noted is None:
            noted = tx.sync_session.info[_NOTED] = []
            orm_event.listen(tx.sync_session, "after_commit", self._committed, once=True)
        assert row.id is not None
        noted.append((row.id, row.work_id))

    async def sweep(self) -> None:
        """Begin every delivery that is still pending. For one that was begun already this changes nothing."""
        async with self._database.read() as tx:
            rows = await tx.execute(select(DeliveryRow.id, DeliveryRow.work_id).where(col(DeliveryRow.status) == PENDING))  # type: ignore[call-overload]
            pending = [(row.id, row.work_id) for row in rows]
        await self._begin(pending)

    async def settle(self) -> None:
        """Wait until everything committed so far is durable work."""
        await asyncio.gather(*self._beginning, return_exceptions=True)

    def _committed(self, session: Session) -> None:
        task = asyncio.get_running_loop().create_task(self._begin(session.info.pop(_NOTED, [])))
        self._beginning.add(task)
        task.add_done_callback(self._begun)

    async def _begin(self, deliveries: list[tuple[int, str]]) -> None:
        for delivery_id, work_id in deliveries:
            await self._durable.begin(WORKFLOW, work_id, delivery_id, work_id)

    def _begun(self, task: asyncio.Task[None]) -> None:
        self._beginning.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            _log.warning("webhook deliveries could not be begun and wait for the next sweep: %r", fault)
