"""Who sees an order, from when, and how one that nobody owns finds its owner."""

from __future__ import annotations

import dataclasses

import pytest

from backend.kernel.caller import Door
from backend.kernel.errors import Invalid, NotFound
from backend.kernel.ids import SaleorOrderId
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor

VISITOR = "the-cookie-of-this-browser"


async def test_an_order_is_seen_as_paid_as_soon_as_the_checkout_page_tracks_it(house: House, saleor: FakeSaleor) -> None:
    order_id = SaleorOrderId(saleor.place("CSA-BASIC"))
    ref = await house.orders.track(order_id, visitor=VISITOR)
    view = await house.orders.view(ref, visitor=VISITOR)
    assert [(stage.key, stage.status) for stage in view.stages] == [
        ("paid", "done"),
        ("received", "now"),
        ("granted", "todo"),
        ("fulfilled", "todo"),
    ]
    assert await house.orders.track(order_id, visitor="another browser") == ref
    with pytest.raises(NotFound):
        await house.orders.view(ref, visitor="another browser")


async def test_tracking_after_the_delivery_adds_the_browser_and_changes_nothing_else(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    ref = await house.deliver(saleor, order_id)
    assert await house.orders.track(SaleorOrderId(order_id), visitor=VISITOR) == ref
    assert await house.orders.view(ref, visitor=VISITOR) == await house.orders.view(ref, caller=buyer)


async def test_only_its_workspace_and_the_buying_browser_see_an_order(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    _, stranger = await house.member("stranger@example.com")
    ref = await house.deliver(saleor, saleor.place("CSA-BASIC"))
    assert (await house.orders.view(ref, caller=buyer)).ref == ref
    for caller in (stranger, None, dataclasses.replace(buyer, door=Door.WIDGET)):
        with pytest.raises(NotFound):
            await house.orders.view(ref, caller=caller)
    with pytest.raises(NotFound):
        await house.orders.view("ord_unknown", caller=buyer)
    assert await house.orders.list(stranger) == []


async def test_orders_are_listed_newest_first_a_page_at_a_time(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    refs = [await house.deliver(saleor, saleor.place("CREDITS-100")) for _ in range(3)]
    first = await house.orders.page(buyer, limit=2)
    rest = await house.orders.page(buyer, limit=2, cursor=first.next)
    assert sorted(refs, reverse=True) == [view.ref for view in (*first.items, *rest.items)]
    assert rest.next is None
    with pytest.raises(Invalid):
        await house.orders.page(buyer, cursor="nonsense")


async def test_an_order_nobody_owns_waits_and_is_claimed_by_who_proves_its_email(house: House, saleor: FakeSaleor) -> None:
    ref = await house.deliver(saleor, saleor.place("CSA-BASIC", email="Late.Buyer@Example.com"))
    await house.orders.track(SaleorOrderId(next(iter(saleor.orders))), visitor=VISITOR)
    view = await house.orders.view(ref, visitor=VISITOR)
    assert (view.status, view.claimable, "late.buyer@example.com" in view.stuck_reason) == ("unclaimed", True, True)
    stranger, _ = await house.member("stranger@example.com")
    assert await house.orders.claim(stranger, visitor=VISITOR) == []
    account, buyer = await house.member("late.buyer@example.com")
    assert await house.orders.claim(account) == [ref]
    await house.wait(f"order:{ref}:claim:1")
    assert (await house.orders.view(ref, caller=buyer)).status == "ready"
    assert len(await house.instances.list(buyer)) == 1
    assert await house.orders.claim(account) == []


async def test_an_email_that_was_not_proven_claims_only_from_the_browser_that_bought(house: House, saleor: FakeSaleor) -> None:
    order_id = saleor.place("CREDITS-100", email="late@example.com")
    await house.orders.track(SaleorOrderId(order_id), visitor=VISITOR)
    ref = await house.deliver(saleor, order_id)
    account, buyer = await house.member("late@example.com", verified=False)
    assert await house.orders.claim(account) == []
    assert await house.orders.claim(account, visitor="another browser") == []
    assert await house.orders.claim(account, visitor=VISITOR) == [ref]
    await house.wait(f"order:{ref}:claim:1")
    assert await house.available(buyer) == "100"


async def test_an_unverified_account_does_not_get_an_order_by_its_email(house: House, saleor: FakeSaleor) -> None:
    _, squatter = await house.member("late@example.com", verified=False)
    await house.deliver(saleor, saleor.place("CREDITS-100", email="late@example.com"))
    assert await house.available(squatter) == "0"


async def test_an_order_tracked_by_a_signed_in_buyer_goes_to_their_workspace(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100", email="colleague@example.com")
    ref = await house.deliver(saleor, order_id)
    await house.orders.track(SaleorOrderId(order_id), workspace_id=buyer.workspace_id)
    await house.wait(f"order:{ref}:claim:1")
    assert await house.available(buyer) == "100"
