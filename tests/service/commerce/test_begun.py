"""A payment that was begun: what may still become of it when the cart changes, the buyer leaves, or comes back late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.commerce import attempts as room_attempts
from backend.commerce import outcomes, till
from backend.commerce.gateways import TEST
from backend.commerce.outcomes import Buyer, Details
from backend.commerce.schemas import Gateway
from backend.commerce.seen import seen
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Invalid
from tests.service.commerce import desk as room
from tests.service.commerce.desk import ADA, DETAILS, Desk, event, lost_before, open_desk, says
from tests.service.commerce.shop import Mall
from tests.service.commerce.test_till import attempts, change

BANK = "other.pay"
AT_BANK = "https://bank.example/pay"


@pytest.fixture
def desk(mall: Mall, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A shop that also offers a bank's pages."""
    monkeypatch.setattr(till, "WAITS", (0.01, 0.02))
    desk = open_desk(mall, clock, (BANK,))
    offers = desk.till.gateways.offers
    monkeypatch.setattr(desk.till.gateways, "offers", lambda listed: offers([*listed, Gateway(BANK, "Bank")]))
    return desk


def asked(desk: Desk) -> list[object]:
    return [sent["amount"] for name, sent in zip(desk.way.asked, desk.way.sent, strict=True) if name == "TransactionInitialize"]


def at_bank(desk: Desk, kind: str = "CHARGE_ACTION_REQUIRED") -> None:
    """What the bank's app says when it is asked next."""
    desk.way.once("TransactionProcess", event(kind, "transactionProcess", url=AT_BANK))


async def begin_at_bank(desk: Desk, *skus: str) -> room.Seen:
    shown = await desk.cart(*skus or ("CSA-PRO",))
    desk.way.once("TransactionInitialize", event("CHARGE_ACTION_REQUIRED", url=AT_BANK))
    assert (await desk.pay(shown, gateway=BANK)).kind == "action"
    return shown


async def test_a_confirmation_is_not_gone_on_with_when_the_total_is_another_now(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    await desk.pay(shown, "confirm")
    await desk.mall.commerce.add_promo_code(shown.checkout_id, "FREE")
    standing = await desk.till.look(ADA)
    assert standing.outcome is not None
    assert (standing.outcome.kind, standing.outcome.action) == ("changed", None)
    changed = await desk.till.confirm(ADA, shown.checkout_id, {})
    assert (changed.kind, desk.way.count("TransactionProcess")) == ("changed", 0)
    assert "$49.99 was begun, and the total is $0.00 now" in changed.message
    assert changed.checkout is not None
    assert (await desk.pay(seen(changed.checkout))).kind == "placed"
    assert desk.way.count("TransactionInitialize") == 1


async def test_another_payment_after_one_begun_takes_only_what_its_buyer_was_shown(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    await desk.pay(shown, "confirm")
    await desk.carts.add("ada", await desk.mall.variant("CREDITS-100"), 3)
    changed = await desk.pay(shown, gateway=BANK)
    assert (changed.kind, [one.kind for one in changed.changes]) == ("changed", ["added", "total"])
    assert asked(desk) == ["49.99"]


async def test_a_payment_nobody_heard_of_is_begun_again_only_at_the_price_that_was_shown(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", lost_before)
    await desk.pay(shown)
    desk.clock.advance(timedelta(seconds=11))
    await desk.carts.add("ada", await desk.mall.variant("CREDITS-100"), 3)
    changed = await desk.pay(shown)
    assert (changed.kind, asked(desk)) == ("changed", ["49.99"])
    assert changed.checkout is not None
    assert (await desk.pay(seen(changed.checkout))).kind == "placed"
    assert asked(desk) == ["49.99", "79.99"]


async def test_what_the_form_lacks_and_a_new_price_are_told_together(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    await change(desk, "CSA-PRO", price=5999)
    desk.clock.advance(timedelta(hours=2))
    refused = await desk.till.pay(ADA, shown, Details("", DETAILS.address, agreed=False), TEST, {})
    assert (refused.kind, [one.kind for one in refused.changes]) == ("invalid", ["price", "total"])


async def test_no_second_payment_is_begun_beside_one_that_is_open_at_a_bank(desk: Desk) -> None:
    shown = await begin_at_bank(desk)
    at_bank(desk)
    found = await desk.pay(shown)
    assert (found.kind, found.action is not None, len(asked(desk))) == ("open", True, 1)
    assert "payment of $49.99 open at bank.example" in found.message


async def test_a_payment_open_at_a_bank_for_another_sum_can_only_be_given_up(desk: Desk) -> None:
    await begin_at_bank(desk)
    await desk.carts.add("ada", await desk.mall.variant("CREDITS-100"))
    shown = seen(await desk.checkout())
    at_bank(desk)
    found = await desk.pay(shown, gateway=BANK)
    assert (found.kind, found.action, len(asked(desk))) == ("open", None, 1)
    at_bank(desk)
    await desk.till.give_up(ADA, shown.checkout_id)
    assert (await desk.pay(shown)).kind == "placed"
    assert [row.stage for row in await attempts(desk)] == ["closed", "placed"]


def state_of(desk: Desk) -> str:
    """The word that went along to the bank."""
    sent = [sent for name, sent in zip(desk.way.asked, desk.way.sent, strict=True) if name == "TransactionInitialize"]
    opening: dict[str, str] = sent[-1]["gateway"]["data"]
    return opening["returnUrl"].partition("state=")[2]


async def paid_at_bank(desk: Desk) -> None:
    """The bank took the money, so that the shop places the order."""
    desk.way.once("TransactionProcess", event("CHARGE_SUCCESS", "transactionProcess"))
    desk.way.once("CheckoutComplete", room.says(checkoutComplete={"order": {"id": "T3JkZXI6MQ==", "number": "1"}, "errors": []}))


async def test_giving_up_a_payment_that_was_made_at_the_bank_places_its_order(desk: Desk) -> None:
    shown = await begin_at_bank(desk)
    await paid_at_bank(desk)
    assert (await desk.till.give_up(ADA, shown.checkout_id)).kind == "placed"


async def test_a_payment_given_up_is_not_said_to_be_harmless_and_counts_when_it_is_made_after_all(desk: Desk) -> None:
    shown = await begin_at_bank(desk)
    at_bank(desk)
    left = await desk.till.give_up(ADA, shown.checkout_id)
    assert "Do not finish it at the bank" in left.message
    assert "Nothing was charged" not in left.message
    at_bank(desk)
    assert (await desk.till.returned(ADA, state_of(desk), {})).kind == "declined"
    assert [row.stage for row in await attempts(desk)] == ["closed"]
    await paid_at_bank(desk)
    assert (await desk.till.returned(ADA, state_of(desk), {"outcome": "paid"})).kind == "placed"


async def test_a_payment_that_is_not_the_newest_is_settled_when_its_buyer_comes_back_from_it(desk: Desk) -> None:
    shown = await begin_at_bank(desk)
    state = state_of(desk)
    at_bank(desk)
    await desk.till.give_up(ADA, shown.checkout_id)
    assert (await desk.pay(shown, "declined")).kind == "declined"
    await paid_at_bank(desk)
    assert (await desk.till.returned(ADA, state, {"outcome": "paid"})).kind == "placed"
    assert [row.stage for row in await attempts(desk)] == ["placed", "declined"]


async def test_a_payment_made_after_it_was_given_up_is_found_for_a_day_also_when_nobody_comes_back(desk: Desk) -> None:
    shown = await begin_at_bank(desk)
    at_bank(desk)
    await desk.till.give_up(ADA, shown.checkout_id)
    desk.clock.advance(timedelta(hours=2))
    await paid_at_bank(desk)
    assert await desk.till.sweep() == 1


async def test_many_payments_that_wait_for_their_buyers_do_not_keep_a_paid_one_from_its_order(desk: Desk) -> None:
    async with desk.mall.database.write() as tx:
        for number in range(120):
            row = await room_attempts.begin(tx, desk.clock.now(), f"c{number}", 1, "somebody")
            row.stage, row.gateway = "action", TEST
            tx.add(row)
    desk.clock.advance(timedelta(minutes=1))
    shown = await desk.cart("CSA-PRO")
    desk.way.once("CheckoutComplete", lost_before)
    assert (await desk.pay(shown)).kind == "unknown"
    desk.clock.advance(timedelta(minutes=6))
    assert await desk.till.sweep() == 1
    desk.clock.advance(timedelta(days=1))
    await desk.till.sweep()
    await desk.till.sweep()
    assert {row.stage for row in await attempts(desk)} == {"closed", "placed"}


async def test_a_payment_that_cannot_be_looked_at_is_logged_and_the_next_gets_its_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for buyer in (Buyer("first"), Buyer("second")):
        shown = await desk.cart("CSA-PRO", buyer=buyer)
        desk.way.once("CheckoutComplete", lost_before)
        await desk.pay(shown, buyer=buyer)
    faults: list[Exception] = [Invalid("no"), RuntimeError("unforeseen")]
    track = desk.book.track

    async def failing(*given: Any, **more: Any) -> str:
        if faults:
            raise faults.pop(0)
        return await track(*given, **more)

    monkeypatch.setattr(desk.book, "track", failing)
    desk.clock.advance(timedelta(minutes=6))
    assert await desk.till.sweep() == 0
    assert [record.exc_info is not None for record in caplog.records if "could not be looked at" in record.message] == [False, True]
    desk.clock.advance(timedelta(minutes=6))
    assert await desk.till.sweep() == 2


async def test_what_is_over_is_forgotten_after_a_while_and_no_address_is_kept_of_a_placed_order(desk: Desk) -> None:
    await desk.pay(await desk.cart("CSA-PRO"))
    (row,) = await attempts(desk)
    assert row.email == ""
    await desk.cart("CREDITS-100")
    desk.clock.advance(timedelta(days=2))
    await desk.carts.clear("ada")
    assert (await desk.till.look(ADA)).outcome is None, "an order of long ago is no news"
    await desk.cart("CREDITS-100")
    await desk.till.forget()
    assert (len(await attempts(desk)), await desk.carts.current("ada") is not None) == (1, True)
    desk.clock.advance(timedelta(days=60))
    await desk.till.look(ADA)
    desk.clock.advance(timedelta(days=31))
    await desk.till.forget()
    assert await attempts(desk) == []
    assert await desk.carts.current("ada") is not None, "a cart that is looked at is in use"
    desk.clock.advance(timedelta(days=60))
    await desk.till.forget()
    assert await desk.carts.last_shown("ada") is None


async def test_a_step_that_is_not_known_is_not_said_to_be_harmless(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", event("CHARGE_ACTION_REQUIRED", data={"scan": "this"}))
    found = await desk.pay(shown, gateway=BANK)
    assert (found.kind, found.message) == ("declined", outcomes.UNKNOWN_STEP)
    assert "Nothing was charged" not in found.message


async def test_an_answer_the_shop_could_not_read_is_looked_up_and_its_words_are_not_shown(desk: Desk) -> None:
    shown = await desk.cart("CSA-PRO")
    desk.way.once("TransactionInitialize", event("CHARGE_FAILURE", message="Missing value for field: pspReference. Input: {}."))
    found = await desk.pay(shown)
    assert (found.kind, "pspReference" in found.message) == ("unknown", False)


async def test_a_payment_the_shop_would_not_go_on_with_gives_way_to_another(desk: Desk) -> None:
    """Its app was taken out of the shop, say: nothing is held for it, and the buyer is not kept from paying."""
    shown = await begin_at_bank(desk)
    desk.way.once("TransactionProcess", says(transactionProcess=refusal("NOT_FOUND")))
    assert (await desk.till.check(ADA, shown.checkout_id)).kind == "free"
    desk.way.once("TransactionProcess", says(transactionProcess=refusal("NOT_FOUND")))
    assert (await desk.pay(shown)).kind == "placed"
    assert [row.stage for row in await attempts(desk)] == ["closed", "placed"]
    assert len(set(desk.way.keys())) == 2


def refusal(code: str) -> dict[str, object]:
    error = {"field": None, "code": code, "message": "It is not there."}
    return {"transaction": None, "transactionEvent": None, "data": None, "errors": [error]}
