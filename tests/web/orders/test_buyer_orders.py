"""What a buyer sees of an order, and of all orders of the workspace."""

from __future__ import annotations

import dataclasses
import json

import pytest

from backend.kernel.ids import SaleorOrderId
from backend.provisioner.orders import VIEWS as SERVED
from backend.provisioner.policy import Payment, Status
from cmp_web import routes
from cmp_web.state.app_orders import STATUS, VIEWS, Orders
from cmp_web.state.order import HEADINGS, PAYMENT, Order
from cmp_web.state.session import VISITOR
from tests.web.orders.conftest import MEMBER, OPERATOR, Market, call, turn_to
from tests.web.store.conftest import destination


async def page_of(market: Market, ref: str, email: str = MEMBER) -> Order:
    tab = market.tab(Order, email, routes.order(ref))
    await call(Order.load, tab)
    return tab


async def history(market: Market, email: str = MEMBER, **query: str) -> Orders:
    tab = market.tab(Orders, email, routes.APP_ORDERS, **query)
    await call(Orders.load, tab)
    return tab


def test_every_way_an_order_can_stand_has_its_words() -> None:
    assert set(STATUS) == {str(status) for status in Status}
    assert set(HEADINGS) | {"ready"} == {str(status) for status in Status}
    assert set(PAYMENT) == {str(payment) for payment in Payment}
    assert set(VIEWS) == set(SERVED)


async def test_a_paid_order_shows_its_lines_its_sums_and_that_it_is_paid(market: Market) -> None:
    shown = (await page_of(market, await market.order("CSA-BASIC", "CREDITS-100"))).order
    assert (shown.number, shown.day, shown.paid, shown.total) == ("1", "22 Nov 2026", "Paid", "$29.99")
    assert [(line.total, line.outcome) for line in shown.lines] == [
        ("$19.99", "Agent ready, 50 credits included"),
        ("$10.00", "100 credits added"),
    ]
    assert (shown.sums, shown.tax, shown.back) == ([], "", [])


async def test_what_was_taken_off_and_the_tax_within_are_shown_as_the_shop_has_them(market: Market) -> None:
    order_id = market.saleor.place("CSA-BASIC", email=MEMBER)
    order = market.saleor.orders[order_id]
    order["undiscountedTotal"] = {"gross": {"amount": 24.99, "currency": "USD"}}
    order["total"]["tax"] = {"amount": 1.66, "currency": "USD"}
    shown = (await page_of(market, await market.deliver(order_id))).order
    assert [(row.name, row.value) for row in shown.sums] == [("Subtotal", "$24.99"), ("Discount", "−$5.00")]
    assert (shown.total, shown.tax) == ("$19.99", "$1.66")


async def test_money_that_is_set_aside_is_not_called_paid(market: Market) -> None:
    order_id = market.saleor.place("CSA-BASIC", email=MEMBER, charge="NONE")
    market.saleor.orders[order_id]["totalAuthorized"] = {"amount": 19.99, "currency": "USD"}
    shown = (await page_of(market, await market.deliver(order_id))).order
    assert (shown.status, shown.paid, shown.heading) == ("unpaid", "Authorised, not charged yet", "Waiting for the payment")


async def test_refunds_and_a_charge_back_are_told_to_the_buyer(market: Market) -> None:
    part, bank = (market.saleor.place("CSA-BASIC", email=MEMBER) for _ in range(2))
    for order_id in (part, bank):
        await market.deliver(order_id)
    market.saleor.refund(part, 5.0)
    shown = (await page_of(market, await market.deliver(part, "OrderRefunded"))).order
    assert (shown.paid, [(row.name, row.value) for row in shown.back]) == ("Partly refunded", [("Refunded", "−$5.00")])
    assert shown.heading == "Partly refunded, and we are looking at it"
    assert "Decide" not in json.dumps(dataclasses.asdict(shown))
    market.saleor.charge_back(bank)
    shown = (await page_of(market, await market.deliver(bank, issued="2026-11-22T13:00:00+00:00"))).order
    assert (shown.status, shown.paid, shown.back[0].value) == ("charged_back", "Taken back by the bank", "−$19.99")
    assert shown.lines[0].outcome == "Taken back"


async def test_an_order_that_grew_after_it_was_paid_is_not_called_paid_and_asks_its_buyer_for_no_decision(market: Market) -> None:
    order_id = market.saleor.place("CSA-BASIC", email=MEMBER)
    market.saleor.orders[order_id]["total"]["gross"]["amount"] = 59.99
    shown = (await page_of(market, await market.deliver(order_id))).order
    assert (shown.status, shown.heading, shown.paid) == ("needs_hand", "Not paid in full", "Paid in part")
    assert "decide" not in json.dumps(dataclasses.asdict(shown))


async def test_neither_the_page_nor_the_history_holds_the_shops_own_order_id(market: Market) -> None:
    order_id = market.saleor.place("CSA-BASIC", email=MEMBER)
    ref = await market.deliver(order_id)
    page, listed = await page_of(market, ref), await history(market)
    assert order_id not in json.dumps([dataclasses.asdict(page.order), *map(dataclasses.asdict, listed.rows)])


@pytest.mark.parametrize("email", ["", OPERATOR])
async def test_a_link_alone_shows_nothing_of_an_order(market: Market, email: str) -> None:
    page = await page_of(market, await market.order("CSA-BASIC"), email)
    assert (page.missing, page.order.ref, page.order.number) == (True, "", "")


async def test_the_browser_that_bought_sees_its_order_without_an_account(market: Market) -> None:
    order_id = SaleorOrderId(market.saleor.place("CSA-BASIC", email="late@example.com"))
    ref = await market.services.orders.track(order_id, visitor="this-browser")
    page = market.tab(Order, "", routes.order(ref))
    turn_to(page._get_root_state(), f"{VISITOR}=this-browser", routes.order(ref), {})
    await call(Order.load, page)
    assert (page.missing, page.order.ref) == (False, ref)
    assert page.order.paid == ""


async def test_the_history_is_searched_filtered_counted_and_paged_by_its_address(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmp_web.state.app_orders.PAGE", 1)
    await market.order("CSA-BASIC")
    await market.order("T-SHIRT")
    await market.order("CREDITS-100")
    await market.order("CREDITS-100", email="somebody@example.com")
    tab = await history(market)
    [row] = tab.rows
    assert (row.number, tab.said, tab.older, tab.newest) == ("3", "3 orders", f"/app/orders?after={row.ref}", "")
    older = await history(market, after=row.ref)
    assert ([one.number for one in older.rows], older.newest) == (["2"], "/app/orders")
    under_way = await history(market, state="under_way")
    assert ([one.status_words for one in under_way.rows], under_way.said) == (["Waits for us"], "1 order")
    found = await history(market, q="CSA", state="ready")
    assert ([one.number for one in found.rows], found.said) == (["1"], "1 order")
    assert destination(await call(Orders.search, found, " CREDITS ")) == "/app/orders?q=CREDITS&state=ready"
    assert destination(await call(Orders.filter_state, found, "returned")) == "/app/orders?q=CSA&state=returned"
    assert destination(await call(Orders.submit, found, {"q": "2"})) == "/app/orders?q=2&state=ready"
    assert destination(await call(Orders.clear, found)) == "/app/orders"


async def test_another_workspaces_orders_are_neither_listed_nor_counted(market: Market) -> None:
    await market.order("CSA-BASIC")
    tab = await history(market, OPERATOR)
    assert (tab.rows, tab.said) == ([], "0 orders")
    assert (await history(market, OPERATOR, q=(await history(market)).rows[0].ref)).rows == []


async def test_a_cursor_of_somebody_elses_making_is_refused_with_words(market: Market) -> None:
    tab = await history(market, after="nonsense")
    assert (tab.phase, tab.fault) == ("failed", "This is not a cursor of this list.")
