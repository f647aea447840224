"""The orders of a workspace: narrowed, searched, counted, and with what they came to."""

from __future__ import annotations

import pytest

from backend.kernel.errors import Invalid
from backend.provisioner.orders import OrderSums
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor


async def test_a_history_is_narrowed_by_how_orders_stand_and_by_what_is_searched_for(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    await house.member("other@example.com")
    for skus in (("CSA-BASIC",), ("T-SHIRT", "CREDITS-100"), ("CREDITS-100",)):
        await house.deliver(saleor, saleor.place(*skus))
    await house.deliver(saleor, saleor.place("CREDITS-100", email="other@example.com"))

    async def found(**wanted: str) -> tuple[list[str], int]:
        page = await house.orders.page(buyer, **wanted)
        return [view.number for view in page.items], await house.orders.count(buyer, **wanted)

    assert await found() == (["3", "2", "1"], 3)
    assert await found(view="under_way") == (["2"], 1)
    assert await found(view="ready") == (["3", "1"], 2)
    assert await found(view="returned") == ([], 0)
    assert await found(search="credits") == (["3", "2"], 2)
    assert await found(view="ready", search="CREDITS-1") == (["3"], 1)
    assert await found(search=" #1 ") == (["1"], 1)
    assert await found(search="4") == ([], 0)
    assert await found(search="%") == ([], 0)


async def test_a_view_that_does_not_exist_is_refused(house: House) -> None:
    _, buyer = await house.member()
    with pytest.raises(Invalid):
        await house.orders.page(buyer, view="nonsense")
    with pytest.raises(Invalid):
        await house.orders.count(buyer, view="nonsense")


async def test_an_order_says_what_its_total_is_made_of_and_what_went_back(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    saleor.orders[order_id]["undiscountedTotal"] = {"gross": {"amount": 35.0, "currency": "USD"}}
    saleor.orders[order_id]["total"]["tax"] = {"amount": 2.5, "currency": "USD"}
    ref = await house.deliver(saleor, order_id)
    view = await house.orders.view(ref, caller=buyer)
    assert (view.payment, view.total) == ("paid", "$29.99")
    assert view.sums == OrderSums(subtotal="$35.00", discount="$5.01", tax="$2.50")
    saleor.refund(order_id, 10.0)
    await house.deliver(saleor, order_id, "OrderRefunded")
    view = await house.orders.view(ref, caller=buyer)
    assert (view.payment, view.sums.refunded, view.sums.charged_back) == ("partly_refunded", "$10.00", "")
