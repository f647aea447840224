"""From the shelf to the order's page, through the real shop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import col, update

from backend.control_plane.models import OfferingRow
from backend.identity.sessions import COOKIE
from backend.main import System
from cmp_web.state.cart import NO_COOKIE, NOT_OFFERED, Cart, CartBadge
from cmp_web.state.checkout import Checkout
from cmp_web.state.order import Order
from cmp_web.state.product import Product, Trial
from tests.web.store.conftest import call, destination, tab

BUYER: dict[str, Any] = {
    "email": "buyer@example.com",
    "first_name": "Ada",
    "last_name": "Buyer",
    "street_address_1": "1 Example Street",
    "postal_code": "62701",
    "city": "Springfield",
    "country_area": "IL",
    "country": "US",
    "terms": "on",
    "outcome": "accepted",
}


async def put(slug: str, sku: str, visitor: str = "browser-one") -> CartBadge:
    badge = tab(CartBadge, "/marketplace", visitor=visitor)
    assert destination(await call(CartBadge.add, badge, slug, sku)) == "/cart"
    return badge


async def at_checkout(visitor: str = "browser-one", country: str = "US") -> Checkout:
    state = tab(Checkout, "/checkout", visitor=visitor)
    await call(Checkout.load, state)
    await call(Checkout.choose_country, state, country)
    return state


def wrong(state: Checkout) -> set[str]:
    """The fields that say something is wrong with them."""
    return {name for name, words in state.errors.items() if words} | {field.name for field in state.fields if field.error}


async def test_adding_counts_in_the_bar_and_survives_a_reload(system: System) -> None:
    badge = await put("customer-support-agent", "CSA-PRO")
    assert (badge.items, badge.label) == (1, "Cart, 1 item")
    cart = tab(Cart, "/cart")
    await call(Cart.load, cart)
    assert [(line.name, line.total, line.brings) for line in cart.cart.lines] == [
        ("Customer Support Agent – Pro", "$49.99", "1 agent, 200 credits, 5 widgets, 100 MB of knowledge")
    ]


async def test_another_browser_has_a_cart_of_its_own(system: System) -> None:
    await put("customer-support-agent", "CSA-PRO")
    cart = tab(Cart, "/cart", visitor="browser-two")
    await call(Cart.load, cart)
    assert cart.loaded
    assert cart.cart.lines == []


async def test_a_browser_without_cookies_is_told_why_it_has_no_cart(system: System) -> None:
    badge = tab(CartBadge, visitor="")
    assert await call(CartBadge.add, badge, "customer-support-agent", "CSA-PRO") == []
    assert badge.failed == NO_COOKIE


async def test_what_is_not_for_sale_is_not_added(system: System) -> None:
    badge = tab(CartBadge)
    assert destination(await call(CartBadge.add, badge, "customer-support-agent", "GOLD")) == ""
    assert "no longer for sale" in badge.failed


async def test_what_nothing_is_offered_for_is_not_added(system: System) -> None:
    async with system.services.database.write() as tx:
        await tx.execute(update(OfferingRow).where(col(OfferingRow.sku) == "CSA-PRO").values(on_sale=False))
    badge = tab(CartBadge)
    assert await call(CartBadge.add, badge, "customer-support-agent", "CSA-PRO") == []
    assert (badge.failed, badge.adding, badge.items) == (NOT_OFFERED, "", 0)


async def test_quantities_and_removal_change_the_sum(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    cart = tab(Cart, "/cart")
    await call(Cart.load, cart)
    line = cart.cart.lines[0]
    assert (line.swap, "$0.08 each instead of $0.10" in line.swap_words) == ("CREDITS-500", True)
    await call(Cart.set_quantity, cart, line.id, 3)
    assert (cart.cart.total, cart.cart.arrives) == ("$30.00", ["300 credits"])
    await call(Cart.swap, cart, line.id, "CREDITS-500")
    assert [line.sku for line in cart.cart.lines] == ["CREDITS-500"]
    await call(Cart.remove, cart, cart.cart.lines[0].id)
    assert cart.cart.lines == []


async def test_an_empty_cart_has_no_checkout(system: System) -> None:
    state = await at_checkout()
    assert state.loaded
    assert state.cart.lines == []
    assert destination(await call(Checkout.pay, state, BUYER)) == ""


async def test_what_is_missing_is_said_by_its_field_and_nothing_is_paid(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    await call(Checkout.pay, state, {"country": "US"})
    assert wrong(state) == {"email", "first_name", "last_name", "street_address_1", "postal_code", "city", "country_area", "terms"}
    assert [field.name for field in state.wrong][:2] == ["email", "first_name"]
    await call(Checkout.pay, state, BUYER | {"postal_code": "abc", "email": "nobody"})
    assert wrong(state) == {"email", "postal_code"}
    assert state.said == ""


async def test_a_code_that_does_not_exist_is_refused_by_its_field(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    await call(Checkout.apply_code, state, {"promo_code": "NOPE"})
    assert "does not exist" in state.errors["promo_code"]
    assert state.cart.total == "$10.00"


async def test_a_declined_card_charges_nothing_and_keeps_the_cart(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    assert destination(await call(Checkout.pay, state, BUYER | {"outcome": "declined"})) == ""
    assert "Nothing was charged" in state.said
    assert (await system.services.carts.current("browser-one")) is not None


async def test_a_payment_the_bank_asks_about_can_be_refused_or_confirmed(running: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    await call(Checkout.pay, state, BUYER | {"outcome": "confirm"})
    assert state.step == "confirm"
    await call(Checkout.give_up, state)
    assert (state.step, "Nothing was charged" in state.said) == ("", True)
    await call(Checkout.pay, state, BUYER | {"outcome": "confirm"})
    assert destination(await call(Checkout.confirm, state)).startswith("/orders/ord_")


@pytest.mark.parametrize("signed_in", [True, False])
async def test_an_order_is_watched_until_it_is_delivered_or_waits_for_its_owner(running: System, signed_in: bool) -> None:
    services = running.services
    account = await services.sign_up.register("member@example.com", "four plain words", "")
    token = await services.sessions.open(account.id, "a test")
    visitor = "browser-one" + (f"; {COOKIE}={token}" if signed_in else "")
    await put("customer-support-agent", "CSA-BASIC", visitor)
    state = await at_checkout(visitor)
    path = destination(await call(Checkout.pay, state, BUYER))
    assert path.startswith("/orders/ord_"), (state.said, state.wrong)
    page = tab(Order, path, visitor=visitor)
    events = await call(Order.load, page)
    if page.order.open:
        assert events
        await asyncio.wait_for(call(Order.watch, page, page.order.ref), 30)
    assert page.order.status == ("ready" if signed_in else "unclaimed")
    assert page.order.claimable is not signed_in
    assert bool(page.order.agent) is signed_in
    assert (await services.carts.current("browser-one")) is None


async def test_somebody_elses_order_does_not_exist(running: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    path = destination(await call(Checkout.pay, await at_checkout(), BUYER))
    page = tab(Order, path, visitor="browser-two")
    await call(Order.load, page)
    assert (page.missing, page.order.number) == (True, "")


async def test_a_product_page_takes_todays_price_from_the_shop(system: System) -> None:
    page = tab(Product, "/marketplace/customer-support-agent", {"plan": "CSA-PRO"})
    await call(Product.load, page)
    assert page.prices == {"CSA-BASIC": "$19.99", "CSA-PRO": "$49.99"}
    assert (page.plan, page.missing, page.late.slug) == ("CSA-PRO", False, "")


async def test_an_unknown_product_is_missing(system: System) -> None:
    page = tab(Product, "/marketplace/gold-agent")
    await call(Product.load, page)
    assert page.missing


async def test_a_trial_shows_the_answer_cut_at_its_citations(system: System) -> None:
    chat = tab(Trial, "/marketplace/customer-support-agent")
    await call(Trial.ask, chat, "customer-support-agent", "Can I return an item I have opened?")
    (turn,) = chat.turns
    assert turn.question.startswith("Can I return")
    assert "".join(piece.text for piece in turn.answer if not piece.cite)
    assert (chat.busy, chat.asking, chat.partial) == (False, "", "")


async def test_a_trial_of_what_cannot_be_tried_says_so(system: System) -> None:
    chat = tab(Trial, "/marketplace/starter-credit-pack")
    await call(Trial.ask, chat, "starter-credit-pack", "Hello?")
    assert chat.turns[0].failed


async def test_nothing_is_asked_with_nothing_to_ask(system: System) -> None:
    chat = tab(Trial, "/marketplace/customer-support-agent")
    await call(Trial.ask, chat, "customer-support-agent", "   ")
    assert chat.turns == []
