"""What the operator's page shows of orders, and what its buttons do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.kernel.errors import Unavailable
from cmp_web import routes
from cmp_web.state.operator_order import OperatorOrder
from cmp_web.state.operator_orders import OperatorOrders
from cmp_web.state.order import Order
from cmp_web.state.session import Operator
from tests.web.orders.conftest import MEMBER, Market, call
from tests.web.store.conftest import destination


async def listed(market: Market, **query: str) -> OperatorOrders:
    tab = market.tab(OperatorOrders, **query)
    await call(OperatorOrders.load, tab)
    return tab


async def opened(market: Market, ref: str) -> OperatorOrder:
    tab = market.tab(OperatorOrder, order=ref)
    await call(OperatorOrder.load, tab)
    return tab


async def follow(tab: OperatorOrder, events: list[Any]) -> None:
    """The watch that an act began, to its end."""
    assert "watch" in str(events[-1].handler.fn.__qualname__)
    given = [value._var_value for _, value in events[-1].args]
    await asyncio.wait_for(call(OperatorOrder.watch, tab, *given), 20)


async def partly_refunded(market: Market) -> str:
    order_id = market.saleor.place("CSA-BASIC", "CREDITS-100", email=MEMBER)
    await market.deliver(order_id)
    market.saleor.refund(order_id, 10.0)
    return await market.deliver(order_id, "OrderRefunded")


async def test_every_order_is_listed_with_its_stage_and_the_views_count_them(market: Market) -> None:
    await market.order("CSA-BASIC")
    await market.order("T-SHIRT", "CREDITS-100")
    await market.order("CREDITS-100", email="nobody@example.com")
    tab = await listed(market)
    assert [(row.number, row.skus, row.email, row.tone != "i2") for row in tab.rows] == [
        ("3", ["CREDITS-100"], "nobody@example.com", True),
        ("2", ["T-SHIRT", "CREDITS-100"], MEMBER, True),
        ("1", ["CSA-BASIC"], MEMBER, False),
    ]
    assert (tab.rows[0].workspace, bool(tab.rows[1].workspace), tab.rows[2].pips) == ("", True, ["g"] * 4)
    assert [(one.words, one.count, one.here) for one in tab.tabs] == [
        ("All", 3, True),
        ("Needs a hand", 1, False),
        ("Under way", 0, False),
        ("To be claimed", 1, False),
        ("Done", 1, False),
        ("Returned", 0, False),
    ]
    assert (await tab.get_state(Operator)).needs_hand == 1


async def test_view_search_and_page_are_read_from_the_address_and_kept_in_every_link(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmp_web.state.operator_orders.PAGE", 1)
    for _ in range(2):
        await market.order("T-SHIRT")
    await market.order("CSA-BASIC")
    tab = await listed(market, view="needs_hand", q="T-SHIRT")
    [row] = tab.rows
    assert (row.number, row.href) == ("2", f"/operator/orders?view=needs_hand&q=T-SHIRT&order={row.ref}")
    assert (tab.older, tab.newest) == (f"/operator/orders?view=needs_hand&q=T-SHIRT&after={row.ref}", "")
    older = await listed(market, view="needs_hand", q="T-SHIRT", after=row.ref)
    assert ([one.number for one in older.rows], older.older, older.newest) == (["1"], "", tab.closed)
    assert tab.tabs[0].href == "/operator/orders?q=T-SHIRT"
    assert destination(await call(OperatorOrders.search, tab, " CSA ")) == "/operator/orders?view=needs_hand&q=CSA"
    assert destination(await call(OperatorOrders.submit, tab, {"q": "1"})) == "/operator/orders?view=needs_hand&q=1"
    assert destination(await call(OperatorOrders.clear, tab)) == "/operator/orders?view=needs_hand"


async def test_a_view_that_does_not_exist_shows_all(market: Market) -> None:
    await market.order("CSA-BASIC")
    tab = await listed(market, view="nonsense")
    assert (tab.view, len(tab.rows), tab.phase) == ("all", 1, "ready")


async def test_a_market_without_orders_says_so(market: Market) -> None:
    tab = await listed(market)
    assert (tab.phase, tab.rows, tab.total, tab.report) == ("ready", [], 0, "Nothing was reconciled yet.")


async def test_a_failure_is_shown_with_its_code(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(type(market.services.desk), "counts", away)
    tab = await listed(market)
    assert (tab.phase, tab.fault_code, tab.fault) == ("failed", "unavailable", "The database does not answer.")


async def test_an_order_opens_with_its_reason_its_stages_and_the_acts_it_allows(market: Market) -> None:
    tab = await opened(market, await market.order("T-SHIRT"))
    sheet = tab.sheet
    assert (sheet.heading, sheet.reason, sheet.can) == ("Needs a hand.", "Nothing is offered under T-SHIRT.", ["retry"])
    assert [(stage.title, stage.status) for stage in sheet.stages][2:] == [
        ("Agents and credits added", "stuck"),
        ("Order complete", "todo"),
    ]
    facts = {fact.name: fact.value for fact in sheet.facts}
    assert (facts["Buyer"], facts["Charged"], facts["Payment in Saleor"], "Refunded" in facts) == (MEMBER, "$15.00", "Full", False)


async def test_an_order_that_does_not_exist_is_missing_and_none_is_open_without_one(market: Market) -> None:
    tab = await opened(market, "ord_nobodys")
    assert (tab.phase, tab.fault_code) == ("missing", "not_found")
    market.go(tab)
    await call(OperatorOrder.load, tab)
    assert (tab.ref, tab.sheet.ref) == ("", "")


async def test_a_double_click_on_retry_tries_once_and_the_outcome_is_said(market: Market) -> None:
    ref = await market.order("T-SHIRT")
    tab = await opened(market, ref)
    await market.offer_shirts()
    events = await call(OperatorOrder.retry, tab, 0)
    assert (tab.said, tab.turn, tab.busy) == ("It is being tried again.", 1, "")
    assert await call(OperatorOrder.retry, tab, 0) == []
    await follow(tab, events)
    assert (tab.said, tab.sheet.status, await market.status(ref)) == ("The order is complete.", "ready", "ready")
    assert [event.words for event in tab.sheet.log].count("Tried again.") == 1
    assert (await (await tab.get_state(OperatorOrders)).get_state(Operator)).needs_hand == 0


async def test_a_retry_that_changes_nothing_says_what_it_still_waits_for(market: Market) -> None:
    tab = await opened(market, await market.order("T-SHIRT"))
    await follow(tab, await call(OperatorOrder.retry, tab, 0))
    assert tab.said == "Needs a hand. Nothing is offered under T-SHIRT."


async def test_what_is_not_allowed_any_more_is_said_and_changes_nothing(market: Market) -> None:
    tab = await opened(market, await market.order("CSA-BASIC"))
    assert await call(OperatorOrder.retry, tab, 0) == []
    assert (tab.problem, tab.said, tab.busy, tab.turn) == ("This order does not wait for anything.", "", "", 0)


async def test_taking_back_asks_for_units_and_a_reason_each_at_its_field(market: Market) -> None:
    tab = await opened(market, await partly_refunded(market))
    assert tab.sheet.can == ["keep", "retry", "take_back"]
    assert [(unit.name, unit.left) for unit in tab.sheet.units] == [
        ("Customer Support Agent – Basic", "50 of 50 credits unspent"),
        ("Starter Credit Pack (100) – 100 credits", "100 of 100 credits unspent"),
    ]
    await call(OperatorOrder.take_back, tab, {"turn": "0", "take-reason": " "})
    assert (bool(tab.units_fault), bool(tab.reason_fault), tab.turn, tab.tries) == (True, True, 0, 1)
    await call(OperatorOrder.take_back, tab, {"turn": "0", "take-reason": "Agreed", "unit:nothing": "on"})
    assert (bool(tab.units_fault), tab.reason_fault) == (True, "")


async def test_each_piece_of_a_line_says_which_it_is(market: Market) -> None:
    order_id = market.saleor.place("CREDITS-100", email=MEMBER, quantity=2)
    tab = await opened(market, await market.deliver(order_id))
    name = "Starter Credit Pack (100) – 100 credits"
    assert [unit.name for unit in tab.sheet.units] == [f"{name}, 1 of 2", f"{name}, 2 of 2"]


async def test_only_what_was_chosen_is_taken_back_once_and_can_be_restored(market: Market) -> None:
    tab = await opened(market, await partly_refunded(market))
    form = {"turn": "0", "take-reason": "Agreed by phone", f"unit:{tab.sheet.units[1].key}": "on"}
    events = await call(OperatorOrder.take_back, tab, form)
    assert await call(OperatorOrder.take_back, tab, form) == []
    await follow(tab, events)
    assert [unit.open for unit in tab.sheet.units] == [True, False]
    assert any("Agreed by phone" in event.words for event in tab.sheet.log)
    await follow(tab, await call(OperatorOrder.restore, tab, tab.turn))
    assert [unit.open for unit in tab.sheet.units] == [True, True]


async def test_keeping_everything_needs_a_reason_and_ends_the_wait(market: Market) -> None:
    ref = await partly_refunded(market)
    tab = await opened(market, ref)
    await call(OperatorOrder.keep, tab, {"turn": "0", "keep-reason": ""})
    assert tab.reason_fault
    await follow(tab, await call(OperatorOrder.keep, tab, {"turn": "0", "keep-reason": "Goodwill"}))
    assert (await market.status(ref), [unit.open for unit in tab.sheet.units]) == ("ready", [True, True])


async def test_reconciling_says_what_it_found_and_a_shop_that_is_away_is_said_too(market: Market) -> None:
    market.saleor.place("CREDITS-100", email=MEMBER)
    tab = await listed(market)
    await call(OperatorOrders.reconcile, tab, 0)
    assert tab.said == "Compared 1 order with Saleor. 1 differed and is being looked at again."
    assert await call(OperatorOrders.reconcile, tab, 0) == []
    await market.settled()
    await call(OperatorOrders.reconcile, tab, 1)
    assert (tab.said, tab.problem) == ("Compared 1 order with Saleor. Nothing differed.", "")
    assert tab.report.endswith("Saleor and CMP agree on 1 order.")
    market.saleor.down = True
    await call(OperatorOrders.reconcile, tab, 2)
    assert (tab.said, bool(tab.problem), tab.busy) == ("", True, False)


async def test_an_order_that_was_paid_twice_says_how_much_has_to_be_given_back(market: Market) -> None:
    order_id = market.saleor.place("CSA-BASIC", email=MEMBER)
    once = await opened(market, await market.deliver(order_id))
    assert once.sheet.excess == ""
    market.saleor.pay(order_id, 19.99)
    twice = await opened(market, await market.deliver(order_id, issued="2026-11-22T12:05:00+00:00"))
    assert (twice.sheet.excess, twice.sheet.status) == ("Paid $19.99 more than its total; give it back in Saleor.", "ready")


async def test_money_of_a_cancelled_order_that_the_shop_still_holds_is_named_to_operator_and_buyer(market: Market) -> None:
    order_id = market.saleor.place("CSA-BASIC", email=MEMBER)
    await market.deliver(order_id)
    market.saleor.orders[order_id]["status"] = "CANCELED"
    ref = await market.deliver(order_id, issued="2026-11-22T12:05:00+00:00")
    sheet = (await opened(market, ref)).sheet
    assert (sheet.status, sheet.excess) == (
        "cancelled",
        "It was cancelled, and the shop still holds $19.99, if no refund is under way; give it back in Saleor.",
    )
    page = market.tab(Order, MEMBER, routes.order(ref))
    await call(Order.load, page)
    assert (page.order.heading, page.order.paid) == ("This order was cancelled", "Paid")
