"""Orders, read and worked on as the shop's app."""

from __future__ import annotations

from datetime import timedelta

from backend.commerce.order_schemas import OrderFilter
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import SaleorOrderId
from tests.service.commerce.shop import Mall


async def test_fulfilling_twice_is_fulfilling_once(mall: Mall) -> None:
    order = await mall.order()
    before = await mall.commerce.delivery(order.id)
    assert before is not None
    for _ in range(2):
        await mall.commerce.fulfil(order.id, before.lines[0], 1)
    done = await mall.commerce.order(order.id)
    assert done is not None
    assert (done.status, done.lines[0].quantity_to_fulfill) == ("FULFILLED", 0)


async def test_an_unknown_order_is_none(mall: Mall) -> None:
    assert await mall.commerce.order(SaleorOrderId("T3JkZXI6MDU4NWRjYWQtODkxYS00ZmRmLWFlYjEtNzVhNzM1MjRiYmY3")) is None


async def test_reconciliation_finds_fully_paid_orders_a_page_at_a_time(mall: Mall, clock: FrozenClock) -> None:
    numbers = [(await mall.order()).number for _ in range(3)]
    paid = OrderFilter(charge_status=("FULL",), updated_since=clock.now())
    first = await mall.commerce.orders(paid, first=2)
    rest = await mall.commerce.orders(paid, first=2, after=first.after)
    assert sorted(order.number for order in (*first.items, *rest.items)) == sorted(numbers)
    assert rest.after is None
    clock.advance(timedelta(days=9))
    later = OrderFilter(updated_since=clock.now())
    assert (await mall.commerce.orders(later)).items == ()
    await mall.commerce.add_note(first.items[0].id, "Something happened to it.")
    assert [order.number for order in (await mall.commerce.orders(later)).items] == [first.items[0].number]
    assert (await mall.commerce.orders(OrderFilter(charge_status=("NONE",)))).items == ()
    named = OrderFilter(ids=(rest.items[0].id, SaleorOrderId("T3JkZXI6MDU4NWRjYWQtODkxYS00ZmRmLWFlYjEtNzVhNzM1MjRiYmY3")))
    assert [order.number for order in (await mall.commerce.orders(named)).items] == [rest.items[0].number]


async def test_metadata_and_notes_reach_the_order(mall: Mall) -> None:
    order = await mall.order()
    await mall.commerce.set_metadata(order.id, {"provision_status": "ready"})
    await mall.commerce.add_note(order.id, "Provisioned.")
    seen = await mall.commerce.order(order.id)
    assert seen is not None
    assert seen.metadata == {"cmp_workspace": "ws_1", "provision_status": "ready"}
    delivery = await mall.commerce.delivery(order.id)
    assert delivery is not None
    assert (delivery.notes, delivery.metadata) == (("Provisioned.",), seen.metadata)


async def test_an_order_that_is_confirmed_already_stays_so(mall: Mall) -> None:
    order = await mall.order()
    await mall.commerce.confirm(order.id)
    seen = await mall.commerce.order(order.id)
    assert seen is not None
    assert seen.status == "UNFULFILLED"


async def test_metadata_put_on_a_checkout_is_copied_to_its_order(mall: Mall) -> None:
    checkout = await mall.ready()
    await mall.commerce.set_metadata(checkout.id, {"k": "v"})
    await mall.commerce.add_promo_code(checkout.id, "FREE")
    order = await mall.commerce.order((await mall.commerce.complete(checkout.id)).id)
    assert order is not None
    assert order.metadata == {"cmp_workspace": "ws_1", "k": "v"}
