"""The checkout: who pays, where the bill goes, how. The shop decides what is right; its words stand by the field they mean."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import reflex as rx

from backend.commerce.schemas import Address, Payment
from backend.commerce.schemas import Checkout as Basket
from backend.kernel.errors import DomainError, Unavailable
from cmp_web import routes
from cmp_web.state.cart import EMPTY, CartBadge, CartView, view_of
from cmp_web.state.services import services
from cmp_web.state.session import caller_of, public, visitor_of

FIELDS = ("email", "first_name", "last_name", "company_name", "street_address_1", "postal_code", "city", "country_area", "country")
NEEDED = {"email": "Enter an e-mail address.", "first_name": "Enter your first name.", "last_name": "Enter your last name."}
NO_ERRORS = dict.fromkeys((*FIELDS, "promo_code", "terms"), "")
TEST_GATEWAY = "saleor.io.dummy-payment-app"
"""Saleor's own gateway for tests, in the embedded shop and in a real one: it does what the storefront asks it to."""
OUTCOMES = {"accepted": "CHARGE_SUCCESS", "declined": "CHARGE_FAILURE", "confirm": "CHARGE_ACTION_REQUIRED"}


class Checkout(rx.State):
    """failed: what keeps the order from being placed. declined: what the gateway said. confirming: the bank asks something."""

    cart: CartView = EMPTY
    loaded: bool = False
    email: str = ""
    address: dict[str, str] = dict.fromkeys(FIELDS, "")
    gateways: list[dict[str, str]] = []
    gateway: str = ""
    test: bool = False
    workspace: bool = False
    errors: dict[str, str] = NO_ERRORS
    wrong: list[str] = []
    failed: str = ""
    declined: str = ""
    confirming: bool = False
    paying: bool = False
    _key: str = ""
    _paid: bool = False
    _transaction: str = ""

    @rx.event
    @public
    async def load(self) -> None:
        self.errors, self.wrong, self.failed, self.declined, self.confirming, self.paying = NO_ERRORS, [], "", "", False, False
        visitor = visitor_of(self)
        try:
            basket = await services().carts.current(visitor) if visitor else None
            await self._show(basket)
        except DomainError as error:
            self.failed = error.detail
        caller = await caller_of(self)
        self.workspace = caller is not None
        self.email = self.email or (caller.email if caller else "")
        self.loaded = True

    @rx.event
    @public
    async def apply_code(self, form: dict[str, Any]) -> Any:
        code = str(form.get("promo_code", "")).strip()
        if not code:
            self.errors = {**self.errors, "promo_code": "Enter a code first."}
            return
        await self._change_code(lambda basket: services().commerce.add_promo_code(basket.id, code))

    @rx.event
    @public
    async def drop_code(self) -> Any:
        await self._change_code(lambda basket: services().commerce.remove_promo_code(basket.id, basket.promo_code))

    @rx.event
    @public
    async def choose(self, gateway: str) -> None:
        self.gateway = gateway if any(known["id"] == gateway for known in self.gateways) else self.gateway
        self.test = self.gateway == TEST_GATEWAY

    @rx.event
    @public
    async def pay(self, form: dict[str, Any]) -> Any:
        """The one button: contact, address, payment, order, in this order, each only when the one before it holds."""
        if self.paying:
            return
        self.paying, self.failed, self.declined, self.errors, self.wrong = True, "", "", NO_ERRORS, []
        yield
        basket = await self._basket()
        if basket is not None and await self._described(basket, form):
            outcome = OUTCOMES.get(str(form.get("outcome", "accepted")), "CHARGE_SUCCESS")
            data = {"event": {"type": outcome}} if self.test else {}
            async for event in self._settled(basket, data):
                yield event
        self.paying = False
        if self.wrong:
            yield rx.set_focus(self.wrong[0])

    @rx.event
    @public
    async def confirm(self) -> Any:
        """Go on with a payment the bank asked about."""
        if self.paying or not self._transaction:
            return
        self.paying = True
        yield
        basket = await self._basket()
        if basket is not None:
            data = {"event": {"type": "CHARGE_SUCCESS"}} if self.test else {}
            try:
                payment = await services().commerce.process_payment(self._transaction, data)
                async for event in self._after(basket, payment):
                    yield event
            except DomainError as error:
                self.failed = error.detail
        self.paying = False

    @rx.event
    @public
    async def give_up(self) -> None:
        """The buyer does not confirm; nothing is charged."""
        self.confirming, self._transaction, self._key = False, "", ""
        self.declined = "You did not confirm the payment. Nothing was charged."

    async def _basket(self) -> Basket | None:
        try:
            visitor = visitor_of(self)
            basket = await services().carts.current(visitor) if visitor else None
        except DomainError as error:
            self.failed = error.detail
            return None
        if basket is None or not basket.lines:
            self.cart = EMPTY
            return None
        return basket

    async def _described(self, basket: Basket, form: dict[str, Any]) -> bool:
        """Tell the shop who buys. False, with the errors shown, when it does not accept that."""
        given = {name: str(form.get(name, "")).strip() for name in FIELDS}
        errors = {name: words for name, words in NEEDED.items() if not given[name]}
        if not form.get("terms"):
            errors["terms"] = "Agree to the terms to go on."
        commerce = services().commerce
        parts = {name: value for name, value in given.items() if name != "email"}
        calls: list[Callable[[], Awaitable[Any]]] = [lambda: commerce.set_billing_address(basket.id, Address(**parts))]
        if given["email"]:
            calls.append(lambda: commerce.set_email(basket.id, given["email"]))
        caller = await caller_of(self)
        if caller is not None:
            calls.append(lambda: commerce.set_metadata(basket.id, {"cmp_workspace": caller.workspace_id}))
        for call in calls:
            try:
                await call()
            except Unavailable as error:
                self.failed = error.detail
                return False
            except DomainError as error:
                errors |= {field: words for field, words in error.fields.items() if field in NO_ERRORS}
                if not error.fields.keys() & NO_ERRORS.keys():
                    self.failed = error.detail
        self.errors, self.wrong = {**NO_ERRORS, **errors}, [name for name in NO_ERRORS if name in errors]
        return not errors and not self.failed

    async def _settled(self, basket: Basket, data: dict[str, Any]) -> Any:
        """Pay, unless it is paid or free, and place the order."""
        if self._paid or not basket.total.amount_minor:
            async for event in self._placed(basket):
                yield event
            return
        self._key = self._key or secrets.token_hex(16)
        try:
            payment = await services().commerce.pay(basket.id, self.gateway, data, self._key)
        except Unavailable as error:
            # The key is kept: whether the gateway heard us is not known, and the same key never pays twice.
            self.failed = f"{error.detail} Press Pay again; you will not be charged twice."
            return
        except DomainError as error:
            self.failed, self._key = error.detail, ""
            return
        async for event in self._after(basket, payment):
            yield event

    async def _after(self, basket: Basket, payment: Payment) -> Any:
        self.confirming = payment.status == "action_required"
        self._transaction = payment.transaction_id if self.confirming else ""
        if payment.status == "succeeded":
            self._paid = True
            async for event in self._placed(basket):
                yield event
        elif payment.status == "failed":
            self._key = ""
            self.declined = f"{payment.message or 'The payment was declined'}. Nothing was charged. Try another way to pay."
        elif payment.status == "pending":
            self.declined = "The payment is not confirmed yet. Wait a moment, then press Pay again; you will not be charged twice."

    async def _placed(self, basket: Basket) -> Any:
        """Turn the paid basket into an order and go to its page."""
        visitor, caller = visitor_of(self), await caller_of(self)
        try:
            order = await services().commerce.complete(basket.id)
        except DomainError as error:
            self.failed = f"Your payment went through, but the order could not be placed: {error.detail} Press Pay again; you pay once."
            return
        ref = await services().orders.track(order.id, visitor=visitor, workspace_id=caller.workspace_id if caller else None)
        await services().carts.clear(visitor)
        self._paid, self._key, self._transaction, self.confirming = False, "", "", False
        self.cart = EMPTY
        yield CartBadge.look
        yield rx.redirect(routes.order(ref))

    async def _change_code(self, change: Any) -> None:
        basket = await self._basket()
        if basket is None:
            return
        try:
            await self._show(await change(basket))
            self.errors = {**self.errors, "promo_code": ""}
        except DomainError as error:
            self.errors = {**self.errors, "promo_code": error.fields.get("promo_code", error.detail)}

    async def _show(self, basket: Basket | None) -> None:
        self.cart = await view_of(basket)
        if basket is None:
            return
        self.email = basket.email or self.email
        if basket.billing_address:
            self.address = {name: getattr(basket.billing_address, name, "") for name in FIELDS}
        self.gateways = [{"id": gateway.id, "name": gateway.name} for gateway in basket.gateways]
        self.gateway = self.gateway or next((gateway["id"] for gateway in self.gateways), "")
        self.test = self.gateway == TEST_GATEWAY
