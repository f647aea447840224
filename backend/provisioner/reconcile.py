"""Finds orders whose events never came, and takes them up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.commerce.schemas import Order, OrderFilter
from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import Clock
from backend.kernel.errors import Unavailable
from backend.provisioner import policy, repository
from backend.provisioner.models import OrderRow
from backend.provisioner.policy import Standing
from backend.provisioner.ports import Saleor
from backend.provisioner.workflow import OrderWorkflow

EVERY = "*/5 * * * *"
LOOK_BACK = timedelta(days=3)
"""How far the scheduled poll looks. Saleor gives up on a delivery after six minutes; an outage of ours may last a weekend."""
PAGE = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciler:
    database: Database
    clock: Clock
    saleor: Saleor
    workflow: OrderWorkflow

    def register(self, durable: Durable) -> None:
        durable.schedule("reconcile_orders", EVERY, self.poll)

    async def poll(self) -> None:
        """The scheduled run: a shop that cannot be reached is asked again next time."""
        try:
            await self.reconcile(self.clock.now() - LOOK_BACK)
        except Unavailable as fault:
            log.warning("orders could not be reconciled: %s", fault.detail)

    async def reconcile(self, since: datetime) -> list[str]:
        """Take up every order placed since then where we and Saleor differ. Their refs. Raises Unavailable."""
        begun: list[str] = []
        after: str | None = None
        while True:
            page = await self.saleor.orders(OrderFilter(created_since=since.date()), first=PAGE, after=after)
            begun += await self._take_up([order for order in page.items if order.created >= since])
            after = page.after
            if after is None:
                return begun

    async def _take_up(self, orders: list[Order]) -> list[str]:
        async with self.database.read() as tx:
            rows = await repository.by_saleor_ids(tx, [order.id for order in orders])
        begun = []
        for order in orders:
            row = rows.get(order.id)
            if not _differs(order, row):
                continue
            if row is None:
                async with self.database.write() as tx:
                    row = await repository.open_order(tx, order.id, self.clock.now())
            # Numbered by the tickets drawn so far: a workflow that is still at it is not doubled, one that gave up is followed by another.
            await self.workflow.begin(row.ref, "poll", row.tickets)
            begun.append(row.ref)
        return begun


def _differs(order: Order, row: OrderRow | None) -> bool:
    before = policy.once_paid(row.standing) if row else False
    refund_seen = row is not None and row.refund_seen
    now = policy.standing(order.charge_status, order.status, refund_seen=refund_seen, once_paid=before)
    if row is None:
        return now is Standing.PAID
    return not policy.settled(row.status, row.standing, now)
