"""By hand, but by a script: buy an agent, watch it arrive, give it a document, ask it, and put it on a page of one's own."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PASSWORD, Market

HANDBOOK = (
    "# Returns\n\nOpened items may be returned within 45 days if they are complete.\n\n# Delivery\n\nDelivery takes two working days.\n"
)
BILLING = {
    "first_name": "Ada",
    "last_name": "Buyer",
    "street_address_1": "1 Market St",
    "postal_code": "94105",
    "city": "San Francisco",
}


def sign_in(page: Page, market: Market, after: str = "/app") -> None:
    page.goto(f"{market.url}/signin?next={after}")
    page.get_by_label("E-mail").fill("demo@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{after}")


def put_in_cart(page: Page, market: Market, product: str, sku: str, plan: str) -> None:
    page.goto(f"{market.url}/marketplace/{product}?plan={sku}")
    page.get_by_role("button", name=f"Add {plan} to cart").click()
    page.wait_for_url("**/cart")


def fill_billing(page: Page, email: str) -> None:
    page.locator("#country").select_option("US")
    expect(page.get_by_label("ZIP code")).to_be_visible()
    page.locator("#email").fill(email)
    for name, value in BILLING.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#country_area").select_option("CA")
    # Who has bought before is asked for no tick.
    page.locator("#terms, button:has-text('Pay')").first.wait_for()
    if page.locator("#terms").count():
        page.locator("#terms").check()


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A website of the customer's own: its origin, and the folder its pages are in."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_address[1]}", tmp_path
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_newcomer_buys_an_agent_teaches_it_asks_it_and_puts_it_on_a_page(
    market: Market, page: Page, foreign: tuple[str, Path], tmp_path: Path
) -> None:
    sign_in(page, market)
    put_in_cart(page, market, "customer-support-agent", "CSA-PRO", "Pro")
    page.reload()
    expect(page.get_by_role("link", name="Customer Support Agent – Pro")).to_be_visible()

    page.get_by_role("link", name="Check out").click()
    page.wait_for_url("**/checkout")
    fill_billing(page, "demo@example.com")
    page.get_by_label("A card that is declined").check()
    page.get_by_role("button", name=re.compile("^Pay")).click()
    expect(page.get_by_role("alert").filter(has_text="Nothing was charged")).to_be_visible()
    page.get_by_label("A card that is accepted").check()
    page.get_by_role("button", name=re.compile("^Pay")).click()

    page.wait_for_url("**/orders/ord_*")
    page.get_by_role("link", name="Open the agent").click()
    page.wait_for_url("**/app/agents/inst_*")

    page.get_by_role("link", name=re.compile("^Knowledge")).click()
    page.wait_for_url("**/knowledge")
    document = tmp_path / "handbook.md"
    document.write_text(HANDBOOK)
    page.locator("input[type=file]").set_input_files(document)
    expect(page.get_by_role("row", name=re.compile("handbook.md")).get_by_text("Ready")).to_be_visible()

    page.get_by_role("link", name="Chat").click()
    page.locator("textarea").fill("Can I return opened items?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("45 days").first).to_be_visible()
    expect(page.get_by_text(re.compile("charged 1 credit")).first).to_be_visible()

    origin, folder = foreign
    page.get_by_role("link", name="Widget").click()
    page.wait_for_url("**/widget")
    page.get_by_placeholder("https://www.your-website.example").fill(origin)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save widget").click()
    snippet = page.locator("code", has_text="data-widget").first.inner_text()
    assert f"{market.url}/widget.js" in snippet
    (folder / "index.html").write_text(f"<!doctype html><html><body><h1>My shop</h1>{snippet}</body></html>")

    page.goto(f"{origin}/index.html")
    page.get_by_role("button").first.click()
    page.locator("textarea").fill("How long does delivery take?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("two working days")).to_be_visible()


def test_a_widget_on_a_page_that_is_not_allowed_says_so_and_gets_no_session(market: Market, page: Page, foreign: tuple[str, Path]) -> None:
    origin, folder = foreign
    (folder / "index.html").write_text(
        f'<!doctype html><html><body><script src="{market.url}/widget.js" data-widget="wid_nobodys"></script></body></html>'
    )
    page.goto(f"{origin}/index.html")
    with page.expect_response(lambda answer: "session:init" in answer.url and answer.request.method == "POST") as opened:
        page.get_by_role("button").first.click()
    assert opened.value.status in {403, 404}


def test_the_cart_and_the_checkout_say_what_is_missing(market: Market, browser: Browser) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{market.url}/checkout")
    expect(page.get_by_text("There is nothing to pay")).to_be_visible()
    put_in_cart(page, market, "starter-credit-pack", "CREDITS-100", "100 credits")
    page.goto(f"{market.url}/checkout")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    expect(page.locator("#email")).to_have_attribute("aria-invalid", "true")
    page.locator("#promo_code").fill("NO-SUCH-CODE")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#promo_code-error")).to_be_visible()
    page.context.close()


def test_an_unknown_address_is_a_real_404_with_a_way_back(market: Market, page: Page) -> None:
    for path in ("/no-such-page", "/marketplace/no-such-agent"):
        answer = page.goto(f"{market.url}{path}")
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("link", name=re.compile("marketplace", re.IGNORECASE)).first).to_be_visible()


def test_more_credits_are_two_presses_away_for_who_has_bought_before(market: Market, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, market)
    put_in_cart(page, market, "starter-credit-pack", "CREDITS-100", "100 credits")
    page.goto(f"{market.url}/checkout")
    fill_billing(page, "demo@example.com")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url("**/orders/ord_*")
    first = page.url

    page.goto(f"{market.url}/app/credits")
    page.get_by_role("button", name=re.compile("^Buy 100 credits")).click()
    page.wait_for_url("**/checkout")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url("**/orders/ord_*")
    assert page.url != first
    expect(page.get_by_text("100 credits added")).to_be_visible()
    context.close()
