"""The till: one order from however many clicks, tabs and devices, at the price the buyer last saw. Rules are in `seen` and `gateways`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from backend.commerce import attempts, outcomes
from backend.commerce.agreement import Wish
from backend.commerce.attempts import OPEN, TAKEN, Stage
from backend.commerce.carts import Carts
from backend.commerce.client import Commerce
from backend.commerce.gateways import Gateways
from backend.commerce.models import AttemptRow
from backend.commerce.outcomes import Buyer, Details, Outcome, Standing
from backend.commerce.paying import Paying
from backend.commerce.placing import AWAY, Held, Orders
from backend.commerce.seen import Seen, changes, problems, seen
from backend.commerce.stranded import Stranded, nobody
from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError
from backend.kernel.secrets import SecretBox, fingerprint

WAITS = (0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0)
"""Seconds between looks at an attempt that another tab works on. After that the page goes on looking by itself."""
_BEGUN = frozenset({Stage.SENT, Stage.ACTION, Stage.PENDING}) | TAKEN
ABANDONED = timedelta(days=1)
SELDOM = timedelta(hours=1)
"""Between two looks at a payment that was given up or declined, for as long as it may still be made."""
KEPT = timedelta(days=90)
_log = logging.getLogger(__name__)


class Till(Stranded):
    """checkout_url: the address of our checkout page, without a query."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        commerce: Commerce,
        carts: Carts,
        orders: Orders,
        box: SecretBox,
        *,
        gateways: Gateways,
        checkout_url: str,
    ) -> None:
        self._paying = Paying(database, clock, commerce, carts, orders, box, gateways=gateways, checkout_url=checkout_url)
        super().__init__(database, clock, carts, self._paying)
        self._commerce = commerce
        self.gateways = gateways

    async def look(self, buyer: Buyer) -> Standing:
        """The checkout from the shop, what changed since this visitor was shown it last, and how a payment begun before stands.

        Raises Unavailable and UpstreamFailed.
        """
        checkout = await self._carts.current(buyer.visitor)
        row = await self._last(buyer, checkout.id if checkout else "")
        if checkout is None:
            return Standing(None, outcome=await self._without_cart(buyer, row))
        before = await self._carts.last_shown(buyer.visitor)
        await self._carts.shown(buyer.visitor, seen(checkout))
        # What the visitor added or took out in another tab is no news to them.
        news = [change for change in (changes(before, checkout) if before else ()) if change.kind in {"price", "discount", "tax", "total"}]
        told = news if any(change.kind in {"price", "discount"} for change in news) else []
        found = (*told, *problems(checkout))
        return Standing(checkout, found, self._paying.standing(row, checkout) if row and row.stage in _BEGUN else None)

    async def pay(self, buyer: Buyer, shown: Seen, details: Details, gateway: str, given: Mapping[str, Any]) -> Outcome:
        """Pay for what was shown and place its order; or say what changed, and take nothing. given: the checkout's form."""
        try:
            return await self._pay(replace(buyer, shown=shown), Wish(shown, details, gateway, given))
        except AWAY:
            return await self._away(buyer, shown.checkout_id)

    async def _pay(self, buyer: Buyer, wish: Wish) -> Outcome:
        checkout, checkout_id = await self._carts.current(buyer.visitor), wish.shown.checkout_id
        if checkout is None or checkout.id != checkout_id:
            return await self.check(buyer, checkout_id)
        row = await self._last(buyer, checkout_id)
        if row is None or row.stage not in _BEGUN:
            agreed = await self._paying.agreement.reach(buyer, wish)
            if agreed is None:
                return await self.check(buyer, checkout_id)
            if isinstance(agreed, Outcome):
                return agreed
            checkout = agreed
            row = await self._begin(buyer, checkout_id, row)
        return await self._work(row.id, lambda held: self._paying.advance(held, checkout, buyer, wish))

    async def confirm(self, buyer: Buyer, checkout_id: str, given: Mapping[str, Any]) -> Outcome:
        """The buyer did what the payment asked for. given: what came back from the bank's pages."""
        row = await self._last(buyer, checkout_id)
        if row is None:
            return Outcome("gone", "There is no payment to go on with.")
        if row.stage != Stage.ACTION:
            return await self.check(buyer, row.checkout_id)
        return await self._work(row.id, lambda held: self._paying.confirm(held, buyer, given))

    async def returned(self, buyer: Buyer, state: str, query: Mapping[str, Any]) -> Outcome:
        """Back from the bank's pages. state: the opaque word we sent along; it counts only in the browser that left with it.

        The payment it was made for is asked about, also when it was given up or another was begun since: money may have been taken.
        """
        async with self._database.read() as tx:
            row = await attempts.by_state(tx, fingerprint(state))
        if row is None or row.visitor_hash != fingerprint(buyer.visitor):
            return Outcome("gone", "This payment was not begun in this browser.")

        async def came_back(held: Held) -> Outcome:
            if held.row.stage == Stage.ACTION:
                return await self._paying.confirm(held, buyer, query)
            return await self._stand(held, buyer, query, late=True)

        return await self._work(row.id, came_back)

    async def check(self, buyer: Buyer, checkout_id: str) -> Outcome:
        """How the payment of this checkout stands by now. What is paid is completed; nothing is paid."""
        row = await self._last(buyer, checkout_id)
        if row is None or row.stage in {Stage.NEW, Stage.CLOSED}:
            return Outcome("gone", "This cart was already ordered or has expired.")
        return await self._work(row.id, lambda held: self._stand(held, buyer))

    async def give_up(self, buyer: Buyer, checkout_id: str) -> Outcome:
        """The buyer will not do what the payment asked for. It is left only when the payment service says that it was not done."""
        row = await self._last(buyer, checkout_id)
        if row is None or row.stage != Stage.ACTION:
            return await self.check(buyer, checkout_id)
        return await self._work(row.id, lambda held: self._paying.leave(held, buyer))

    async def sweep(self, older: timedelta = timedelta(seconds=90)) -> int:
        """Finish what a crash or a closed tab left between payment and order. The number of orders placed. Nothing is ever paid here.

        One row's fault keeps no other from its look.
        """
        placed, now = 0, self._clock.now()
        async with self._database.read() as tx:
            rows = [*await attempts.stuck(tx, now - older), *await attempts.left(tx, now - SELDOM, now - ABANDONED)]
        for row in rows:
            found = None
            try:
                found = await self._paying.hold(row.id, partial(self._stand, buyer=nobody(row), late=True))
            except DomainError as error:
                _log.warning("The payment %s could not be looked at: %s", row.id, error.detail)
            except Exception:  # noqa: BLE001 - whatever it is, the next payment gets its look
                _log.exception("The payment %s could not be looked at", row.id)
            placed += found is not None and found.kind == "placed"
            async with self._database.write() as tx:
                await attempts.touch(tx, row.id, self._clock.now())
        return placed

    async def forget(self) -> None:
        """Delete carts and finished attempts that nobody needs any more."""
        before = self._clock.now() - KEPT
        async with self._database.write() as tx:
            await attempts.forget(tx, before)
        await self._carts.forget(before)

    async def _stand(self, held: Held, buyer: Buyer, given: Mapping[str, Any] | None = None, *, late: bool = False) -> Outcome:
        """late: ask also about what was given up or declined."""
        row = held.row
        if row.stage == Stage.PLACED:
            return await self._paying.placed(held, buyer)
        if row.stage in TAKEN:
            return await self._paying.complete(held, buyer)
        if late and row.stage in {Stage.CLOSED, Stage.DECLINED}:
            return await self._paying.late(held, buyer, given or {})
        if row.stage == Stage.PENDING or (row.stage == Stage.ACTION and self.gateways.kind(row.gateway) != "test"):
            found = await self._paying.ask(held, buyer, given or {})
        elif row.stage == Stage.SENT:
            found = await self._paying.look(held, buyer)
        else:
            found = self._paying.outcome(row)
        if found.kind in {"free", "action", "pending"} and self._clock.now() - row.created_at > ABANDONED:
            await self._paying.save(held, stage=Stage.CLOSED, sealed_action="")
        return found

    async def _without_cart(self, buyer: Buyer, row: AttemptRow | None) -> Outcome | None:
        """The shop has closed the checkout: it became an order, perhaps while we were not looking."""
        fresh = row is not None and self._clock.now() - row.created_at <= ABANDONED
        if row is None or not (row.stage in _BEGUN or (row.stage == Stage.PLACED and fresh)):
            return None
        return await self.check(buyer, row.checkout_id)

    async def _last(self, buyer: Buyer, checkout_id: str) -> AttemptRow | None:
        """The newest attempt for the checkout; without one, the visitor's newest."""
        async with self._database.read() as tx:
            if checkout_id:
                return await attempts.last(tx, checkout_id)
            return await attempts.last_of(tx, fingerprint(buyer.visitor)) if buyer.visitor else None

    async def _begin(self, buyer: Buyer, checkout_id: str, last: AttemptRow | None) -> AttemptRow:
        if last is not None and last.stage in OPEN:
            return last
        async with self._database.write() as tx:
            number = last.number + 1 if last else 1
            return await attempts.begin(tx, self._clock.now(), checkout_id, number, fingerprint(buyer.visitor))

    async def _work(self, attempt_id: str, do: Callable[[Held], Awaitable[Outcome]]) -> Outcome:
        """Do it while holding the attempt. While another tab holds it, wait, and go on from where that one came to."""

        async def after_theirs(held: Held) -> Outcome:
            return self._paying.outcome(held.row) if held.row.stage == Stage.DECLINED else await do(held)

        for turn, wait in enumerate(WAITS):
            found = await self._paying.hold(attempt_id, after_theirs if turn else do)
            if found is not None:
                return found
            await asyncio.sleep(wait)
        return Outcome("busy", outcomes.BUSY)

    async def _away(self, buyer: Buyer, checkout_id: str) -> Outcome:
        """The shop could not be asked. Only where no payment was begun may it be said that nothing was charged."""
        row = await self._last(buyer, checkout_id)
        if row is None or row.stage not in _BEGUN:
            return Outcome("unavailable", outcomes.AWAY)
        return Outcome("unknown", outcomes.PAID_UNPLACED if row.stage in TAKEN else outcomes.UNSURE, gateway=row.gateway)
