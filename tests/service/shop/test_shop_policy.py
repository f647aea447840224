"""The shop's rules, without a shop."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.shop import ids
from backend.shop.checkout.policy import Discount, authorize_status, charge_status, spread
from backend.shop.errors import BadRequest
from backend.shop.orders.policy import fulfilment_status, payment_events
from backend.shop.paging import page
from backend.shop.payments.policy import Sums, after, outcome
from backend.shop.seed import editor_document

amounts = st.integers(min_value=0, max_value=10**9)


@given(st.lists(amounts, min_size=1, max_size=20), st.integers(min_value=0, max_value=10_000))
def test_a_discount_shared_out_loses_no_cent_and_takes_no_line_below_zero(lines: list[int], percent: int) -> None:
    off = Discount("X", "X", "PERCENTAGE", percent).of(sum(lines))
    shares = spread(off, lines)
    assert sum(shares) == off
    assert all(0 <= share <= line for share, line in zip(shares, lines, strict=True))


@given(amounts, amounts)
def test_a_fixed_discount_is_never_more_than_the_price(price: int, value: int) -> None:
    assert Discount("X", "X", "FIXED", value).of(price) == min(price, value)


@pytest.mark.parametrize(
    ("total", "charged", "status"),
    [(100, 0, "NONE"), (100, 1, "PARTIAL"), (100, 100, "FULL"), (100, 101, "OVERCHARGED"), (0, 0, "FULL"), (100, -5, "NONE")],
)
def test_the_charge_status_follows_the_sums(total: int, charged: int, status: str) -> None:
    assert charge_status(total, charged) == status


def test_nothing_to_buy_is_not_paid_for() -> None:
    assert charge_status(0, 0, anything=False) == "NONE"
    assert authorize_status(0, 0, anything=False) == "NONE"


@pytest.mark.parametrize(
    ("before", "after_", "statuses", "events"),
    [
        (0, 50, ("NONE", "PARTIAL"), ["ORDER_PAID", "ORDER_UPDATED"]),
        (50, 100, ("PARTIAL", "FULL"), ["ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"]),
        (100, 120, ("FULL", "OVERCHARGED"), ["ORDER_PAID", "ORDER_UPDATED"]),
        (100, 40, ("FULL", "PARTIAL"), ["ORDER_REFUNDED", "ORDER_UPDATED"]),
        (40, 0, ("PARTIAL", "NONE"), ["ORDER_REFUNDED", "ORDER_FULLY_REFUNDED", "ORDER_UPDATED"]),
        (40, 40, ("PARTIAL", "PARTIAL"), []),
    ],
)
def test_money_that_moves_is_announced_as_saleor_does(before: int, after_: int, statuses: tuple[str, str], events: list[str]) -> None:
    assert payment_events(before, after_, *statuses) == events


def test_an_order_is_fulfilled_when_every_line_is() -> None:
    assert fulfilment_status([(2, 2), (1, 1)]) == "FULFILLED"
    assert fulfilment_status([(2, 1), (1, 0)]) == "PARTIALLY_FULFILLED"
    assert fulfilment_status([(2, 0), (1, 0)]) == "UNFULFILLED"


def test_a_charge_uses_up_what_was_authorised_and_a_failure_moves_nothing() -> None:
    held = after(Sums(), "AUTHORIZATION_SUCCESS", 100)
    assert after(held, "CHARGE_SUCCESS", 60) == Sums(authorized=40, charged=60)
    assert after(held, "CHARGE_FAILURE", 60) == held


@pytest.mark.parametrize("data", [{"event": {"type": "REFUND_SUCCESS"}}, {"event": {"type": 5}}, {"event": {"type": ["CHARGE_SUCCESS"]}}])
def test_the_gateway_knows_only_its_own_event_types(data: object) -> None:
    assert outcome(data) is None


@given(st.text())
def test_no_text_is_mistaken_for_an_id(text: str) -> None:
    assert ids.token("Order", text) is None or ids.parse(text) is not None
    assert ids.number("Voucher", text) is None or ids.parse(text) is not None


def test_a_page_can_be_read_from_either_end() -> None:
    rows = ["a", "b", "c", "d"]
    first = page("letters", rows, lambda one: [one], first=2)
    assert [edge.node for edge in first.edges] == ["a", "b"]
    assert first.page_info.has_next_page
    rest = page("letters", rows, lambda one: [one], first=100, after=first.page_info.end_cursor)
    assert [edge.node for edge in rest.edges] == ["c", "d"]
    last = page("letters", rows, lambda one: [one], last=1)
    assert ([edge.node for edge in last.edges], last.page_info.has_previous_page) == (["d"], True)


@pytest.mark.parametrize("window", [{}, {"first": 101}, {"first": -1}, {"first": 1, "last": 1}, {"first": 1, "after": "WzFd"}])
def test_a_page_that_makes_no_sense_is_refused(window: dict[str, int]) -> None:
    with pytest.raises(BadRequest):
        page("letters", ["a"], lambda one: [one], **window)  # type: ignore[arg-type]


def test_a_description_is_an_editor_document_with_a_block_a_paragraph() -> None:
    document = json.loads(editor_document("One.\n\nTwo."))
    assert [block["data"]["text"] for block in document["blocks"]] == ["One.", "Two."]
