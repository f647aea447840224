"""What the operator's page shows of payments without their order, and what its two buttons do."""

from __future__ import annotations

import asyncio

import pytest

from backend.commerce.outcomes import Outcome
from backend.kernel.errors import Unavailable
from cmp_web.state.operator_payments import OperatorPayments
from tests.web.orders.conftest import OPERATOR, Market, call


async def opened(market: Market) -> OperatorPayments:
    tab = market.tab(OperatorPayments)
    await call(OperatorPayments.load, tab)
    return tab


def answers(market: Market, monkeypatch: pytest.MonkeyPatch, kind: str, **row: object) -> None:
    """What the shop makes of it when it is asked to place the order again."""

    async def complete(held: object, *_: object, **__: object) -> Outcome:
        await market.services.till._paying.save(held, **row)  # type: ignore[arg-type]
        return Outcome(kind, order_ref=str(row.get("order_ref", "")))  # type: ignore[arg-type]

    monkeypatch.setattr(market.services.till._paying, "complete", complete)


async def test_nothing_is_shown_where_every_payment_has_its_order(market: Market) -> None:
    tab = await opened(market)
    assert (tab.phase, tab.rows, tab.said) == ("ready", [], "")


async def test_a_payment_is_shown_with_all_that_is_needed_to_find_it(market: Market) -> None:
    await market.strand()
    (row,) = (await opened(market)).rows
    assert (row.ref, row.amount, row.email, row.gateway) == ("pay_1", "$49.99", "buyer@example.com", "app.saleor.stripe")
    assert (row.transaction, row.since, row.reason) == ("VHI6MQ==", "22 Nov, 12:00", "It is sold out.")


async def test_a_refusal_of_the_shop_is_said_and_the_payment_stays(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    await market.strand()
    tab = await opened(market)
    answers(market, monkeypatch, "stranded", reason="It is still sold out.")
    await call(OperatorPayments.retry, tab, "pay_1", 0)
    assert (tab.waits, tab.said, tab.busy) == ("The shop still refuses: It is still sold out.", "", "")
    assert [row.reason for row in tab.rows] == ["It is still sold out."]


async def test_a_double_click_tries_once_and_the_order_that_was_placed_is_led_to(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    await market.strand()
    tab = await opened(market)
    answers(market, monkeypatch, "placed", stage="placed", order_ref="ord_1")
    await call(OperatorPayments.retry, tab, "pay_1", 0)
    await call(OperatorPayments.retry, tab, "pay_1", 0)
    assert (tab.said, tab.problem) == ("The order was placed, and goes its way like any other.", "")
    assert (tab.placed, tab.rows, tab.turn) == ("/operator/orders?order=ord_1", [], 1)


async def test_a_shop_that_cannot_be_asked_is_said(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    await market.strand()
    tab = await opened(market)

    async def away(*_: object, **__: object) -> Outcome:
        raise Unavailable("The shop cannot be reached right now.")

    monkeypatch.setattr(market.services.till._paying, "complete", away)
    await call(OperatorPayments.retry, tab, "pay_1", 0)
    assert (tab.problem, tab.busy, len(tab.rows)) == ("The shop cannot be reached right now.", "", 1)


async def test_dealing_with_it_by_hand_needs_a_reason_and_is_kept_with_the_operators_name(market: Market) -> None:
    await market.strand()
    await market.strand("pay_2")
    tab = await opened(market)
    await call(OperatorPayments.ask, tab, "pay_2")
    assert tab.asked.ref == "pay_2"
    form = {"turn": "0", "payment": "pay_2", "settle-reason": " "}
    await call(OperatorPayments.settle, tab, form)
    assert (bool(tab.reason_fault), tab.tries, tab.turn, len(tab.rows), tab.busy) == (True, 1, 0, 2, "")
    for _ in range(2):
        await call(OperatorPayments.settle, tab, form | {"settle-reason": "Refunded in Stripe"})
    assert ([row.ref for row in tab.rows], tab.reason_fault, tab.problem, tab.turn) == (["pay_1"], "", "", 1)
    (kept,) = await market.services.till.settled()
    assert (kept.id, kept.settled_by, kept.settled_reason) == ("pay_2", OPERATOR, "Refunded in Stripe")


async def test_what_somebody_else_did_meanwhile_is_said_and_seen(market: Market) -> None:
    await market.strand()
    tab = await opened(market)
    await market.services.till.settle_stranded("pay_1", "Refunded", "two@example.com")
    await call(OperatorPayments.retry, tab, "pay_1", 0)
    assert (tab.problem, tab.rows) == ("two@example.com has dealt with this payment already.", [])


async def test_two_tabs_that_settle_at_once_keep_one_word_of_it(market: Market) -> None:
    await market.strand()
    tabs = [await opened(market), await opened(market)]
    form = {"turn": "0", "payment": "pay_1", "settle-reason": "Refunded"}
    await asyncio.gather(*(call(OperatorPayments.settle, tab, form) for tab in tabs))
    assert sorted(bool(tab.problem) for tab in tabs) == [False, True]


async def test_a_list_that_cannot_be_looked_up_says_so(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(type(market.services.till), "stranded", away)
    tab = await opened(market)
    assert (tab.phase, tab.fault_code, tab.fault) == ("failed", "unavailable", "The database does not answer.")
