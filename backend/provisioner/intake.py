"""Makes verified deliveries durable, many in one commit, and says at once when there are too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backend.db.engine import Database
from backend.kernel.batch import Batch
from backend.kernel.clock import Clock
from backend.kernel.errors import Unavailable
from backend.provisioner import repository
from backend.provisioner.workflow import OrderWorkflow

PATIENCE = 4.0
"""Seconds a delivery may take. Saleor waits 18 for an answer, and one that comes late keeps a worker of it from other deliveries."""
INSIDE = 1000
"""Deliveries under way. Each waits for all before it, so more than these could not be answered in time."""
MOST = 200
"""Deliveries in one commit."""
COME_AGAIN = 10
"""Seconds. Saleor itself comes again after 10, 20, 40, 80 and 160."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery that was verified. order_id: Saleor's. key: tells one event from another of the same cause about the same order."""

    cause: str
    order_id: str
    key: str


class Intake:
    def __init__(self, database: Database, clock: Clock, workflow: OrderWorkflow) -> None:
        self._database, self._clock, self._workflow = database, clock, workflow
        self._orders = Batch(self._open, most=MOST)
        self._inside = 0

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Around all of a delivery. Raises Unavailable when it cannot be taken in time: 503, which Saleor repeats, as it would no 4xx."""
        if self._inside >= INSIDE:
            raise _busy()
        self._inside += 1
        try:
            async with asyncio.timeout(PATIENCE) as bound:
                yield
        except TimeoutError:
            if not bound.expired():
                raise
            raise _busy() from None
        finally:
            self._inside -= 1

    async def take(self, arrival: Arrival) -> str:
        """Our ref of the order. The delivery is durable when this returns."""
        ref = await self._orders.put(arrival)
        await self._workflow.begin(ref, arrival.cause, arrival.key)
        return ref

    async def _open(self, arrivals: Sequence[Arrival]) -> Sequence[str]:
        now = self._clock.now()
        async with self._database.write() as tx:
            refs = await repository.open_orders(tx, {arrival.order_id for arrival in arrivals}, now)
            await repository.received(tx, {refs[arrival.order_id] for arrival in arrivals if arrival.cause == "paid"}, now)
        return [refs[arrival.order_id] for arrival in arrivals]


def _busy() -> Unavailable:
    return Unavailable("Too many deliveries at once; this one was not taken.", code="busy", retry_after=COME_AGAIN)
