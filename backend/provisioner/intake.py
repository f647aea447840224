"""Makes verified deliveries durable, many in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.engine import Database
from backend.kernel.batch import Batch
from backend.kernel.clock import Clock
from backend.provisioner import repository
from backend.provisioner.workflow import OrderWorkflow

MOST = 200
"""Deliveries in one commit."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery that was verified. order_id: Saleor's. key: tells one event from another of the same cause about the same order.

    event: Saleor's name of it, such as order_fully_paid.
    """

    cause: str
    order_id: str
    key: str | int
    event: str


class Intake:
    def __init__(self, database: Database, clock: Clock, workflow: OrderWorkflow) -> None:
        self._database, self._clock, self._workflow = database, clock, workflow
        self._orders = Batch(self._open, most=MOST)

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
            said = [(refs[one.order_id], f"{one.cause}:{one.key}", f"Delivery: {one.event.replace('_', ' ')}.") for one in arrivals]
            await repository.log_all(tx, said, now, "Saleor")
        return [refs[arrival.order_id] for arrival in arrivals]
