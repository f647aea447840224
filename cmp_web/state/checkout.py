"""The checkout page. The till decides; this guards, calls and shows what it said."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import reflex as rx

from backend.commerce.outcomes import Buyer, Details, Outcome
from backend.commerce.schemas import Address
from backend.kernel.errors import DomainError
from cmp_web import routes
from cmp_web.state import checkout_views as views
from cmp_web.state.cart import EMPTY, CartBadge
from cmp_web.state.checkout_shown import BLANK, Shown
from cmp_web.state.checkout_views import Stripe
from cmp_web.state.services import services
from cmp_web.state.session import caller_of, public, visitor_of

LOOKS = (2, 3, 4, 6, 8, 12, 15, 20, *(30,) * 16)
"""Seconds between two looks at a payment that is under way: ten minutes in all."""
PASSED_ON = ("outcome", "stripe_method")
"""What of the form belongs to a gateway."""
OPEN = {"pending", "unknown", "busy"}


class Checkout(Shown, rx.State):
    """The checkout of the visitor's cart."""

    @rx.event
    @public
    async def load(self) -> Any:
        self.errors, self.wrong, self.changes, self.order, self.leave, self.loaded = BLANK, [], [], "", False, False
        self.said, self.tone, self.again, self.step, self.paying, self._away = "", "", "", "", False, False
        # This document has confirmed nothing yet, and Stripe is not in it; a turn is never used twice.
        self.stripe, self._brought = Stripe(turn=self.stripe.turn), False
        # Its fields are drawn anew, with what was typed in this tab before.
        self._form = ()
        await self._forget_others()
        caller = await caller_of(self)
        self.workspace, self.email = caller is not None, self.email or (caller.email if caller else "")
        try:
            if state := str(self.router.url.query_parameters.get("state", "")):
                async for event in self._returned(state):
                    yield event
            else:
                async for event in self._look():
                    yield event
        except DomainError:
            self._say("unavailable", "The shop does not answer just now. Nothing in your cart is lost.")
            self._away, self.again = True, "Try again"
        self.loaded = True

    @rx.event
    @public
    async def keep(self, name: str, value: str) -> None:
        """What was typed, so that it outlives a change of the form."""
        self._type({name: value})

    @rx.event
    @public
    async def choose_country(self, country: str) -> None:
        self.country = country if any(known.code == country for known in self.countries) else ""
        self._typed = {name: value for name, value in self._typed.items() if name != "country_area"}
        await self._ask_form()

    @rx.event
    @public
    async def choose_area(self, name: str, value: str) -> None:
        """In some countries the choice of a state decides which cities there are."""
        self._type({name: value})
        await self._ask_form()

    @rx.event
    @public
    async def choose(self, gateway: str) -> Any:
        if any(known.id == gateway and known.usable for known in self.offers):
            self.gateway, self.kind, self.step = gateway, services().till.gateways.kind(gateway), ""
            yield
            await self._prepare()

    @rx.event
    @public
    async def apply_code(self, form: dict[str, Any]) -> Any:
        code = str(form.get("promo_code", "")).strip()[:64]
        if not code:
            self.errors = {**self.errors, "promo_code": "Enter a code first."}
            return
        await self._change(services().commerce.add_promo_code(self._checkout_id(), code), "promo_code")

    @rx.event
    @public
    async def drop_code(self) -> Any:
        await self._change(services().commerce.remove_promo_code(self._checkout_id(), self.cart.promo_code), "promo_code")

    @rx.event
    @public
    async def drop_card(self, card: str) -> Any:
        await self._change(services().commerce.remove_gift_card(self._checkout_id(), card), "promo_code")

    @rx.event
    @public
    async def mend(self, line: str, left: int) -> Any:
        """Take a line that cannot be had out, or down to what is left of it."""
        await self._change(services().carts.set_quantity(visitor_of(self), line, max(0, int(left))), "")
        self.changes = [change for change in self.changes if change.line != line]
        yield CartBadge.look

    @rx.event
    @public
    async def pay(self, form: dict[str, Any]) -> Any:
        """The one button. What was shown goes along: nothing else is ever paid for."""
        if self.paying or self._seen is None:
            return
        self._away = False
        self.paying, self.said, self.again, self.changes, self.errors, self.wrong = True, "", "", [], BLANK, []
        self._type(form)
        self.email = str(form.get("email", "")).strip()[:254]
        yield
        self.known = await self._has_bought()
        parts = {name: self._typed.get(name, "").strip() for name in views.AUTOCOMPLETE if any(field.name == name for field in self._form)}
        details = Details(self.email, Address(**parts, country=self.country), agreed=self.known or bool(form.get("terms")))
        given = {name: str(form.get(name, ""))[:64] for name in PASSED_ON if form.get(name)}
        try:
            outcome = await services().till.pay(await self._buyer(), self._seen, details, self.gateway, given)
            async for event in self._show(outcome):
                yield event
        finally:
            self.paying = False
        if self.wrong:
            self._faults += 1
            self.first = f"{self._faults}:{self.wrong[0].name}"

    @rx.event
    @public
    async def confirm(self) -> Any:
        """The buyer did what the payment asked for."""
        async for event in self._went_on(services().till.confirm(await self._buyer(), self._checkout_id(), {})):
            yield event

    @rx.event
    @public
    async def give_up(self) -> Any:
        async for event in self._went_on(services().till.give_up(await self._buyer(), self._checkout_id())):
            yield event

    @rx.event
    @public
    async def check(self) -> Any:
        """Look once more: at the payment when there is one, else at the whole page."""
        if self._away or self._seen is None:
            yield Checkout.load
            return
        async for event in self._went_on(services().till.check(await self._buyer(), self._checkout_id())):
            yield event

    @rx.event(background=True)
    @public
    async def watch(self) -> Any:
        """Look at a payment under way, less and less often, until it is over, the buyer has left, or a newer watch has begun."""
        async with self:
            self._watch += 1
            mine, asked = self._watch, self.step
        for wait in LOOKS:
            await asyncio.sleep(wait)
            async with self:
                if self._watch != mine or self.router.url.path.rstrip("/") != routes.CHECKOUT or self._seen is None or self.order:
                    return
                buyer, checkout_id = await self._buyer(), self._seen.checkout_id
            outcome = await _checked(buyer, checkout_id)
            if outcome.kind == "action" and asked in {"redirect", "open"}:
                # It still waits for its buyer, as the page says; what it says of another amount stays said.
                return
            async with self:
                async for event in self._show(outcome, watching=True):
                    yield event
                if outcome.kind not in OPEN:
                    return

    def _type(self, given: Mapping[str, Any]) -> None:
        """Only the parts of an address, so that nobody fills our memory."""
        self._typed = {**self._typed, **{name: str(given[name])[:256] for name in views.AUTOCOMPLETE if name in given}}

    async def _went_on(self, call: Any) -> Any:
        if self.paying:
            call.close()
            return
        self.paying = True
        yield
        try:
            async for event in self._show(await call):
                yield event
        except DomainError as error:
            self._say("unknown", error.detail)
        finally:
            self.paying = False

    async def _look(self) -> Any:
        standing = await services().till.look(await self._buyer())
        await self._draw(standing.checkout)
        self.changes = views.changes(standing.changes)
        if standing.outcome is not None:
            async for event in self._show(standing.outcome, reading=True):
                yield event
            if self.step in {"redirect", "open"}:
                # Its buyer may have paid there, and come back by another way than the bank's.
                yield Checkout.watch

    async def _returned(self, state: str) -> Any:
        """Back from the bank's pages, whose words are passed on as they are."""
        query = {name: str(value)[:512] for name, value in self.router.url.query_parameters.items() if name != "state"}
        outcome = await services().till.returned(await self._buyer(), state[:128], dict(list(query.items())[:32]))
        if outcome.kind != "placed":
            async for event in self._look():
                yield event
        async for event in self._show(outcome):
            yield event

    async def _show(self, outcome: Outcome, *, reading: bool = False, watching: bool = False) -> Any:
        """reading: the page was only opened; an order placed before is named, not gone to."""
        if outcome.kind == "placed":
            self.order, self.cart, self._seen, self.said, self.step = routes.order(outcome.order_ref), EMPTY, None, "", ""
            yield CartBadge.look
            if not reading:
                self.leave = self._brought
                if not self.leave:
                    yield rx.redirect(self.order)
            return
        if outcome.checkout is not None:
            await self._draw(outcome.checkout)
        self.step, action = outcome.kind if outcome.kind in {"action", "open"} else "", outcome.action
        if outcome.kind == "open":
            self.url, self.host = (action.url, action.host) if action else ("", "")
        if outcome.kind == "action" and action is not None:
            await self._step(outcome)
        self.changes = views.changes(outcome.changes) or self.changes
        self._say(outcome.kind, outcome.message)
        self._mark(outcome)
        if outcome.kind in OPEN and not watching:
            yield Checkout.watch

    async def _step(self, outcome: Outcome) -> None:
        action = outcome.action
        assert action is not None
        self.gateway, self.kind = outcome.gateway, services().till.gateways.kind(outcome.gateway)
        self.step, self.url, self.host = action.kind, action.url if action.kind == "redirect" else "", action.host
        if action.kind == "stripe":
            await self._prepare()
            stripe = self.stripe
            self.stripe = Stripe(stripe.key, stripe.amount, stripe.currency, action.secret, action.url, stripe.turn + 1)

    async def _buyer(self) -> Buyer:
        caller = await caller_of(self)
        return Buyer(visitor_of(self), caller.workspace_id if caller else None, self._seen)

    def _checkout_id(self) -> str:
        return self._seen.checkout_id if self._seen else ""


async def _checked(buyer: Buyer, checkout_id: str) -> Outcome:
    try:
        return await services().till.check(buyer, checkout_id)
    except DomainError as error:
        return Outcome("unknown", error.detail)
