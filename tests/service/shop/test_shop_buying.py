"""From a product to a paid, fulfilled order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlmodel import col, update

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.shop.models import VariantRow
from tests.service.shop.shop import APP_TOKEN, Shop


def codes(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [fault["code"] for fault in answer["errors"]]


async def test_a_paid_checkout_becomes_a_fully_paid_order_that_can_be_fulfilled_once(shop: Shop) -> None:
    order = await shop.buy("CSA-PRO", "KBA-BASIC", metadata=[{"key": "visitor", "value": "v1"}])
    assert order["status"] == "UNFULFILLED"
    assert order["isPaid"] is True
    assert order["metadata"] == [{"key": "visitor", "value": "v1"}]
    assert [line["productSku"] for line in order["lines"]] == ["CSA-PRO", "KBA-BASIC"]
    assert shop.events.of(order["id"]) == ["ORDER_CREATED", "ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_CONFIRMED"]

    done = await shop.fulfil(order)
    assert done["errors"] == []
    assert done["order"]["status"] == "FULFILLED"
    again = await shop.fulfil(order)
    assert codes(again) == ["FULFILL_ORDER_LINE"]
    assert len((await shop.order(order["id"]))["fulfillments"]) == 1


async def test_a_declined_card_leaves_the_checkout_unpaid_and_a_second_card_can_pay_it(shop: Shop) -> None:
    checkout = await shop.checkout("CSA-BASIC")
    declined = await shop.pay(checkout["id"], "CHARGE_FAILURE")
    assert declined["errors"] == []
    assert declined["transactionEvent"]["type"] == "CHARGE_FAILURE"
    assert declined["transaction"]["chargedAmount"]["amount"] == 0
    assert codes(await shop.complete(checkout["id"])) == ["CHECKOUT_NOT_FULLY_PAID"]
    assert shop.events.told == []

    await shop.pay(checkout["id"])
    assert (await shop.complete(checkout["id"]))["order"]["chargeStatus"] == "FULL"


async def test_a_payment_that_needs_the_buyer_is_paid_only_once_it_was_processed(shop: Shop) -> None:
    checkout = await shop.checkout()
    begun = await shop.pay(checkout["id"], "CHARGE_ACTION_REQUIRED")
    assert begun["transactionEvent"]["type"] == "CHARGE_ACTION_REQUIRED"
    assert codes(await shop.complete(checkout["id"])) == ["CHECKOUT_NOT_FULLY_PAID"]

    process = (
        "mutation($id:ID!,$d:JSON){transactionProcess(id:$id,data:$d){transaction{chargedAmount{amount}}"
        " transactionEvent{type} errors{field code}}}"
    )
    for _ in range(2):
        done = await shop.ask(process, id=begun["transaction"]["id"], d={"event": {"type": "CHARGE_SUCCESS"}})
        assert done["transactionEvent"]["type"] == "CHARGE_SUCCESS"
        assert done["transaction"]["chargedAmount"]["amount"] == 19.99
    assert (await shop.complete(checkout["id"]))["order"]["isPaid"] is True


async def test_the_same_idempotency_key_charges_once(shop: Shop) -> None:
    checkout = await shop.checkout()
    first, second = [await shop.pay(checkout["id"], k="key-1") for _ in range(2)]
    assert first == second
    assert (await shop.complete(checkout["id"]))["order"]["chargeStatus"] == "FULL"


async def test_an_unknown_event_type_is_a_failed_payment_not_a_successful_one(shop: Shop) -> None:
    checkout = await shop.checkout()
    assert (await shop.pay(checkout["id"], "MAKE_ME_RICH"))["transactionEvent"]["type"] == "CHARGE_FAILURE"


async def test_an_order_that_is_only_authorised_is_not_paid_until_the_charge(shop: Shop) -> None:
    checkout = await shop.checkout()
    begun = await shop.pay(checkout["id"], "AUTHORIZATION_SUCCESS")
    order = (await shop.complete(checkout["id"]))["order"]
    assert order["isPaid"] is False
    assert "ORDER_FULLY_PAID" not in shop.events.of(order["id"])
    charged = await shop.ask(
        "mutation($id:ID!){transactionRequestAction(id:$id,actionType:CHARGE){errors{code}}}",
        token=APP_TOKEN,
        id=begun["transaction"]["id"],
    )
    assert charged["errors"] == []
    assert (await shop.order(order["id"]))["chargeStatus"] == "FULL"
    assert shop.events.of(order["id"]).count("ORDER_FULLY_PAID") == 1


async def test_completing_twice_gives_the_same_order_and_one_set_of_events(shop: Shop) -> None:
    checkout = await shop.checkout()
    await shop.pay(checkout["id"])
    first, second = [(await shop.complete(checkout["id"]))["order"] for _ in range(2)]
    assert first == second
    assert shop.events.of(first["id"]).count("ORDER_FULLY_PAID") == 1
    assert await shop.ask("query($id:ID!){checkout(id:$id){id}}", id=checkout["id"]) is None


async def test_four_completes_at_once_make_one_order(shop: Shop) -> None:
    checkout = await shop.checkout()
    await shop.pay(checkout["id"])
    answers = await asyncio.gather(*(shop.complete(checkout["id"]) for _ in range(4)))
    assert [answer["errors"] for answer in answers] == [[]] * 4
    assert len({answer["order"]["id"] for answer in answers}) == 1
    assert shop.events.of(answers[0]["order"]["id"]).count("ORDER_FULLY_PAID") == 1
    listed = await shop.ask("{orders(first:10){totalCount}}", token=APP_TOKEN)
    assert listed["totalCount"] == 1


async def test_the_last_unit_is_sold_to_one_of_two_buyers(shop: Shop, database: Database) -> None:
    async with database.write() as tx:
        await tx.execute(update(VariantRow).where(col(VariantRow.sku) == "CSA-BASIC").values(track_inventory=True, stock=1))
    checkouts = [await shop.checkout("CSA-BASIC") for _ in range(2)]
    for checkout in checkouts:
        await shop.pay(checkout["id"])
    answers = await asyncio.gather(*(shop.complete(checkout["id"]) for checkout in checkouts))
    assert sorted(codes(answer) for answer in answers) == [[], ["INSUFFICIENT_STOCK"]]


async def test_an_empty_checkout_cannot_be_completed(shop: Shop) -> None:
    checkout = await shop.checkout()
    line = checkout["lines"][0]["id"]
    emptied = await shop.ask(
        "mutation($id:ID!,$l:[ID!]!){checkoutLinesDelete(id:$id,linesIds:$l){checkout{lines{id} chargeStatus} errors{code}}}",
        id=checkout["id"],
        l=[line],
    )
    assert emptied["checkout"] == {"lines": [], "chargeStatus": "NONE"}
    assert codes(await shop.complete(checkout["id"])) == ["NO_LINES"]


async def test_a_price_holds_for_an_hour_after_the_line_was_added(shop: Shop, database: Database, clock: FrozenClock) -> None:
    checkout = await shop.checkout("CSA-BASIC")
    async with database.write() as tx:
        await tx.execute(update(VariantRow).where(col(VariantRow.sku) == "CSA-BASIC").values(price=9_900))
    price = "query($id:ID!){checkout(id:$id){totalPrice{gross{amount}}}}"
    clock.advance(timedelta(minutes=59))
    assert (await shop.ask(price, id=checkout["id"]))["totalPrice"]["gross"]["amount"] == 19.99
    clock.advance(timedelta(minutes=2))
    assert (await shop.ask(price, id=checkout["id"]))["totalPrice"]["gross"]["amount"] == 99.0
