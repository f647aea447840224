"""What the checkout page shows, and how an outcome is put on it. The handlers are in `checkout`."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.commerce.addresses import Country, FormField
from backend.commerce.outcomes import Outcome
from backend.commerce.schemas import Address
from backend.commerce.schemas import Checkout as Basket
from backend.commerce.seen import Seen, seen
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError
from backend.kernel.ids import SaleorOrderId
from cmp_web.state import checkout_views as views
from cmp_web.state.cart import EMPTY, CartView, view_of
from cmp_web.state.checkout_views import ChangeView, FieldView, OfferView, Stripe, Wrong
from cmp_web.state.services import services
from cmp_web.state.session import caller_of, visitor_of

BLANK = dict.fromkeys(views.FIXED, "")
TONES = {"declined": "ba", "refused": "ba", "gone": "wa", "stranded": "wa", "changed": "wa", "unavailable": "wa", "unknown": "wa"}
RETRY = {"unknown": "Try again", "stranded": "Try to place it again"}


class Shown(rx.State, mixin=True):
    """said, tone, again: what the till said, how grave it is, and the words of the button that looks once more. step: what the buyer has to
    do: "confirm", "stripe", "redirect" (to `url`, on `host`), or "open": go on there or give it up. order: the path of the order this
    became. leave: whether to go there by loading the page anew, so that no script of a payment service stays in it. known: they
    have bought for this workspace before. filled: the address is that of its last order. first: the field that takes
    the focus, with the number of the press that found it wrong.
    """

    cart: CartView = EMPTY
    loaded: bool = False
    email: str = ""
    country: str = ""
    countries: list[Country] = []
    fields: list[FieldView] = []
    offers: list[OfferView] = []
    gateway: str = ""
    kind: str = ""
    workspace: bool = False
    known: bool = False
    filled: bool = False
    errors: dict[str, str] = BLANK
    wrong: list[Wrong] = []
    first: str = ""
    changes: list[ChangeView] = []
    said: str = ""
    tone: str = ""
    again: str = ""
    step: str = ""
    url: str = ""
    host: str = ""
    stripe: Stripe = Stripe()
    paying: bool = False
    order: str = ""
    leave: bool = False
    _seen: Seen | None = None
    _typed: dict[str, str] = {}
    _away: bool = False
    _watch: int = 0
    _faults: int = 0
    _brought: bool = False
    _billed: str = ""
    _form: tuple[FormField, ...] = ()

    def _say(self, kind: str, message: str) -> None:
        self.said = message if self.step in {"", "action", "open"} else ""
        self.tone = TONES.get(kind, "")
        self.again = RETRY.get(kind, "")

    def _mark(self, outcome: Outcome) -> None:
        """Errors by their fields; what belongs to none is said above the button."""
        self.errors = BLANK | {name: words for name, words in outcome.fields.items() if name in BLANK}
        self.fields = views.fields(self._form, self.country, self._typed, outcome.fields)
        self.wrong = views.wrong(outcome.fields, self.fields)
        stray = [words for name, words in outcome.fields.items() if name not in BLANK and all(f.name != name for f in self.fields)]
        self.said = self.said or " ".join(stray)

    async def _change(self, change: Any, field: str) -> None:
        try:
            await self._draw(await change)
            self.errors = {**self.errors, "promo_code": ""}
        except DomainError as error:
            if field:
                self.errors = {**self.errors, field: error.fields.get(field, error.detail)}
            else:
                self._say("refused", error.detail)

    async def _draw(self, basket: Basket | None) -> None:
        """The checkout as it stands, which from now on is what the buyer saw."""
        self.cart = await view_of(basket)
        if basket is None or not basket.lines:
            self._seen = None
            return
        self._seen = seen(basket)
        await services().carts.shown(visitor_of(self), self._seen)
        self.email = basket.email or self.email
        if not self.countries:
            self.countries = list(await services().commerce.countries())
        await self._address_again(basket.billing_address)
        if not self._form:
            await self._ask_form()
        listed = services().till.gateways.offers(basket.gateways)
        self.offers = views.offers(listed)
        if all(offer.id != self.gateway or not offer.usable for offer in listed):
            self.gateway = next((offer.id for offer in listed if offer.usable), "")
        self.kind = services().till.gateways.kind(self.gateway) if self.gateway and basket.total.amount_minor else ""
        await self._prepare()

    async def _address_again(self, given: Address | None) -> None:
        """What the checkout was told before; without that, where the workspace's last order was billed to."""
        caller, house = await caller_of(self), services()
        order = await house.orders.latest(caller) if caller else None
        self.known = await self._has_bought()
        if self._typed or self.country:
            return
        self.filled, address = False, given
        if address is None and order is not None and caller is not None:
            address = await _billed_to(order)
            self.filled, self._billed = address is not None, _who(caller) if address else ""
        if address is not None:
            self._typed = {name: getattr(address, name) for name in views.AUTOCOMPLETE}
            self.country = address.country

    async def _has_bought(self) -> bool:
        """So that it was they who agreed to the terms."""
        caller = await caller_of(self)
        return caller is not None and await services().orders.bought(caller)

    async def _forget_others(self) -> None:
        """What was taken from the orders of a workspace is nothing for who has left it, nor for another of its members."""
        caller = await caller_of(self)
        if self._billed and (caller is None or _who(caller) != self._billed):
            self._typed, self.country, self._form, self.filled, self._billed, self.email = {}, "", (), False, "", ""

    async def _prepare(self) -> None:
        """Stripe's own form needs its key and the amount before anything is paid. Only its page part asks for them."""
        if self.kind != "stripe" or self._seen is None:
            self.stripe = Stripe(turn=self.stripe.turn)
            return
        key, kept = self.stripe.key, self.stripe
        try:
            gateways = services().till.gateways
            key = key or gateways.public_key(await services().commerce.gateway_config(self._seen.checkout_id, self.gateway))
        except DomainError:
            key = ""
        if not key:
            self._say("refused", "The card form could not be loaded. Choose another way to pay, or try again in a moment.")
        self.stripe = Stripe(key, self._seen.total, self._seen.currency.lower(), kept.secret, kept.back, kept.turn)
        self._brought = self._brought or bool(key)

    async def _ask_form(self) -> None:
        self._form = await services().commerce.address_form(self.country, self._typed.get("country_area", ""))
        self.fields = views.fields(self._form, self.country, self._typed, {field.name: field.error for field in self.fields})


def _who(caller: Caller) -> str:
    return f"{caller.workspace_id} {caller.account_id} {caller.role}"


async def _billed_to(order: SaleorOrderId) -> Address | None:
    """A shop that does not tell costs the buyer some typing, not the purchase."""
    try:
        return await services().commerce.billed_to(order)
    except DomainError:
        return None
