"""Gives what an order bought, and takes it back, inside the caller's transaction, which holds the order's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.control_plane.offerings import Offering
from backend.db.engine import Tx
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import ZERO, Credits
from backend.ledger.views import LotSource
from backend.provisioner import policy, repository
from backend.provisioner.models import GrantRow, OrderRow
from backend.provisioner.policy import Unit
from backend.provisioner.ports import Instances, Ledger, Offerings


@dataclass(frozen=True, slots=True)
class Granting:
    ledger: Ledger
    instances: Instances
    offerings: Offerings

    async def known(self, skus: Iterable[str]) -> dict[str, Offering]:
        """What each SKU stands for; one that nothing is offered for is left out."""
        found = {sku: await self.offerings.by_sku(sku) for sku in set(skus)}
        return {sku: offering for sku, offering in found.items() if offering is not None}

    async def give(self, tx: Tx, order: OrderRow, lines: Sequence[Mapping[str, Any]], known: Mapping[str, Offering], now: datetime) -> None:
        """Give every unit of every known line what it has not got. Needs `order.workspace_id`."""
        given = {(grant.line_id, grant.unit): grant for grant in (await repository.grants(tx, [order.ref]))[order.ref]}
        for unit in policy.units(lines, known):
            grant = given.get((unit.line_id, unit.unit))
            if grant is None:
                await self._first(tx, order, unit, known[unit.sku], now)
            elif not grant.active:
                await self._again(tx, order, grant, known[unit.sku], now)

    async def take(self, tx: Tx, order: OrderRow, reason: str) -> Credits:
        """Suspend the order's agents and take back its unspent credits. How many those were."""
        taken = ZERO
        for grant in (await repository.grants(tx, [order.ref]))[order.ref]:
            if not grant.active:
                continue
            lot = _lot(grant)
            back = await self.ledger.take_back(tx, workspace_id=WorkspaceId(grant.workspace_id), ref=lot, key=_turn(grant))
            if grant.instance_id:
                await self.instances.suspend(tx, grant.instance_id, reason)
            grant.active, grant.taken_micro = False, back.micro
            taken += back
        return taken

    async def _first(self, tx: Tx, order: OrderRow, unit: Unit, offering: Offering, now: datetime) -> None:
        assert order.workspace_id is not None, "grants need a workspace"
        grant = GrantRow(
            order_ref=order.ref,
            line_id=unit.line_id,
            unit=unit.unit,
            sku=unit.sku,
            kind=offering.kind,
            workspace_id=order.workspace_id,
            credits_micro=offering.terms.credits.micro,
            at=now,
        )
        tx.add(grant)
        # Written before anything is given: the unique index on (order, line, unit) stops a second grant of the same unit here.
        await tx.flush()
        await self._fill(tx, order, grant, offering, offering.terms.credits)

    async def _again(self, tx: Tx, order: OrderRow, grant: GrantRow, offering: Offering, now: datetime) -> None:
        """A charge after a refund: a fresh agent, and the credits that were taken back; what had been spent by then stays spent."""
        grant.active, grant.turn, grant.at = True, grant.turn + 1, now
        await self._fill(tx, order, grant, offering, Credits(grant.taken_micro))

    async def _fill(self, tx: Tx, order: OrderRow, grant: GrantRow, offering: Offering, amount: Credits) -> None:
        if grant.kind == "agent":
            workspace = WorkspaceId(grant.workspace_id)
            made = await self.instances.create(tx, workspace_id=workspace, offering=offering, source_key=_turn(grant))
            grant.instance_id = made.id
        await self._credit(tx, order, grant, offering, amount)

    async def _credit(self, tx: Tx, order: OrderRow, grant: GrantRow, offering: Offering, amount: Credits) -> None:
        if not amount:
            return
        plan = grant.kind == "agent"
        label = f"{offering.product_name} {offering.plan_name}, included credits" if plan else offering.product_name
        await self.ledger.grant(
            tx,
            workspace_id=WorkspaceId(grant.workspace_id),
            amount=amount,
            source=LotSource.PLAN if plan else LotSource.ORDER,
            ref=_lot(grant),
            key=_turn(grant),
            label=f"{label} (order {order.number})",
        )


def _lot(grant: GrantRow) -> str:
    """Names what one unit of one line brought; our own order ref is in it, never Saleor's order id, which is a secret."""
    return f"{grant.order_ref}:{grant.line_id}:{grant.unit}"


def _turn(grant: GrantRow) -> str:
    return f"{_lot(grant)}:{grant.turn}"
