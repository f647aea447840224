"""The checkout page's State: what the till says is shown, and nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from backend.commerce.gateways import Action
from backend.commerce.outcomes import Buyer, Outcome, Standing
from backend.commerce.till import Till
from backend.main import System
from backend.shop.models import CheckoutLineRow, VariantRow
from cmp_web.state import checkout as module
from cmp_web.state import checkout_views as views
from cmp_web.state.cart import Cart
from cmp_web.state.checkout import Checkout
from tests.web.store.conftest import call, destination, tab
from tests.web.store.test_buying_states import BUYER, at_checkout, put


async def reprice(system: System, sku: str, price: int, **values: object) -> None:
    """Also lets the hour pass for which the shop keeps a price."""
    async with system.services.database.write() as tx:
        await tx.execute(update(VariantRow).where(col(VariantRow.sku) == sku).values(price=price, **values))
        await tx.execute(update(CheckoutLineRow).values(priced_at=system.services.clock.now() - timedelta(hours=2)))


async def test_a_changed_price_is_listed_and_paid_only_when_pressed_again(running: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    await reprice(running, "CREDITS-100", 1200)
    assert destination(await call(Checkout.pay, state, BUYER)) == ""
    assert [change.words for change in state.changes][-1] == "The total changed from $10.00 to $12.00."
    assert state.cart.total == "$12.00"
    assert destination(await call(Checkout.pay, state, BUYER)).startswith("/orders/ord_")


async def test_the_cart_tells_once_what_changed_since_it_was_shown(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    cart = tab(Cart, "/cart")
    await call(Cart.load, cart)
    assert cart.changes == []
    await reprice(system, "CREDITS-100", 1200)
    await call(Cart.load, cart)
    assert len(cart.changes) == 2
    await call(Cart.load, cart)
    assert cart.changes == []


async def test_a_line_that_ran_out_can_be_taken_out_with_a_press(running: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    await put("customer-support-agent", "CSA-BASIC")
    state = await at_checkout()
    await reprice(running, "CREDITS-100", 1000, track_inventory=True, stock=0)
    await call(Checkout.pay, state, BUYER)
    (short,) = [change for change in state.changes if change.line]
    await call(Checkout.mend, state, short.line, short.left)
    assert [line.sku for line in state.cart.lines] == ["CSA-BASIC"]
    assert destination(await call(Checkout.pay, state, BUYER)).startswith("/orders/ord_")


async def test_the_form_follows_the_country_and_keeps_what_was_typed(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout(country="US")
    await call(Checkout.keep, state, "city", "Cork")
    await call(Checkout.choose_country, state, "IE")
    fields = {field.name: field for field in state.fields}
    assert (fields["postal_code"].label, fields["city"].value) == ("Eircode", "Cork")
    await call(Checkout.choose_country, state, "nowhere")
    assert state.country == ""


async def test_the_page_of_a_checkout_that_became_an_order_names_the_order(running: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    path = destination(await call(Checkout.pay, state, BUYER))
    again = tab(Checkout, "/checkout")
    assert destination(await call(Checkout.load, again)) == ""
    assert (again.order, again.cart.lines) == (path, [])


async def test_a_second_tab_is_led_to_the_order_of_the_first(running: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    first, second = await at_checkout(), await at_checkout()
    path = destination(await call(Checkout.pay, first, BUYER))
    assert destination(await call(Checkout.pay, second, BUYER)) == path


async def test_a_reload_while_the_bank_asks_shows_its_question_again(running: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    await call(Checkout.pay, await at_checkout(), BUYER | {"outcome": "confirm"})
    again = await at_checkout()
    assert again.step == "confirm"
    assert destination(await call(Checkout.confirm, again)).startswith("/orders/ord_")


async def test_a_word_somebody_made_up_goes_on_with_no_payment(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = tab(Checkout, "/checkout", {"state": "made-up"})
    await call(Checkout.load, state)
    assert (state.said, len(state.cart.lines)) == ("This payment was not begun in this browser.", 1)


async def test_a_payment_under_way_is_watched_until_it_is_over(running: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKS", (0, 0, 0))
    await put("starter-credit-pack", "CREDITS-100")
    gateways = running.services.till.gateways
    monkeypatch.setattr(gateways, "opening", lambda *_: {"event": {"type": "CHARGE_REQUEST", "includePspReference": True}})
    state = await at_checkout()
    events = await call(Checkout.pay, state, BUYER)
    assert ("being processed" in state.said, bool(events)) == (True, True)
    assert destination(await call(Checkout.watch, state)).startswith("/orders/ord_")


async def test_only_parts_of_an_address_are_kept_and_only_so_much_of_each(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    await call(Checkout.keep, state, "anything", "x")
    await call(Checkout.keep, state, "city", "x" * 1000)
    await call(Checkout.pay, state, {"country": "US", "another": "y"})
    assert set(state._typed) <= set(views.AUTOCOMPLETE)
    assert len(state._typed["city"]) == 256


async def test_a_fault_while_paying_leaves_the_button_usable(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    monkeypatch.setattr(type(system.services.till), "pay", broken)
    with pytest.raises(RuntimeError, match="unforeseen"):
        await call(Checkout.pay, state, BUYER)
    assert state.paying is False


async def test_a_newer_watch_ends_the_older_one(running: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKS", (0, 0, 0))
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    looked = 0

    async def checked(*_: object) -> Outcome:
        nonlocal looked
        looked += 1
        state._watch += 1
        return Outcome("pending", "")

    monkeypatch.setattr(module, "_checked", checked)
    await call(Checkout.watch, state)
    assert looked == 1


async def test_a_loaded_page_confirms_nothing_from_before_and_counts_its_askings_on(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    state.stripe = views.Stripe("pk", 1000, "usd", "secret", "back", 3)
    await call(Checkout.load, state)
    assert (state.stripe.secret, state.stripe.turn) == ("", 3)


async def test_the_first_wrong_field_of_the_page_takes_the_focus_at_every_press(system: System) -> None:
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout(country="")
    await call(Checkout.pay, state, {"email": "buyer@example.com"})
    assert [field.name for field in state.wrong] == ["country", "first_name", "last_name", "terms"]
    assert state.first == "1:country"
    await call(Checkout.pay, state, {})
    assert state.first == "2:email"


async def test_a_payment_left_open_elsewhere_is_asked_about_as_soon_as_the_checkout_is_opened(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = type(system.services.till).look

    async def at_the_bank(till: Till, buyer: Buyer) -> Standing:
        action = Action("redirect", url="https://bank.example/pay")
        return replace(await look(till, buyer), outcome=Outcome("action", action=action, gateway="bank"))

    await put("starter-credit-pack", "CREDITS-100")
    monkeypatch.setattr(Till, "look", at_the_bank)
    state = tab(Checkout, "/checkout")
    events = await call(Checkout.load, state)
    assert (state.step, state.host) == ("redirect", "bank.example")
    assert Checkout.watch in events


async def test_a_watch_does_not_offer_to_go_on_with_a_payment_of_another_amount(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKS", (0,))
    await put("starter-credit-pack", "CREDITS-100")
    state = await at_checkout()
    state.step, state.said = "open", "You have a payment of $5.00 open."

    async def waits(*_: object) -> Outcome:
        return Outcome("action", "", action=Action("redirect", "", "https://bank.example/pay"), gateway="bank")

    monkeypatch.setattr(module, "_checked", waits)
    await call(Checkout.watch, state)
    assert (state.step, state.url, state.said) == ("open", "", "You have a payment of $5.00 open.")
