"""Tells Saleor what became of an order: fulfilled lines, metadata, and a note with links; each once, however often it is asked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.kernel.errors import DomainError, Unavailable
from backend.kernel.ids import SaleorOrderId
from backend.provisioner.models import OrderRow
from backend.provisioner.policy import Standing
from backend.provisioner.ports import Saleor

UNPAID_REFUSAL = "cannot_fulfill_unpaid_order"


@dataclass(frozen=True, slots=True)
class Handover:
    saleor: Saleor
    base_url: str

    async def fulfil(self, row: OrderRow, given: Mapping[str, int]) -> str:
        """Fulfil what was given: units by line. "" when that is done, else why Saleor refuses. Raises Unavailable.

        An order its channel left unconfirmed is confirmed first: it is paid, and its buyer has it already.
        """
        order_id = SaleorOrderId(row.saleor_order_id)
        try:
            order = await self.saleor.delivery(order_id) if given else None
            if order is None or order.status == "CANCELED":
                return ""
            if order.status == "UNCONFIRMED":
                await self.saleor.confirm(order_id)
            for line in order.lines:
                wanted = min(line.to_fulfil, given.get(line.id, 0) - (line.quantity - line.to_fulfil))
                if wanted > 0:
                    await self.saleor.fulfil(order_id, line, wanted)
        except Unavailable:
            raise
        except DomainError as refusal:
            if refusal.code == UNPAID_REFUSAL and row.standing != Standing.PAID:
                # Saleor closes only what is paid in full; what is left of an order that was partly refunded stays open there.
                return ""
            return f"The shop would not mark the order as fulfilled: {refusal.detail}"
        return ""

    async def annotate(self, row: OrderRow, agents: Sequence[str]) -> str:
        """Leave our ref and the links in Saleor. "" when they are there, else why not. Raises Unavailable."""
        order_id = SaleorOrderId(row.saleor_order_id)
        wanted = {"cmp_order": row.ref, "cmp_order_url": f"{self.base_url}/orders/{row.ref}"}
        note = "\n".join([f"Delivered: {wanted['cmp_order_url']}", *(f"Agent: {self.base_url}/app/agents/{agent}" for agent in agents)])
        try:
            order = await self.saleor.delivery(order_id)
            if order is None:
                return ""
            # The history itself is asked whether the note is there: a process that died after writing it has not written that down.
            if note not in order.notes:
                await self.saleor.add_note(order_id, note)
            if any(order.metadata.get(key) != value for key, value in wanted.items()):
                await self.saleor.set_metadata(order_id, wanted)
        except Unavailable:
            raise
        except DomainError as refusal:
            return f"The shop would not take the note: {refusal.detail}"
        return ""
