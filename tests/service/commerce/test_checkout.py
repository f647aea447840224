"""The checkout from the first line to the placed order, against the embedded shop."""

from __future__ import annotations

import pytest

from backend.commerce.errors import CheckoutGone, CommerceError
from backend.commerce.schemas import Address, LineInput
from backend.kernel.errors import Invalid
from backend.kernel.money import Money
from tests.service.commerce.shop import ADDRESS, SUCCESS, Mall


def _event(kind: str) -> dict[str, object]:
    return {"event": {"type": kind, "includePspReference": True}}


async def test_lines_can_be_added_changed_and_removed(mall: Mall) -> None:
    made = await mall.commerce.create_checkout([LineInput(await mall.variant("CSA-BASIC"))])
    added = await mall.commerce.add_lines(made.id, [LineInput(await mall.variant("CREDITS-100"), 2)])
    assert [(line.sku, line.quantity, line.total) for line in added.lines] == [
        ("CSA-BASIC", 1, Money(1999, "USD")),
        ("CREDITS-100", 2, Money(2000, "USD")),
    ]
    assert (added.subtotal, added.total, added.quantity) == (Money(3999, "USD"), Money(3999, "USD"), 3)
    changed = await mall.commerce.set_quantity(made.id, added.lines[1].id, 1)
    assert changed.total == Money(2999, "USD")
    left = await mall.commerce.remove_line(made.id, added.lines[1].id)
    assert [line.sku for line in left.lines] == ["CSA-BASIC"]


async def test_a_paid_checkout_becomes_an_order_with_its_metadata(mall: Mall) -> None:
    order = await mall.order(agent_name="Bob")
    assert (order.number, order.charge_status, order.is_paid, order.total) == ("1", "FULL", True, Money(1999, "USD"))
    assert order.user_email == "buyer@example.com"
    assert order.metadata == {"cmp_workspace": "ws_1"}
    (line,) = order.lines
    assert (line.sku, line.quantity, line.quantity_to_fulfill, line.metadata) == ("CSA-BASIC", 1, 1, {"agent_name": "Bob"})
    assert "ORDER_FULLY_PAID" in mall.heard.events


async def test_completing_twice_gives_the_same_order_and_the_checkout_is_gone(mall: Mall) -> None:
    checkout = await mall.ready()
    await mall.commerce.pay(checkout.id, checkout.gateways[0].id, SUCCESS, "key")
    first = await mall.commerce.complete(checkout.id)
    assert await mall.commerce.complete(checkout.id) == first
    assert await mall.commerce.checkout(checkout.id) is None
    with pytest.raises(CheckoutGone):
        await mall.commerce.set_email(checkout.id, "other@example.com")


async def test_a_code_for_everything_makes_it_free_and_needs_no_payment(mall: Mall) -> None:
    checkout = await mall.ready()
    free = await mall.commerce.add_promo_code(checkout.id, "FREE")
    assert (free.promo_code, free.discount, free.total) == ("FREE", Money(1999, "USD"), Money(0, "USD"))
    back = await mall.commerce.remove_promo_code(checkout.id, "FREE")
    assert (back.promo_code, back.total) == ("", Money(1999, "USD"))
    await mall.commerce.add_promo_code(checkout.id, "FREE")
    placed = await mall.commerce.complete(checkout.id)
    order = await mall.commerce.order(placed.id)
    assert order is not None
    assert order.charge_status == "FULL"


async def test_a_declined_payment_is_told_by_its_event_though_errors_are_empty(mall: Mall) -> None:
    checkout = await mall.ready()
    payment = await mall.commerce.pay(checkout.id, checkout.gateways[0].id, _event("CHARGE_FAILURE"), "key")
    assert payment.status == "failed"
    assert payment.message
    with pytest.raises(CommerceError) as refused:
        await mall.commerce.complete(checkout.id)
    assert refused.value.code == "checkout_not_fully_paid"
    assert refused.value.detail == "The payment does not cover the total yet."


async def test_a_payment_that_asks_for_more_goes_on_with_the_same_transaction(mall: Mall) -> None:
    checkout = await mall.ready()
    asked = await mall.commerce.pay(checkout.id, checkout.gateways[0].id, _event("CHARGE_ACTION_REQUIRED"), "key")
    assert asked.status == "action_required"
    done = await mall.commerce.process_payment(asked.transaction_id, SUCCESS)
    assert (done.status, done.transaction_id) == ("succeeded", asked.transaction_id)
    assert (await mall.commerce.complete(checkout.id)).number == "1"


async def test_the_same_key_pays_once(mall: Mall) -> None:
    checkout = await mall.ready()
    first = await mall.commerce.pay(checkout.id, checkout.gateways[0].id, SUCCESS, "key")
    again = await mall.commerce.pay(checkout.id, checkout.gateways[0].id, SUCCESS, "key")
    assert first.transaction_id == again.transaction_id


async def test_refusals_are_in_words_for_a_buyer_by_field(mall: Mall) -> None:
    made = await mall.commerce.create_checkout([LineInput(await mall.variant("CSA-BASIC"))])
    cases = [
        (mall.commerce.set_email(made.id, "not-an-email"), "invalid", {"email": "This is not a valid e-mail address."}),
        (mall.commerce.add_promo_code(made.id, "NOPE"), "invalid", {"promo_code": "This code does not exist or is no longer valid."}),
        (mall.commerce.complete(made.id), "email_not_set", {}),
        (
            mall.commerce.pay(made.id, "no.such.gateway", {}, "key"),
            "not_found",
            {"payment_gateway": "This way to pay is not offered."},
        ),
    ]
    for call, code, fields in cases:
        with pytest.raises(CommerceError) as refused:
            await call
        assert (refused.value.code, refused.value.fields) == (code, fields)


async def test_an_address_names_every_part_that_is_missing(mall: Mall) -> None:
    made = await mall.commerce.create_checkout([LineInput(await mall.variant("CSA-BASIC"))])
    with pytest.raises(CommerceError) as refused:
        await mall.commerce.set_billing_address(made.id, Address(first_name="A", country="US"))
    assert refused.value.fields == dict.fromkeys(("country_area", "city", "postal_code", "street_address_1"), "This is required.")
    kept = await mall.commerce.set_billing_address(made.id, ADDRESS)
    assert kept.billing_address is not None
    assert (kept.billing_address.street_address_1, kept.billing_address.country) == ("1 Market St", "US")


@pytest.mark.parametrize(
    ("variant", "quantity", "code"),
    [("CSA-BASIC", 51, "quantity_greater_than_limit"), ("CSA-BASIC", 0, "zero_quantity"), ("", 1, "graphql_error")],
)
async def test_lines_the_shop_does_not_sell_so_are_refused(mall: Mall, variant: str, quantity: int, code: str) -> None:
    line = LineInput(await mall.variant(variant) if variant else "UHJvZHVjdFZhcmlhbnQ6OTk5OQ==", quantity)
    with pytest.raises(CommerceError) as refused:
        await mall.commerce.create_checkout([line])
    assert refused.value.code == code


async def test_a_negative_quantity_is_refused_before_the_shop_is_asked(mall: Mall) -> None:
    with pytest.raises(Invalid):
        await mall.commerce.set_quantity("any", "any", -1)
    assert mall.way.asked == 0
