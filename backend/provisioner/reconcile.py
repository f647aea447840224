"""Compares our orders with Saleor's: takes up those whose events never came, and reports what was given without a paid order."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.commerce.order_schemas import Order, OrderFilter
from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import Clock
from backend.kernel.errors import Unavailable
from backend.kernel.ids import SaleorOrderId
from backend.provisioner import policy, repository
from backend.provisioner.desk_views import Report
from backend.provisioner.facts import Facts, facts, mark
from backend.provisioner.granting import lot_of
from backend.provisioner.models import OrderRow
from backend.provisioner.policy import Standing
from backend.provisioner.ports import Saleor
from backend.provisioner.snapshot import email_of
from backend.provisioner.workflow import OrderWorkflow

EVERY = "*/5 * * * *"
LOOK_BACK = timedelta(days=3)
"""How far back the poll looks at changes. Saleor gives up on a delivery after six minutes; an outage of ours may last a weekend."""
AGAIN = timedelta(hours=1)
"""When the poll begins anew what ended before it drew a ticket."""
PAGE = 25
"""Orders asked for at once. A busy shop takes seconds for a hundred with their lines, payments and fulfilments: too long for one answer."""
MOST = 500
"""Half done orders that one run takes on, those that wait longest first."""
CHUNK = 200
"""Refs in one question to the ledger."""

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

    async def reconcile(self, since: datetime) -> Report:
        """Take up every order that changed since then where we and Saleor differ, and keep the report. Raises Unavailable."""
        begun: list[str] = []
        paid: set[str] = set()
        looked_at, after = 0, None
        while True:
            page = await self.saleor.orders(OrderFilter(updated_since=since), first=PAGE, after=after)
            begun += await self._take_up(page.items)
            paid |= {order.id for order in page.items if _holds(facts(order.money))}
            looked_at, after = looked_at + len(page.items), page.after
            if after is None:
                break
        begun += await self._take_on(begun)
        begun += [ref for ref in await self._take_rests(since) if ref not in begun]
        without = await self._without_order(since, paid, begun)
        async with self.database.write() as tx:
            await repository.keep_report(tx, self.clock.now(), looked_at, begun, without)
        if without:
            log.warning("given without a paid order: %s", ", ".join(without))
        return Report(self.clock.now(), looked_at, tuple(begun), tuple(without))

    async def last(self) -> Report | None:
        async with self.database.read() as tx:
            row = await repository.report(tx)
        return Report(row.at, row.looked_at, tuple(row.taken_up), tuple(row.without_order)) if row else None

    async def _take_up(self, orders: Sequence[Order]) -> list[str]:
        async with self.database.read() as tx:
            rows = await repository.by_saleor_ids(tx, [order.id for order in orders])
        begun = []
        for order in orders:
            row = rows.get(order.id)
            if self.workflow.foreign(order.channel, known=row is not None) or not _differs(order, row):
                continue
            if row is None:
                async with self.database.write() as tx:
                    row = await repository.open_order(tx, order.id, self.clock.now())
            await self.workflow.again(row.ref, "poll", row.tickets, AGAIN)
            begun.append(row.ref)
        return begun

    async def _take_on(self, begun: Collection[str]) -> list[str]:
        """Orders of ours that were left half done, however long ago and whatever Saleor says of them."""
        async with self.database.read() as tx:
            rows = await repository.half_done(tx, MOST)
        rows += await self.workflow.telling.owed(MOST)
        left = {row.ref: row for row in rows if row.ref not in begun}
        for row in left.values():
            await self.workflow.again(row.ref, "poll", row.tickets, AGAIN)
        return list(left)

    async def _take_rests(self, since: datetime) -> list[str]:
        """Orders of which a unit was taken back since then while a run held some of its credits, which are free now."""
        async with self.database.read() as tx:
            taken = await repository.taken_since(tx, since)
        ledger, lots = self.workflow.settling.granting.ledger, [lot_of(grant) for _, grant in taken]
        left: set[str] = set()
        for start in range(0, len(lots), CHUNK):
            left |= {book.lot.ref for book in await ledger.books(lots[start : start + CHUNK]) if book.lot.remaining}
        orders = {order.ref: order for order, grant in taken if lot_of(grant) in left}
        for order in orders.values():
            await self.workflow.again(order.ref, "poll", order.tickets, AGAIN)
        return list(orders)

    async def _without_order(self, since: datetime, paid: Collection[str], begun: Collection[str]) -> list[str]:
        """Refs of what somebody has though Saleor holds no paid order for it: neither in its list, nor when asked for that one order."""
        async with self.database.read() as tx:
            rows = await repository.giving_since(tx, since)
        found = []
        for row in rows:
            if row.saleor_order_id in paid or row.ref in begun or row.decision:
                continue
            order = await self.saleor.order(SaleorOrderId(row.saleor_order_id))
            if order is None or not _holds(facts(order.money)):
                found.append(row.ref)
        return found


def _holds(seen: Facts) -> bool:
    """Whether Saleor holds money for an order that was paid in full."""
    return policy.standing(seen, refund_seen=False, once_paid=False, received=0) in {Standing.PAID, Standing.PARTLY_REFUNDED}


def _differs(order: Order, row: OrderRow | None) -> bool:
    seen = facts(order.money)
    if row is None:
        return _holds(seen)
    return not policy.settled(
        row.status, told=row.told_at is not None, same=row.mark == mark(seen) and row.email == email_of(order.user_email)
    )
