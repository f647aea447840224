"""One order from however many clicks, at the price that was shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from backend.commerce import outcomes, till
from backend.commerce.gateways import TEST
from backend.commerce.models import AttemptRow
from backend.commerce.outcomes import Buyer, Details
from backend.commerce.schemas import Address
from backend.commerce.seen import seen, words
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import WorkspaceId
from backend.shop.models import ProductRow, VariantRow
from tests.service.commerce.desk import ADA, DETAILS, Desk, event, lost_after, lost_before, open_desk, says, together
from tests.service.commerce.shop import Mall


@pytest.fixture
def desk(mall: Mall, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(till, "WAITS", (0.01, 0.02, 0.05, 0.1, 0.2, 0.4))
    return open_desk(mall, clock)


async def attempts(desk: Desk) -> list[AttemptRow]:
    async with desk.mall.database.read() as tx:
        return list(await tx.scalars(select(AttemptRow).order_by(col(AttemptRow.number))))


async def change(desk: Desk, sku: str, **values: object) -> None:
    async with desk.mall.database.write() as tx:
        await tx.execute(update(VariantRow).where(col(VariantRow.sku) == sku).values(**values))


async def test_a_press_pays_and_places_the_order_and_the_cart_is_empty(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    outcome = await desk.pay(shown)
    assert (outcome.kind, outcome.order_ref) == ("placed", "ord_1")
    assert await desk.carts.current("ada") is None
    assert desk.book.visitors == {"ord_1": "ada"}
    assert desk.book.looked == []


async def test_two_tabs_that_press_at_once_pay_once_and_see_the_same_order(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    found = await together(desk, "TransactionInitialize", *(desk.pay(shown) for _ in range(4)))
    assert {(one.kind, one.order_ref) for one in found} == {("placed", "ord_1")}
    assert desk.way.count("TransactionInitialize") == 1


async def test_a_tab_whose_checkout_was_ordered_elsewhere_is_led_to_the_order(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    await desk.pay(shown)
    assert (await desk.pay(shown)).order_ref == "ord_1"
    await desk.cart("CREDITS-100")
    assert (await desk.pay(shown)).order_ref == "ord_1"
    assert len((await desk.checkout()).lines) == 1


async def test_the_payment_of_another_visitor_cannot_be_gone_on_with_by_its_word(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    opening = desk.till.gateways.opening
    shown = await desk.cart("CSA-PRO")

    def noted(gateway: str, given: Mapping[str, Any], back: str) -> Any:
        sent.append(back)
        return opening(gateway, given, back)

    monkeypatch.setattr(desk.till.gateways, "opening", noted)
    await desk.pay(shown, "confirm")
    state = sent[0].partition("state=")[2]
    assert (await desk.till.returned(Buyer("eve"), state, {})).kind == "gone"
    assert (await desk.till.returned(Buyer("eve"), "guess", {})).kind == "gone"
    assert desk.way.count("TransactionProcess") == 0
    assert (await desk.till.returned(ADA, state, {})).kind == "placed"


async def test_a_declined_card_charges_nothing_and_the_next_press_has_a_new_key(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    declined = await desk.pay(shown, "declined")
    assert declined.kind == "declined"
    assert "Nothing was charged" in declined.message
    assert (await desk.pay(shown)).kind == "placed"
    assert len(set(desk.way.keys())) == 2
    assert [row.stage for row in await attempts(desk)] == ["declined", "placed"]


async def test_two_tabs_on_one_declined_card_are_both_told_and_it_is_tried_once(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    found = await together(desk, "TransactionInitialize", *(desk.pay(shown, "declined") for _ in range(3)))
    assert {one.kind for one in found} == {"declined"}
    assert desk.way.count("TransactionInitialize") == 1


async def test_an_answer_that_was_lost_is_looked_up_before_anything_is_paid_again(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", lost_after)
    unsure = await desk.pay(shown)
    assert (unsure.kind, unsure.message) == ("unknown", outcomes.UNSURE)
    assert (await desk.pay(shown)).kind == "busy", "the shop may still be at it"
    desk.clock.advance(timedelta(seconds=11))
    assert (await desk.pay(shown)).kind == "placed"
    assert desk.way.count("TransactionInitialize") == 1


async def test_a_question_that_was_lost_goes_out_again_under_the_same_key(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", lost_before)
    assert (await desk.pay(shown)).kind == "unknown"
    desk.clock.advance(timedelta(seconds=11))
    assert (await desk.pay(shown)).kind == "placed"
    first, second = desk.way.keys()
    assert first == second


async def test_a_lost_answer_of_completing_ends_in_the_same_order(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("CheckoutComplete", lost_after)
    unsure = await desk.pay(shown)
    assert (unsure.kind, unsure.message) == ("unknown", outcomes.PAID_UNPLACED)
    standing = await desk.till.look(ADA)
    assert standing.outcome is not None
    assert (standing.outcome.kind, standing.outcome.order_ref) == ("placed", "ord_1")
    assert desk.way.count("TransactionInitialize") == 1


async def test_a_crash_between_charge_and_order_is_finished_by_the_next_press(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("CheckoutComplete", lost_before)
    assert (await desk.pay(shown)).kind == "unknown"
    again = await desk.till.look(ADA)
    assert again.outcome is not None
    assert again.outcome.kind == "unknown"
    assert (await desk.pay(shown)).kind == "placed"
    assert desk.way.count("TransactionInitialize") == 1


async def test_a_crash_whose_buyer_never_came_back_is_swept_up_and_given_to_them_later(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO", buyer=Buyer("ada", WorkspaceId("ws_1")))
    desk.way.once("CheckoutComplete", lost_before)
    await desk.pay(shown)
    assert await desk.till.sweep() == 0, "its buyer may still be there"
    desk.clock.advance(timedelta(minutes=6))
    assert await desk.till.sweep() == 1
    assert await desk.till.sweep() == 0
    assert desk.book.visitors == {}
    standing = await desk.till.look(ADA)
    assert standing.outcome is not None
    assert standing.outcome.order_ref == "ord_1"
    assert desk.book.visitors == {"ord_1": "ada"}


async def test_changing_the_way_to_pay_while_another_payment_is_unsure_asks_the_shop_first(mall: Mall, clock: FrozenClock) -> None:
    desk = open_desk(mall, clock, ("other.pay",))
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", lost_after)
    assert (await desk.pay(shown)).kind == "unknown"
    desk.clock.advance(timedelta(seconds=11))
    assert (await desk.pay(shown, gateway="other.pay")).kind == "placed"
    assert desk.way.count("TransactionInitialize") == 1


async def test_a_payment_that_asks_for_a_confirmation_is_the_same_in_both_tabs(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    first, second = await together(desk, "TransactionInitialize", desk.pay(shown, "confirm"), desk.pay(shown, "confirm"))
    assert first.action == second.action
    assert (first.kind, desk.way.count("TransactionInitialize")) == ("action", 1)
    standing = await desk.till.look(ADA)
    assert standing.outcome is not None
    assert standing.outcome.kind == "action", "also after a reload"
    found = await together(desk, "TransactionProcess", *(desk.till.confirm(ADA, shown.checkout_id, {}) for _ in range(2)))
    assert {one.order_ref for one in found} == {"ord_1"}


async def test_a_confirmation_that_was_given_up_leaves_nothing_and_the_next_press_begins_anew(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    await desk.pay(shown, "confirm")
    assert "Nothing was charged" in (await desk.till.give_up(ADA, shown.checkout_id)).message
    assert (await desk.pay(shown)).kind == "placed"
    assert len(set(desk.way.keys())) == 2


async def test_a_price_that_changed_is_told_from_and_to_and_paid_only_when_pressed_again(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO", "CREDITS-100")
    await change(desk, "CSA-PRO", price=5999)
    desk.clock.advance(timedelta(hours=2))
    changed = await desk.pay(shown)
    assert [words(one) for one in changed.changes] == [
        "Customer Support Agent – Pro: the price changed from $49.99 to $59.99.",
        "The total changed from $59.99 to $69.99.",
    ]
    assert desk.way.count("TransactionInitialize") == 0
    assert changed.checkout is not None
    assert (await desk.pay(seen(changed.checkout))).kind == "placed"


async def test_a_tab_that_saw_the_old_price_is_told_although_another_tab_was_shown_the_new_one(desk: Desk) -> None:
    old = await desk.cart("CSA-PRO")
    assert (await desk.till.look(ADA)).changes == ()
    await change(desk, "CSA-PRO", price=5999)
    desk.clock.advance(timedelta(hours=2))
    assert [one.kind for one in (await desk.till.look(ADA)).changes] == ["price", "total"]
    assert (await desk.till.look(ADA)).changes == (), "it is told once"
    assert (await desk.pay(old)).kind == "changed"


async def test_what_went_out_of_sale_or_out_of_stock_is_told_before_anything_is_paid(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO", "CREDITS-100")
    await change(desk, "CREDITS-100", track_inventory=True, stock=0)
    async with desk.mall.database.write() as tx:
        await tx.execute(update(ProductRow).where(col(ProductRow.slug) == "customer-support-agent").values(published=False))
    refused = await desk.pay(shown)
    assert {(one.kind, one.now) for one in refused.changes} == {("gone", ""), ("short", "0")}
    assert (refused.kind, desk.way.count("TransactionInitialize")) == ("changed", 0)
    assert refused.checkout is not None
    assert (await desk.pay(seen(refused.checkout))).kind == "changed", "seeing it does not make it right"


async def test_stock_that_ran_out_after_the_payment_is_told_plainly_and_kept_for_the_operator(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")

    async def sold_out(request: object, go: object) -> object:
        await change(desk, "CSA-PRO", track_inventory=True, stock=0)
        return await go()  # type: ignore[operator]

    desk.way.once("CheckoutComplete", sold_out)  # type: ignore[arg-type]
    stranded = await desk.pay(shown)
    assert stranded.kind == "stranded"
    assert "Your payment went through, but the order could not be placed: There are not enough of this left." in stranded.message
    (kept,) = await desk.till.stranded()
    assert (str(kept.amount), kept.email, kept.gateway) == ("$49.99", "ada@example.com", TEST)
    assert kept.transaction_id
    standing = await desk.till.look(ADA)
    assert standing.outcome is not None
    assert standing.outcome.kind == "stranded"
    await change(desk, "CSA-PRO", stock=5)
    assert (await desk.pay(shown)).kind == "placed"
    assert desk.way.count("TransactionInitialize") == 1
    assert await desk.till.stranded() == []


async def test_an_authorised_payment_places_an_order_that_is_looked_at_because_it_is_not_paid(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", event("AUTHORIZATION_SUCCESS"))
    desk.way.once("CheckoutComplete", says(checkoutComplete={"order": {"id": "T3JkZXI6MQ==", "number": "1"}, "errors": []}))
    assert (await desk.pay(shown)).kind == "placed"
    assert desk.book.looked == ["ord_1"]


async def test_a_code_for_everything_needs_no_gateway_and_two_tabs_place_one_order(desk: Desk) -> None:
    await desk.cart("CSA-PRO")
    free = await desk.mall.commerce.add_promo_code((await desk.checkout()).id, "FREE")
    found = await together(desk, "CheckoutComplete", *(desk.pay(seen(free), gateway="") for _ in range(2)))
    assert {(one.kind, one.order_ref) for one in found} == {("placed", "ord_1")}
    assert desk.way.count("TransactionInitialize") == 0


async def test_a_payment_app_nobody_could_reach_is_asked_again_under_the_same_key(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", event("CHARGE_FAILURE", message="Failed to delivery request."))
    unsure = await desk.pay(shown)
    assert (unsure.kind, "gave no clear answer" in unsure.message) == ("unknown", True)
    desk.clock.advance(timedelta(seconds=11))
    assert (await desk.pay(shown)).kind == "placed"
    assert len(set(desk.way.keys())) == 1


async def test_a_payment_being_processed_is_watched_and_then_placed_when_it_went_through(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", event("CHARGE_REQUEST"))
    assert (await desk.pay(shown)).kind == "pending"
    desk.way.once("TransactionProcess", event("CHARGE_REQUEST", "transactionProcess"))
    assert (await desk.till.check(ADA, shown.checkout_id)).kind == "pending"
    desk.way.once("TransactionProcess", event("CHARGE_SUCCESS", "transactionProcess"))
    desk.way.once("CheckoutComplete", says(checkoutComplete={"order": {"id": "T3JkZXI6MQ==", "number": "1"}, "errors": []}))
    assert (await desk.till.check(ADA, shown.checkout_id)).kind == "placed"


async def test_a_payment_being_processed_that_failed_after_all_can_be_tried_again(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", event("CHARGE_REQUEST"))
    await desk.pay(shown)
    desk.clock.advance(timedelta(seconds=16))
    desk.way.once("TransactionProcess", event("CHARGE_REQUEST", "transactionProcess"))
    assert (await desk.till.check(ADA, shown.checkout_id)).kind == "declined"
    assert (await desk.pay(shown)).kind == "placed"


async def test_what_the_form_lacks_is_told_by_field_and_nothing_is_paid(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    outcome = await desk.till.pay(ADA, shown, Details("", Address(country="US"), agreed=False), TEST, {})
    missing = {"email", "first_name", "last_name", "terms", "street_address_1", "city", "country_area", "postal_code"}
    assert (outcome.kind, set(outcome.fields)) == ("invalid", missing)
    assert desk.way.count("TransactionInitialize") == 0


async def test_a_shop_that_is_away_says_that_nothing_was_charged_only_when_that_is_so(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.mall.way.up = False
    assert (await desk.pay(shown)).message == outcomes.AWAY
    desk.mall.way.up = True
    desk.way.once("TransactionInitialize", lost_after)
    await desk.pay(shown)
    desk.mall.way.up = False
    assert (await desk.pay(shown)).message == outcomes.UNSURE


async def test_a_gateway_that_is_not_offered_or_not_known_is_not_paid_with(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    for gateway in ("", "some.other.app"):
        assert (await desk.pay(shown, gateway=gateway)).kind == "refused"
    assert desk.way.count("TransactionInitialize") == 0


async def test_the_amount_asked_for_is_the_one_that_was_shown(desk: Desk) -> None:
    await desk.pay(await desk.cart("CSA-PRO"))
    (asked,) = [sent for name, sent in zip(desk.way.asked, desk.way.sent, strict=True) if name == "TransactionInitialize"]
    assert asked["amount"] == "49.99"


async def test_a_reload_in_the_middle_of_a_payment_shows_it_and_takes_nothing(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", lost_before)
    await desk.pay(shown)
    standing = await desk.till.look(ADA)
    assert standing.outcome is not None
    assert standing.outcome.kind == "unknown"
    desk.clock.advance(timedelta(seconds=11))
    free = await desk.till.check(ADA, shown.checkout_id)
    assert (free.kind, free.message) == ("free", outcomes.NOT_TAKEN)
    assert DETAILS.missing() == {}
