"""A Saleor sells other things in other channels: those orders are none of ours, and their buyers hear nothing from us."""

from __future__ import annotations

from datetime import timedelta

from backend.provisioner import repository
from tests.conftest import NOW
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor
from tests.service.provisioner.test_deliveries import stored
from tests.service.provisioner.test_provisioning import letters
from tests.service.provisioner.test_returns import told

SINCE = NOW - timedelta(days=1)


def elsewhere(saleor: FakeSaleor, *skus: str, email: str = "buyer@example.com") -> str:
    """An order of another channel."""
    order_id = saleor.place(*skus, email=email)
    saleor.orders[order_id]["channel"]["slug"] = "clothes"
    return order_id


async def test_an_order_of_another_channel_leaves_nothing_by_delivery_or_by_poll(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    order_id = elsewhere(saleor, "CSA-BASIC")
    for cause, event in (("paid", "OrderFullyPaid"), ("updated", "OrderUpdated"), ("refunded", "OrderRefunded")):
        raw, headers = saleor.delivery(order_id, event)
        assert await house.provisioner.receive(cause, raw, headers) == ""
    report = await house.reconciler.reconcile(SINCE)
    assert (report.taken_up, await house.begun(), await stored(house)) == ((), [], 0)


async def test_a_delivery_that_does_not_name_its_channel_is_judged_by_the_look(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = elsewhere(saleor, "CSA-BASIC")
    channel = saleor.orders[order_id].pop("channel")
    raw, headers = saleor.delivery(order_id)
    saleor.orders[order_id]["channel"] = channel
    ref = await house.provisioner.receive("paid", raw, headers)
    await house.rest()
    async with house.database.read() as tx:
        row = await repository.get(tx, ref)
    assert (row.status, "another channel" in row.reason) == ("needs_hand", True)
    assert (await house.instances.list(buyer), saleor.written) == ([], [])
    assert [letter["To"] for letter in letters(house)] == ["operator@example.com"]


async def test_a_refund_of_an_order_that_we_know_counts_though_the_channel_is_another_now(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    await house.deliver(saleor, order_id)
    saleor.orders[order_id]["channel"]["slug"] = "renamed"
    saleor.refund(order_id)
    await house.deliver(saleor, order_id, "OrderFullyRefunded")
    assert await house.available(buyer) == "0"


async def test_the_buyer_of_nothing_that_we_offer_is_not_asked_to_claim_it(house: House, saleor: FakeSaleor) -> None:
    ref = await house.deliver(saleor, saleor.place("T-SHIRT", email="stranger@example.com"))
    async with house.database.read() as tx:
        row = await repository.get(tx, ref)
    assert (row.status, row.reason) == ("needs_hand", "Nothing is offered under T-SHIRT.")
    assert ([letter["To"] for letter in letters(house)], len(told(house))) == (["operator@example.com"], 1)
    assert saleor.written == []
