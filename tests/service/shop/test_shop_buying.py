"""From a product to a paid, fulfilled order."""

from __future__ import annotations

from tests.service.shop.shop import Shop


async def test_a_paid_checkout_becomes_a_fully_paid_order_that_can_be_fulfilled(shop: Shop) -> None:
    order = await shop.buy("CSA-PRO", "KBA-BASIC")
    assert order["status"] == "UNFULFILLED"
    assert order["isPaid"] is True
    assert [line["productSku"] for line in order["lines"]] == ["CSA-PRO", "KBA-BASIC"]
    assert shop.events.of(order["id"]) == ["ORDER_CREATED", "ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_CONFIRMED"]

    done = await shop.fulfil(order)
    assert done["errors"] == []
    assert done["order"]["status"] == "FULFILLED"
    assert [one["type"] for one in (await shop.order(order["id"]))["events"]][:3] == ["PLACED", "ORDER_FULLY_PAID", "CONFIRMED"]
