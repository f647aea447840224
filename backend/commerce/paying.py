"""One attempt, taken on from wherever it stands. Whoever calls holds it, so no two requests ever work on the same one.

What is written before each call to the shop says that the call was made: after a crash or a time-out the next request finds "sent" and
looks before it does anything. The idempotency key is made with the attempt and goes with every repeat of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from backend.commerce import attempts, outcomes
from backend.commerce.agreement import Agreement, Wish
from backend.commerce.attempts import OPEN, TAKEN, Stage
from backend.commerce.errors import CheckoutGone, CommerceError
from backend.commerce.gateways import Gateways
from backend.commerce.models import AttemptRow
from backend.commerce.outcomes import Buyer, Outcome
from backend.commerce.placing import AWAY, UNDER_WAY, Held, LostHold, Placing
from backend.commerce.schemas import Checkout, Payment
from backend.commerce.seen import changes
from backend.kernel.money import Money
from backend.kernel.secrets import fingerprint, new_token

PATIENCE = timedelta(seconds=15)
"""How long a payment that is only being processed is waited for before its order is placed unpaid, which the shop allows."""


def _differs(row: AttemptRow, checkout: Checkout) -> bool:
    return row.amount_minor != checkout.total.amount_minor


class Paying(Placing):
    """checkout_url: where a buyer comes back to from the bank's pages."""

    def __init__(self, *parts: Any, gateways: Gateways, checkout_url: str) -> None:
        super().__init__(*parts)
        self._gateways, self._checkout_url = gateways, checkout_url
        self.agreement = Agreement(self._commerce, self._carts, gateways)

    async def advance(self, held: Held, checkout: Checkout, buyer: Buyer, wish: Wish) -> Outcome:
        """Do whatever is next, up to the placed order. Raises LostHold."""
        match Stage(held.row.stage):
            case Stage.PLACED:
                return await self.placed(held, buyer)
            case stage if stage in TAKEN:
                return await self._finish(held, buyer, wish)
            case Stage.PENDING:
                return await self.ask(held, buyer, {})
            case Stage.ACTION:
                return await self._act(held, checkout, buyer, wish)
            case Stage.SENT:
                return await self._again(held, buyer, wish)
            case Stage.NEW:
                return await self._first(held, checkout, buyer, wish)
            case Stage.DECLINED:
                return self.outcome(held.row)
            case _:
                return Outcome("gone", "This payment was given up in another window.")

    async def _finish(self, held: Held, buyer: Buyer, wish: Wish) -> Outcome:
        """Place the order of what is paid. Where the shop misses the buyer's address by now, it is told the one of the form."""
        found = await self.complete(held, buyer)
        if found.kind not in {"refused", "stranded"}:
            return found
        refused = await self.agreement.describe(buyer, held.row.checkout_id, wish.details)
        if refused is None:
            return await self.complete(held, buyer)
        return replace(refused, checkout=found.checkout) if found.kind == "refused" else found

    async def _first(self, held: Held, checkout: Checkout, buyer: Buyer, wish: Wish) -> Outcome:
        """What is covered already, or costs nothing, is only completed."""
        if checkout.covered:
            await self._settle(held, checkout)
            return await self.complete(held, buyer)
        return await self._charge(held, checkout, buyer, wish)

    async def _another(self, held: Held, buyer: Buyer, wish: Wish) -> Outcome:
        """A new attempt with a new key, after one that is over, for what the buyer was shown and for nothing else."""
        checkout = await self._agreed(held, buyer, wish)
        if isinstance(checkout, Outcome):
            return checkout
        if Stage(held.row.stage) in OPEN:
            await self.save(held, stage=Stage.CLOSED, sealed_action="")
        async with self._database.write() as tx:
            now, hash_ = self._clock.now(), held.row.visitor_hash
            row = await attempts.begin(tx, now, held.row.checkout_id, held.row.number + 1, hash_)
            taken = await attempts.hold(tx, row.id, held.holder, now)
        if taken is None:
            raise LostHold
        held.row = taken
        return await self.advance(held, checkout, buyer, wish)

    async def _agreed(self, held: Held, buyer: Buyer, wish: Wish) -> Checkout | Outcome:
        found = await self.agreement.reach(buyer, wish)
        return await self.complete(held, buyer) if found is None else found

    async def _act(self, held: Held, checkout: Checkout, buyer: Buyer, wish: Wish) -> Outcome:
        """Pay was pressed while the buyer still has something to do. Another payment is begun only when this one is over: given up,
        declined, or one that the shop would not go on with and holds nothing of. One for another amount is not gone on with.
        """
        row = held.row
        same = row.gateway == wish.gateway and row.choice == self._gateways.choice(wish.gateway, wish.given) and not _differs(row, checkout)
        if self._gateways.kind(row.gateway) == "test":
            # To ask this one is to confirm the payment.
            return self.outcome(row) if same else await self._another(held, buyer, wish)
        found = await self.ask(held, buyer, {})
        if found.kind in {"declined", "free"}:
            return await self._another(held, buyer, wish)
        return self.open(row, checkout) if found.kind == "action" and not same else found

    async def confirm(self, held: Held, buyer: Buyer, given: Mapping[str, Any]) -> Outcome:
        """The buyer did what the payment asked for. One that no longer fits the total is not confirmed; what is done is looked at."""
        row, checkout = held.row, await self._commerce.checkout(held.row.checkout_id)
        if checkout is None or not _differs(row, checkout):
            return await self.ask(held, buyer, given)
        if self._gateways.kind(row.gateway) == "test":
            return self.open(row, checkout)
        found = await self.ask(held, buyer, given)
        return self.open(row, checkout) if found.kind == "action" else found

    async def leave(self, held: Held, buyer: Buyer) -> Outcome:
        """Give up what waits for its buyer. Only of the test gateway is it known that nothing can be taken after that."""
        test = self._gateways.kind(held.row.gateway) == "test"
        found = await self.look(held, buyer) if test else await self.ask(held, buyer, {})
        if found.kind not in {"action", "free"}:
            return found
        await self.save(held, stage=Stage.CLOSED, sealed_action="")
        return Outcome("declined", "You did not confirm the payment. Nothing was charged." if test else outcomes.LEFT)

    async def late(self, held: Held, buyer: Buyer, given: Mapping[str, Any]) -> Outcome:
        """Ask about a payment that was given up or declined: its buyer may have made it after all. If not, it stays as it was."""
        row, was = held.row, held.row.stage
        if not row.transaction_id or self._gateways.kind(row.gateway) == "test":
            return self.outcome(row) if was == Stage.DECLINED else Outcome("gone", outcomes.LEFT)
        found = await self.ask(held, buyer, given)
        if row.stage in {Stage.ACTION, Stage.SENT}:
            await self.save(held, stage=was, sealed_action="")
        return Outcome("declined", outcomes.LEFT, checkout=found.checkout) if found.kind in {"action", "free"} else found

    def open(self, row: AttemptRow, checkout: Checkout) -> Outcome:
        """A payment that can still be made, beside what the buyer wants now. Its action is offered only for the amount that is open now."""
        begun, differs = Money(row.amount_minor, row.currency), _differs(row, checkout)
        if self._gateways.kind(row.gateway) == "test":
            return Outcome("changed", outcomes.CHANGED.format(begun=begun, now=checkout.total), checkout=checkout)
        action = self._unseal(row.sealed_action)
        where = action.host if action and action.kind == "redirect" else "the payment service"
        if differs:
            return Outcome("open", outcomes.OPEN_DIFFERS.format(begun=begun, where=where, now=checkout.total), gateway=row.gateway)
        kept = action if action and action.kind == "redirect" else None
        return Outcome("open", outcomes.OPEN.format(begun=begun, where=where), action=kept, gateway=row.gateway)

    def standing(self, row: AttemptRow, checkout: Checkout) -> Outcome:
        """How an attempt stands, beside its checkout as it is now."""
        return self.open(row, checkout) if row.stage == Stage.ACTION and _differs(row, checkout) else self.outcome(row)

    async def _again(self, held: Held, buyer: Buyer, wish: Wish) -> Outcome:
        """It is not known what became of it: the shop is asked first; then the same payment goes out under the same key."""
        row = held.row
        found = await self.look(held, buyer)
        if found.kind != "free":
            return found
        checkout = await self._agreed(held, buyer, wish)
        if isinstance(checkout, Outcome):
            return checkout
        same = row.gateway == wish.gateway and row.choice == self._gateways.choice(wish.gateway, wish.given)
        if same and not _differs(row, checkout) and not checkout.covered:
            return await self._charge(held, checkout, buyer, wish)
        return await self._another(held, buyer, wish)

    async def look(self, held: Held, buyer: Buyer) -> Outcome:
        """What the shop says of an attempt whose outcome is not known: completed when it is covered, "free" when nothing was taken."""
        checkout = await self._commerce.checkout(held.row.checkout_id)
        if checkout is None:
            return await self.complete(held, buyer)
        if checkout.covered:
            await self._settle(held, checkout)
            return await self.complete(held, buyer)
        news = changes(buyer.shown, checkout) if buyer.shown else ()
        return Outcome("free", outcomes.NOT_TAKEN, gateway=held.row.gateway, changes=news, checkout=checkout)

    async def _settle(self, held: Held, checkout: Checkout) -> None:
        charged = checkout.charge_status in {"FULL", "OVERCHARGED"}
        stage, total = Stage.PAID if charged else Stage.AUTHORIZED, checkout.total
        await self.save(held, stage=stage, amount_minor=total.amount_minor, currency=total.currency, email=checkout.email)

    async def _charge(self, held: Held, checkout: Checkout, buyer: Buyer, wish: Wish) -> Outcome:
        state, whole = new_token(), checkout.authorize_status == "NONE"
        await self.save(
            held,
            stage=Stage.SENT,
            gateway=wish.gateway,
            choice=self._gateways.choice(wish.gateway, wish.given),
            amount_minor=checkout.total.amount_minor,
            currency=checkout.total.currency,
            email=checkout.email,
            workspace_id=buyer.workspace_id,
            state_hash=fingerprint(state),
        )
        back = f"{self._checkout_url}?state={state}"
        data = self._gateways.opening(wish.gateway, wish.given, back)
        try:
            # What the buyer saw is what is asked for; where a part is paid already, the shop knows the rest.
            payment = await self._commerce.pay(checkout.id, wish.gateway, data, held.row.key, checkout.total if whole else None)
        except CommerceError as refused:
            return await self._refused(held, buyer, refused)
        except AWAY:
            return Outcome("unknown", outcomes.UNSURE, gateway=wish.gateway)
        return await self._took(held, buyer, payment, back)

    async def _refused(self, held: Held, buyer: Buyer, refused: CommerceError) -> Outcome:
        """The shop would not begin the payment, so nothing was taken, except when it says that it was begun before."""
        if refused.code == UNDER_WAY:
            return Outcome("busy", outcomes.BUSY)
        if refused.code == "unique" or isinstance(refused, CheckoutGone):
            return await self.look(held, buyer)
        await self.save(held, stage=Stage.DECLINED, message=refused.detail)
        return self.outcome(held.row)

    async def ask(self, held: Held, buyer: Buyer, given: Mapping[str, Any]) -> Outcome:
        """Ask the payment service how it stands. given: what came back from the bank's pages."""
        row = held.row
        try:
            payment = await self._commerce.process_payment(row.transaction_id, self._gateways.going_on(row.gateway, given))
        except CommerceError as refused:
            if refused.code == UNDER_WAY:
                return Outcome("busy", outcomes.BUSY)
            return await self.look(held, buyer)
        except AWAY:
            return Outcome("unknown", outcomes.UNSURE, gateway=row.gateway)
        return await self._took(held, buyer, payment)

    async def _took(self, held: Held, buyer: Buyer, payment: Payment, back: str = "") -> Outcome:
        """The transaction's event says what happened; `errors` are empty also when the card was declined. back: where to, from the bank."""
        row = held.row
        action = self._gateways.action(row.gateway, payment, back or self._back(row))
        kept = {"transaction_id": payment.transaction_id or row.transaction_id, "message": payment.message}
        if payment.status in {"succeeded", "authorized"}:
            stage = Stage.PAID if payment.status == "succeeded" else Stage.AUTHORIZED
            await self.save(held, stage=stage, sealed_action="", **kept)
            return await self.complete(held, buyer)
        if payment.status == "failed":
            await self.save(held, stage=Stage.DECLINED, sealed_action="", **kept)
        elif action is not None:
            await self.save(held, stage=Stage.ACTION, sealed_action=self._seal(action), **kept)
        elif payment.status == "action_required" and not row.sealed_action:
            await self.save(held, stage=Stage.CLOSED, **kept)
            return Outcome("declined", outcomes.UNKNOWN_STEP, gateway=row.gateway)
        elif payment.status == "pending":
            return await self._pending(held, buyer, kept)
        elif payment.status == "action_required":
            await self.save(held, stage=Stage.ACTION, **kept)
        else:
            await self.save(held, stage=Stage.SENT, **kept)
        return self.outcome(held.row)

    async def _pending(self, held: Held, buyer: Buyer, kept: Mapping[str, Any]) -> Outcome:
        """After a while the order is placed unpaid, if the shop takes it so. The shop counts what is being processed as paid until it
        fails, so a checkout that is not covered any more tells that it did.
        """
        row = held.row
        if row.stage != Stage.PENDING:
            await self.save(held, stage=Stage.PENDING, sealed_action="", **kept)
            return self.outcome(row)
        if self._clock.now() - row.updated_at <= PATIENCE:
            return self.outcome(row)
        checkout = await self._commerce.checkout(row.checkout_id)
        if checkout is None or checkout.covered:
            return await self.complete(held, buyer)
        await self.save(held, stage=Stage.DECLINED, message="The payment did not go through.")
        return self.outcome(row)
