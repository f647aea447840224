"""What Saleor says of an order's money, read into what the rules need."""

from __future__ import annotations

import dataclasses

import pytest

from backend.commerce.order_schemas import LinesBack, OrderMoney
from backend.kernel.money import Money
from backend.provisioner.facts import facts, mark


def usd(minor: int) -> Money:
    return Money(minor, "USD")


PAID = OrderMoney("FULFILLED", "FULL", usd(5000), usd(5000), usd(0), usd(0), usd(0), {"a": 2, "b": 1})
PARTLY = dataclasses.replace(PAID, charge_status="PARTIAL", charged=usd(3000), refunded=usd(2000))


def granted(status: str, **lines: int) -> OrderMoney:
    return dataclasses.replace(PARTLY, charge_status="FULL", granted=(LinesBack(status, usd(2000), lines),))


def returned(status: str, **lines: int) -> OrderMoney:
    return dataclasses.replace(PARTLY, returned=(LinesBack(status, usd(2000), lines),))


@pytest.mark.parametrize(
    "money", [granted("SUCCESS", a=1), granted("PENDING", a=1), granted("NONE", a=1), returned("REFUNDED", a=1), returned("RETURNED", a=1)]
)
def test_the_lines_that_a_refund_names_are_known_with_what_they_come_to(money: OrderMoney) -> None:
    seen = facts(money)
    assert (seen["named"], seen["explained"]) == ({"a": 1}, 2000)


@pytest.mark.parametrize(
    "money",
    [
        granted("FAILURE", a=1),
        dataclasses.replace(granted("PENDING", a=1), refunded=usd(0), refund_pending=usd(2000)),
        granted("SUCCESS"),
        returned("FULFILLED", a=1),
        returned("REPLACED", a=1),
        dataclasses.replace(PAID, returned=(LinesBack("RETURNED", usd(2000), {"a": 1}),)),
        dataclasses.replace(PAID, granted=(LinesBack("NONE", usd(2000), {"a": 1}),), charge_status="OVERCHARGED"),
    ],
)
def test_a_refund_that_was_not_made_or_names_no_line_names_nothing(money: OrderMoney) -> None:
    assert (facts(money)["named"], facts(money)["explained"]) == ({}, 0)


def test_a_refund_told_by_a_return_and_by_a_grant_is_one_refund() -> None:
    both = dataclasses.replace(granted("SUCCESS", a=1), returned=(LinesBack("REFUNDED_AND_RETURNED", usd(2000), {"a": 1}),))
    assert (facts(both)["named"], facts(both)["explained"]) == ({"a": 1}, 2000)


def test_a_refund_under_way_has_not_left_the_shop() -> None:
    asked = dataclasses.replace(PAID, charge_status="PARTIAL", charged=usd(3000), refund_pending=usd(2000))
    assert facts(asked)["charged"] == 5000


def test_what_our_own_writes_change_leaves_the_mark_as_it_is() -> None:
    opened = dataclasses.replace(PAID, status="UNFULFILLED")
    handed = dataclasses.replace(PAID, returned=(LinesBack("FULFILLED", usd(5000), {"a": 2, "b": 1}),))
    assert mark(facts(PAID)) == mark(facts(opened)) == mark(facts(handed))
    for other in (PARTLY, dataclasses.replace(PAID, status="CANCELED"), dataclasses.replace(PAID, charged_back=usd(1))):
        assert mark(facts(other)) != mark(facts(PAID))
