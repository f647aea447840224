"""Placing the order of an attempt, and what keeps it from being placed. `paying` builds on it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from backend.commerce import attempts, outcomes
from backend.commerce.attempts import HOLD, TAKEN, Stage
from backend.commerce.carts import Carts
from backend.commerce.client import Commerce
from backend.commerce.errors import CheckoutGone, CommerceError
from backend.commerce.gateways import Action
from backend.commerce.models import AttemptRow
from backend.commerce.outcomes import Buyer, Outcome
from backend.commerce.schemas import Checkout
from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Unavailable, UpstreamFailed
from backend.kernel.ids import SaleorOrderId, WorkspaceId, new_id
from backend.kernel.money import Money
from backend.kernel.secrets import SecretBox

T = TypeVar("T")
AWAY = (Unavailable, UpstreamFailed)
LAPSE = timedelta(seconds=10)
"""With the time the shop was waited for already, longer than it waits for a payment service itself."""
UNDESCRIBED = timedelta(hours=1)
"""How long a paid order waits for its buyer to give the address that the shop misses, before an operator is told."""
UNDER_WAY = "checkout_completion_in_progress"
_NOT_COVERED = {"checkout_not_fully_paid", "payment_action_required"}
_NOT_DESCRIBED = {"email_not_set", "billing_address_not_set", "missing_address_data"}
_KINDS: dict[Stage, outcomes.Kind] = {
    Stage.ACTION: "action",
    Stage.PENDING: "pending",
    Stage.DECLINED: "declined",
    Stage.STRANDED: "stranded",
    Stage.SETTLED: "gone",
    Stage.PLACED: "placed",
}


class Orders(Protocol):
    """Where placed orders are known (`provisioner.orders.Orders`)."""

    async def track(self, saleor_order_id: SaleorOrderId, *, visitor: str = "", workspace_id: WorkspaceId | None = None) -> str: ...

    async def retry(self, ref: str) -> None: ...


@dataclass(slots=True)
class Held:
    """An attempt that this request alone works on."""

    row: AttemptRow
    holder: str


class LostHold(Exception):
    """Somebody else took over after the hold ran out; what they found counts."""


class Placing:
    def __init__(self, database: Database, clock: Clock, commerce: Commerce, carts: Carts, orders: Orders, box: SecretBox) -> None:
        self._database, self._clock, self._commerce = database, clock, commerce
        self._carts, self._orders, self._box = carts, orders, box

    def outcome(self, row: AttemptRow) -> Outcome:
        """How an attempt stands, in words for its buyer."""
        kind = _KINDS.get(Stage(row.stage), "unknown")
        message = {
            "pending": outcomes.WORKING,
            "declined": f"{row.message} Nothing was charged. Try again, or choose another way to pay.",
            "stranded": outcomes.STRANDED.format(reason=row.reason, ref=row.id),
            "gone": outcomes.SETTLED.format(ref=row.id),
            "action": row.message,
        }.get(kind, "" if kind == "placed" else row.message or outcomes.UNSURE)
        action = self._unseal(row.sealed_action) if kind == "action" else None
        return Outcome(kind, message, order_ref=row.order_ref, action=action, gateway=row.gateway)

    async def complete(self, held: Held, buyer: Buyer, *, keep: bool = False) -> Outcome:
        """Place the order. Completing twice is the same order. keep: what the payment does not cover stays stranded, as nobody is there to
        pay the rest.
        """
        row = held.row
        try:
            order = await self._commerce.complete(row.checkout_id)
        except CommerceError as refused:
            return await self._unplaced(held, refused, keep)
        except AWAY:
            return Outcome("unknown", outcomes.PAID_UNPLACED if row.amount_minor else outcomes.AWAY, gateway=row.gateway)
        ref = await self._orders.track(order.id, visitor=buyer.visitor, workspace_id=buyer.workspace_id)
        charged = row.stage == Stage.PAID
        await self.save(held, stage=Stage.PLACED, order_ref=ref, tracked=bool(buyer.visitor), email="", sealed_action="", reason="")
        await self._carts.leave(row.checkout_id)
        if not charged:
            await self._look_at_order(ref)
        return Outcome("placed", order_ref=ref)

    async def _look_at_order(self, ref: str) -> None:
        """No event tells of an order that is not paid yet, so its page would call it paid until somebody looked."""
        try:
            await self._orders.retry(ref)
        except Conflict:
            return

    async def _unplaced(self, held: Held, refused: CommerceError, keep: bool) -> Outcome:
        row = held.row
        if refused.code == UNDER_WAY:
            return Outcome("busy", outcomes.BUSY)
        checkout = await self._commerce.checkout(row.checkout_id)
        if refused.code in _NOT_COVERED and not keep:
            return await self._uncovered(held, checkout)
        if isinstance(refused, CheckoutGone) and row.stage not in TAKEN:
            await self.save(held, stage=Stage.CLOSED)
            return Outcome("gone", refused.detail)
        waits = self._clock.now() - row.created_at <= UNDESCRIBED
        if not row.amount_minor or (refused.code in _NOT_DESCRIBED and (waits or row.stage not in TAKEN)):
            if row.stage not in TAKEN or not row.amount_minor:
                await self.save(held, stage=Stage.CLOSED)
            return Outcome("refused", refused.detail, checkout=checkout)
        await self.save(held, stage=Stage.STRANDED, reason=refused.detail)
        return self.outcome(row)

    async def _uncovered(self, held: Held, checkout: Checkout | None) -> Outcome:
        """The payment does not cover the total: it failed after all, or the cart grew since. What was paid counts, the rest is open."""
        partly = checkout is not None and checkout.authorize_status != "NONE"
        await self.save(held, stage=Stage.CLOSED if partly else Stage.DECLINED, sealed_action="")
        if not partly:
            return self.outcome(held.row)
        paid = (
            f"You have paid {Money(held.row.amount_minor, held.row.currency)} so far. The cart has changed since, and the rest is open."
            if held.row.amount_minor
            else ""
        )
        return Outcome("changed", paid, checkout=checkout)

    async def placed(self, held: Held, buyer: Buyer) -> Outcome:
        """Placed before, perhaps without its browser: an order swept up after a crash is given to the one that bought it."""
        row = held.row
        if not row.tracked and buyer.visitor:
            try:
                order = await self._commerce.complete(row.checkout_id)
                await self._orders.track(order.id, visitor=buyer.visitor, workspace_id=buyer.workspace_id)
                await self.save(held, tracked=True)
            except (CommerceError, *AWAY):
                # The order is there; this browser is given it at the next look.
                return Outcome("placed", order_ref=row.order_ref)
        return Outcome("placed", order_ref=row.order_ref)

    async def hold(self, attempt_id: str, do: Callable[[Held], Awaitable[T]]) -> T | None:
        """What came of doing it with the attempt held; None while somebody else holds it.

        What is not known yet stays held a little: the shop may still be at it.
        """
        holder = new_id("hold")
        found: T | None = None
        async with self._database.write() as tx:
            row = await attempts.hold(tx, attempt_id, holder, self._clock.now())
        if row is None:
            return None
        held = Held(row, holder)
        try:
            found = await do(held)
        except LostHold:
            return None
        finally:
            unsure = held.row.stage == Stage.SENT and (not isinstance(found, Outcome) or found.kind == "unknown")
            async with self._database.write() as tx:
                await attempts.release(tx, holder, self._clock.now() + LAPSE if unsure else None)
        return found

    async def save(self, held: Held, **values: Any) -> None:
        """Write what happened, and hold on to the attempt. Raises LostHold."""
        now = self._clock.now()
        values |= {"updated_at": now, "held_until": now + HOLD}
        async with self._database.write() as tx:
            if not await attempts.save(tx, held.row.id, held.holder, **values):
                raise LostHold
        for name, value in values.items():
            setattr(held.row, name, value)

    def _back(self, row: AttemptRow) -> str:
        """Where the buyer of this attempt comes back to: said once, when it was begun."""
        action = self._unseal(row.sealed_action) if row.sealed_action else None
        return action.url if action and action.kind == "stripe" else ""

    def _seal(self, action: Action) -> str:
        """A client secret lets its holder pay, so it is not readable at rest."""
        return self._box.seal(json.dumps([action.kind, action.secret, action.url]))

    def _unseal(self, sealed: str) -> Action | None:
        try:
            kind, secret, url = json.loads(self._box.open(sealed))
        except ValueError:
            return None
        return Action(kind, secret, url)
