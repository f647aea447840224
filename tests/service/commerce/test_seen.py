"""Sums that add up as a reader adds them, whichever way the shop keeps its prices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.commerce.schemas import Checkout, CheckoutLine, GiftCard
from backend.commerce.seen import Seen, changes, held_words, seen, sums
from backend.kernel.ids import Sku
from backend.kernel.money import Money


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def line(full: int, gross: int, net: int, quantity: int = 1, key: str = "l1") -> CheckoutLine:
    return CheckoutLine(
        key, "v1", Sku("A"), "Agent", "Pro", "agent", quantity, usd(gross), usd(gross), usd(net), usd(full // quantity), usd(full)
    )


def checkout(*lines: CheckoutLine, discount: int = 0, total: int, net: int, gross_display: bool = True, **more: object) -> Checkout:
    made = Checkout("c1", "", lines, usd(0), usd(discount), usd(total - net), usd(total), "", None, (), usd(net), usd(-total))
    return replace(made, gross_display=gross_display, **more)  # type: ignore[arg-type]


def adds_up(checkout_: Checkout) -> bool:
    rows = sums(checkout_)
    minor = [amount.amount_minor for amount in rows.lines.values()]
    tax = 0 if rows.tax_included else rows.tax.amount_minor
    left = rows.subtotal.amount_minor - rows.discount.amount_minor + tax - rows.cards.amount_minor
    return sum(minor) == rows.subtotal.amount_minor and left == rows.total.amount_minor


def test_prices_with_tax_in_them_name_the_tax_and_do_not_add_it() -> None:
    found = checkout(line(1230, 1230, 1000), total=1230, net=1000)
    assert (sums(found).tax_included, sums(found).tax, adds_up(found)) == (True, usd(230), True)


def test_prices_without_tax_add_it() -> None:
    found = checkout(line(1000, 1230, 1000), total=1230, net=1000, gross_display=False)
    assert (sums(found).tax_included, sums(found).subtotal, sums(found).tax, adds_up(found)) == (False, usd(1000), usd(230), True)


@pytest.mark.parametrize("gross_display", [True, False])
@pytest.mark.parametrize("full", [1230, 1000])
def test_a_discount_adds_up_however_prices_are_kept_and_shown(full: int, gross_display: bool) -> None:
    off = full // 10
    found = checkout(line(full, 1107, 900), discount=off, total=1107, net=900, gross_display=gross_display)
    assert adds_up(found)


def test_a_discount_taken_off_one_line_already_is_not_taken_off_twice() -> None:
    found = checkout(line(1000, 800, 800), total=800, net=800)
    assert (adds_up(found), sums(found).total) == (True, usd(800))


@pytest.mark.parametrize("gross_display", [True, False])
def test_a_gift_card_is_a_row_of_its_own(gross_display: bool) -> None:
    found = checkout(line(1230, 1230, 1000), total=730, net=593, gross_display=gross_display, gift_cards=(GiftCard("g1", "AB12"),))
    found = replace(found, tax=usd(230))
    assert (sums(found).cards, adds_up(found)) == (usd(500), True)


def test_what_was_seen_survives_being_kept() -> None:
    shown = seen(checkout(line(1000, 1000, 1000), total=1000, net=1000))
    assert Seen.from_json(shown.to_json()) == shown


def test_lines_that_came_and_went_are_told() -> None:
    before = seen(checkout(line(1000, 1000, 1000), total=1000, net=1000))
    after = checkout(line(2000, 2000, 2000, 2), line(500, 500, 500, key="l2"), total=2500, net=2500)
    assert [change.kind for change in changes(before, after)] == ["quantity", "added", "total"]
    gone = checkout(line(500, 500, 500, key="l2"), total=500, net=500)
    assert [change.kind for change in changes(before, gone)] == ["added", "removed", "total"]


def test_another_checkout_is_not_a_change_of_this_one() -> None:
    before = replace(seen(checkout(line(1, 1, 1), total=1, net=1)), checkout_id="c0")
    assert changes(before, checkout(line(2, 2, 2), total=2, net=2)) == ()


def test_a_price_the_shop_keeps_for_the_cart_is_named() -> None:
    kept = replace(line(1000, 1000, 1000), today=usd(1200))
    assert held_words(kept) == "New carts pay $12.00 each now; yours keeps $10.00 for up to an hour."
    assert held_words(replace(kept, today=usd(1000))) == ""
