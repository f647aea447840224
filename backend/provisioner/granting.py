"""Gives what an order bought, and takes it back, inside the caller's transaction, which holds the order's row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.control_plane.offerings import Offering
from backend.db.engine import Tx
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import ZERO, Credits
from backend.ledger.views import LotSource
from backend.provisioner import policy, repository
from backend.provisioner.models import GrantRow, OrderRow
from backend.provisioner.policy import Piece, Unit
from backend.provisioner.ports import Instances, Ledger, Offerings, Outbox


@dataclass(frozen=True, slots=True)
class Taken:
    """units: how many were taken back just now. credits: what of theirs had not been spent."""

    units: int
    credits: Credits


@dataclass(frozen=True, slots=True)
class Granting:
    ledger: Ledger
    instances: Instances
    offerings: Offerings
    outbox: Outbox | None = None

    async def known(self, skus: Iterable[str]) -> dict[str, Offering]:
        """What each SKU stands for; one that nothing is offered for is left out."""
        found = {sku: await self.offerings.by_sku(sku) for sku in set(skus)}
        return {sku: offering for sku, offering in found.items() if offering is not None}

    async def give(
        self,
        tx: Tx,
        order: OrderRow,
        known: Mapping[str, Offering],
        away: Collection[Piece],
        now: datetime,
    ) -> int:
        """Give every unit of every known line what it has not got, except those that are `away`. How many those were.

        Needs `order.workspace_id`.
        """
        given = {(grant.line_id, grant.unit): grant for grant in (await repository.grants(tx, [order.ref]))[order.ref]}
        count = 0
        for unit in policy.units(order.lines, known):
            grant = given.get((unit.line_id, unit.unit))
            if (unit.line_id, unit.unit) in away or (grant and grant.active):
                continue
            await (self._again(tx, order, grant, known[unit.sku], now) if grant else self._first(tx, order, unit, known[unit.sku], now))
            count += 1
        return count

    async def take(self, tx: Tx, order: OrderRow, away: Collection[Piece], reason: str, now: datetime) -> Taken:
        """Suspend the agents of these units and take back their unspent credits, also those that a run held when it was done before."""
        count, unspent = 0, ZERO
        for grant in (await repository.grants(tx, [order.ref]))[order.ref]:
            if (grant.line_id, grant.unit) not in away:
                continue
            if not grant.active:
                unspent += await self._rest(tx, grant)
                continue
            back = await self.ledger.take_back(tx, workspace_id=WorkspaceId(grant.workspace_id), ref=lot_of(grant), key=_turn(grant))
            if grant.instance_id:
                await self.instances.suspend(tx, grant.instance_id, reason)
                await self._tell(tx, order, grant, "instance.suspended", {"reason": reason})
            grant.active, grant.taken_micro, grant.at = False, back.micro, now
            count, unspent = count + 1, unspent + back
        return Taken(count, unspent)

    async def _rest(self, tx: Tx, grant: GrantRow) -> Credits:
        """Take what a run held when the unit was taken back, and released since."""
        workspace = WorkspaceId(grant.workspace_id)
        if not await self.ledger.takeable(tx, workspace_id=workspace, ref=lot_of(grant)):
            return ZERO
        key = f"{_turn(grant)}:after:{grant.taken_micro}"
        back = await self.ledger.take_back(tx, workspace_id=workspace, ref=lot_of(grant), key=key)
        grant.taken_micro += back.micro
        return back

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
        """What was taken back is given again: the same agent, and the credits that were taken; what had been spent stays spent."""
        grant.active, grant.turn, grant.at = True, grant.turn + 1, now
        if grant.instance_id:
            await self.instances.restore(tx, grant.instance_id)
            await self._tell(tx, order, grant, "instance.restored")
        await self._credit(tx, order, grant, offering, Credits(grant.taken_micro))

    async def _fill(self, tx: Tx, order: OrderRow, grant: GrantRow, offering: Offering, amount: Credits) -> None:
        if grant.kind == "agent":
            workspace = WorkspaceId(grant.workspace_id)
            made = await self.instances.create(tx, workspace_id=workspace, offering=offering, source_key=_turn(grant))
            grant.instance_id = made.id
            told = {"name": offering.product_name, "plan": offering.plan, "credits": str(amount)}
            await self._tell(tx, order, grant, "instance.provisioned", told)
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
            ref=lot_of(grant),
            key=_turn(grant),
            label=f"{label} (order {order.number})",
        )

    async def _tell(self, tx: Tx, order: OrderRow, grant: GrantRow, kind: str, more: Mapping[str, str] | None = None) -> None:
        if self.outbox is not None:
            data = {"instance_id": grant.instance_id, "sku": grant.sku, "order": order.ref, "order_number": order.number, **(more or {})}
            await self.outbox.announce(tx, WorkspaceId(grant.workspace_id), kind, data)


def lot_of(grant: GrantRow) -> str:
    """Names what one unit of one line brought; our own order ref is in it, never Saleor's order id, which is a secret."""
    return f"{grant.order_ref}:{grant.line_id}:{grant.unit}"


def _turn(grant: GrantRow) -> str:
    return f"{lot_of(grant)}:{grant.turn}"
