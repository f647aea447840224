"""What a buyer does up to the checkout, in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

SLOW = 60_000
"""Milliseconds: how quick the machine is, is not what these tests are about."""


def put_in_cart(page: Page, url: str) -> None:
    """One of the smallest credit packs more."""
    page.goto(f"{url}/marketplace/starter-credit-pack?plan=CREDITS-100")
    page.get_by_role("button", name="Add 100 credits to cart").click()
    page.wait_for_url("**/cart")


def describe(page: Page) -> None:
    """By keyboard, in the order of the page."""
    page.locator("#country").select_option("US")
    expect(page.get_by_label("ZIP code")).to_be_visible()
    page.locator("#email").focus()
    page.keyboard.type("ada@example.com")
    for name, value in (
        ("first_name", "Ada"),
        ("last_name", "Buyer"),
        ("street_address_1", "1 Market St"),
        ("city", "San Francisco"),
        ("postal_code", "94105"),
    ):
        page.locator(f"#{name}").focus()
        page.keyboard.type(value)
    page.locator("#country_area").select_option("CA")
    page.locator("#terms").focus()
    page.keyboard.press("Space")


def to_checkout(page: Page, url: str) -> None:
    put_in_cart(page, url)
    page.get_by_role("link", name="Check out").click()
    page.wait_for_url("**/checkout")
