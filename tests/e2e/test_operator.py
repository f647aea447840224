"""An order that needs a hand, found and tried again by an operator who has no mouse."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Market, free_port, serve, stop
from tests.e2e.test_market import fill_billing, put_in_cart, sign_in

PATIENT = 30_000
"""Milliseconds for what the server has to do first, on a busy machine."""


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A market whose demo account is its operator's."""
    running = serve(tmp_path_factory.mktemp("operated") / "var", free_port(), CMP_OPERATOR_EMAILS="demo@example.com")
    yield running
    stop(running)


def press_until(page: Page, key: str, name: re.Pattern[str], most: int = 25) -> None:
    """A key, again and again, until the focus is on what has this name."""
    for _ in range(most):
        page.keyboard.press(key)
        if name.fullmatch(page.evaluate("document.activeElement.textContent.trim()")):
            return
    pytest.fail(f"{name.pattern} was not reached by {key}")


def rename(market: Market, sku: str, to: str) -> None:
    """Withdraw what stands behind a SKU, or put it back."""
    with sqlite3.connect(market.data / "cmp.db", timeout=10) as database:
        database.execute("UPDATE offering SET sku = ? WHERE sku = ?", (to, sku))


def test_an_operator_retries_an_order_that_needs_a_hand_by_keyboard_alone(operated: Market, page: Page) -> None:
    sign_in(page, operated)
    put_in_cart(page, operated, "starter-credit-pack", "CREDITS-100", "100 credits")
    page.goto(f"{operated.url}/checkout")
    fill_billing(page, "demo@example.com")
    rename(operated, "CREDITS-100", "WITHDRAWN")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url("**/orders/ord_*")
    expect(page.get_by_text("Nothing is offered under CREDITS-100.").first).to_be_visible(timeout=PATIENT)
    rename(operated, "WITHDRAWN", "CREDITS-100")

    page.goto(f"{operated.url}/app")
    page.get_by_role("link", name="Operator").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/operator/orders")
    expect(page.get_by_role("link", name=re.compile("^Needs a hand"))).to_contain_text("1", timeout=PATIENT)
    press_until(page, "Tab", re.compile(r"Needs a hand\s*1"))
    page.keyboard.press("Enter")
    waiting = page.get_by_role("link", name=re.compile("^Needs a hand"))
    expect(waiting).to_have_attribute("aria-current", "page", timeout=PATIENT)
    [number] = page.locator("tbody tr a").all_inner_texts()
    press_until(page, "Tab", re.compile(number))
    page.keyboard.press("Enter")
    title = page.get_by_role("heading", name=f"Order {number}")
    expect(title).to_be_focused(timeout=PATIENT)
    press_until(page, "Tab", re.compile("Try again"))
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(title).to_be_focused(timeout=PATIENT)
    expect(page.get_by_role("complementary", name="The open order").get_by_role("status")).to_have_text(
        "The order is complete.", timeout=PATIENT
    )
    expect(page.get_by_role("heading", name="Nothing needs a hand")).to_be_visible(timeout=PATIENT)
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="The open order")).to_have_count(0)


def test_a_stranger_is_led_to_the_sign_in_page_and_back_to_the_room(operated: Market, page: Page) -> None:
    page.goto(f"{operated.url}/operator/orders")
    page.wait_for_url("**/signin?next=%2Foperator%2Forders")


def test_a_member_who_is_no_operator_is_told_whose_room_it_is(market: Market, page: Page) -> None:
    sign_in(page, market)
    expect(page.get_by_role("link", name="Operator")).to_have_count(0)
    page.goto(f"{market.url}/operator/orders")
    expect(page.get_by_role("heading", name="For operators only")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("table")).to_have_count(0)
    expect(page.get_by_role("button", name="Reconcile now")).to_have_count(0)
