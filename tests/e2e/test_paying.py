"""Paying in a real browser: with Stripe's form, by a bank's pages, and with what this storefront does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.e2e.buying import SLOW, describe, put_in_cart, to_checkout
from tests.e2e.conftest import Market, free_port, serve, stop
from tests.e2e.saleor import BANK, REDIRECT, STRIPE, UNKNOWN, FakeSaleor
from tests.e2e.visited import Served

STRIPE_JS = """
// Stripe.js as far as a checkout with the Payment Element meets it.
window.Stripe = (key) => ({
  elements: (options) => {
    window.stripeMade = { key, options };
    let box, input;
    return {
      create: (kind) => ({
        on: () => {},
        mount: (where) => {
          box = where;
          const frame = document.createElement("iframe");
          frame.src = "https://js.stripe.com/v3/elements-inner-payment.html";
          frame.title = "Secure payment input frame";
          input = document.createElement("input");
          input.setAttribute("aria-label", "Card number");
          box.append(frame, input);
        },
      }),
      update: (more) => { window.stripeMade.options = { ...window.stripeMade.options, ...more }; },
      submit: async () => input.value
        ? { selectedPaymentMethod: "card" }
        : { error: { type: "validation_error", message: "Your card number is incomplete." } },
      number: () => input.value,
    };
  },
  confirmPayment: async ({ elements, clientSecret, confirmParams, redirect }) => {
    window.stripeConfirmed = { clientSecret, confirmParams, redirect };
    const answer = await fetch("https://api.stripe.com/v1/payment_intents/confirm", {
      method: "POST", body: JSON.stringify({ clientSecret, number: elements.number() }),
    });
    return answer.ok ? { paymentIntent: { status: "succeeded" } } : { error: { type: "card_error", message: "Your card was declined." } };
  },
});
"""
CORS = {"access-control-allow-origin": "*"}


@dataclass
class Shop:
    saleor: FakeSaleor
    market: Market


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    saleor = FakeSaleor(tmp_path_factory.mktemp("saleor"))
    with Served(saleor.open()) as url:
        market = serve(
            tmp_path_factory.mktemp("market") / "var",
            free_port(),
            CMP_SALEOR_API_URL=f"{url}/graphql/",
            CMP_SALEOR_APP_TOKEN=saleor.token,
            CMP_REDIRECT_GATEWAYS=REDIRECT,
        )
        yield Shop(saleor, market)
        stop(market)


@pytest.fixture
def tab(browser: Browser, shop: Shop) -> Iterator[Page]:
    """A fresh browser, in which Stripe and the bank answer."""
    shop.saleor.gateways, shop.saleor.down = [STRIPE, REDIRECT, UNKNOWN], False
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(SLOW)
    route_outside(context, shop.saleor)
    page = context.new_page()
    page.set_default_timeout(SLOW)
    yield page
    context.close()


def route_outside(context: BrowserContext, saleor: FakeSaleor) -> None:
    def confirmed(route: Route) -> None:
        if route.request.method == "OPTIONS":
            route.fulfill(status=204, headers=CORS)
            return
        asked = json.loads(route.request.post_data or "{}")
        if asked["number"] == "4000000000000119":
            route.abort()
            return
        if asked["number"] == "4000000000000002":
            route.fulfill(status=402, headers=CORS, body="{}")
            return
        saleor.intents[asked["clientSecret"].removesuffix("_secret_x")].status = "succeeded"
        route.fulfill(headers=CORS, body="{}")

    def paid(route: Route) -> None:
        route.fulfill(content_type="text/html", body=f'<a href="{saleor.back}&outcome=paid">Pay at the bank</a>')

    context.route("https://js.stripe.com/v3/", lambda route: route.fulfill(content_type="text/javascript", body=STRIPE_JS))
    context.route("https://js.stripe.com/v3/elements-*", lambda route: route.fulfill(content_type="text/html", body="<p>frame</p>"))
    context.route("https://api.stripe.com/**", confirmed)
    context.route(f"{BANK}/**", paid)


def test_a_card_is_paid_with_stripes_own_form_by_keyboard(shop: Shop, tab: Page) -> None:
    violations: list[str] = []
    before = set(shop.saleor.intents)
    tab.on("console", lambda message: violations.append(message.text) if "Content Security Policy" in message.text else None)
    to_checkout(tab, shop.market.url)
    card = tab.get_by_label("Card number")
    expect(card).to_be_visible()
    assert tab.evaluate("window.stripeMade.key") == "pk_test_fake"
    assert tab.evaluate("window.stripeMade.options.amount") == 1000
    describe(tab)

    tab.get_by_role("button", name=re.compile("^Pay")).focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Your card number is incomplete.")).to_be_visible()
    assert set(shop.saleor.intents) == before, "nothing is begun for a card that is not filled in"

    card.focus()
    tab.keyboard.type("4000000000000002")
    tab.get_by_role("button", name=re.compile("^Pay")).press("Enter")
    expect(tab.get_by_text("Your card was declined.")).to_be_visible()

    card.fill("4242424242424242")
    tab.get_by_role("button", name=re.compile("^Pay")).press("Enter")
    tab.wait_for_url("**/orders/ord_*")
    (intent,) = [intent for name, intent in shop.saleor.intents.items() if name not in before]
    assert (intent.method, intent.status) == ("card", "succeeded"), "one payment, also after the card was declined"
    assert violations == []
    assert tab.locator("script[src*='stripe.com']").count() == 0, "the order's page was loaded anew, without Stripe"


def test_no_other_page_names_stripe_in_its_policy_or_on_the_network(shop: Shop, tab: Page) -> None:
    outside: list[str] = []
    tab.on("request", lambda request: outside.append(request.url) if "stripe" in request.url else None)
    put_in_cart(tab, shop.market.url)
    for path in ("/", "/marketplace", "/marketplace/starter-credit-pack", "/pricing", "/cart", "/signin", "/orders/ord_none", "/nowhere"):
        answer = tab.goto(f"{shop.market.url}{path}")
        assert answer is not None
        assert "stripe" not in answer.headers["content-security-policy"]
    assert outside == []
    shop.saleor.gateways = [REDIRECT, UNKNOWN]
    answer = tab.goto(f"{shop.market.url}/checkout")
    assert answer is not None
    assert "https://js.stripe.com" in answer.headers["content-security-policy"]
    expect(tab.get_by_text("Bank transfer")).to_be_visible()
    assert outside == [], "nor the checkout, while Stripe is not offered"


def test_a_gateway_that_is_not_known_is_named_and_cannot_be_chosen(shop: Shop, tab: Page) -> None:
    to_checkout(tab, shop.market.url)
    expect(tab.get_by_text("The shop also offers Adyen, which this storefront cannot use yet.")).to_be_visible()
    expect(tab.locator(f"input[value='{UNKNOWN}']")).to_be_disabled()
    shop.saleor.gateways = [UNKNOWN]
    tab.reload()
    expect(tab.get_by_text("None of the shop’s ways to pay can be used here yet")).to_be_visible()
    expect(tab.get_by_role("button", name=re.compile("^Pay"))).to_be_disabled()


def test_a_bank_page_is_named_before_the_browser_goes_there_and_leads_back_to_the_order(shop: Shop, tab: Page) -> None:
    to_checkout(tab, shop.market.url)
    describe(tab)
    tab.get_by_label("Bank transfer").check()
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    go = tab.get_by_role("link", name="Go on to bank.example")
    expect(go).to_be_visible()
    tab.reload()
    tab.get_by_role("link", name="Go on to bank.example").click()
    tab.wait_for_url(f"{BANK}/pay")
    assert re.search(r"/checkout\?state=[\w-]{40,}$", shop.saleor.back)
    tab.get_by_role("link", name="Pay at the bank").click()
    tab.wait_for_url("**/orders/ord_*")


def test_a_shop_that_is_away_keeps_what_was_typed_and_says_that_nothing_was_charged(shop: Shop, tab: Page) -> None:
    to_checkout(tab, shop.market.url)
    tab.get_by_label("Bank transfer").check()
    describe(tab)
    shop.saleor.down = True
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    expect(tab.get_by_text("Nothing was charged, and what you typed is kept.")).to_be_visible()
    expect(tab.locator("#city")).to_have_value("San Francisco")
    tab.reload()
    expect(tab.get_by_text("Nothing in your cart is lost.")).to_be_visible()
    shop.saleor.down = False
    tab.get_by_role("button", name="Try again").click()
    expect(tab.get_by_text("Nothing in your cart is lost.")).to_have_count(0)
    expect(tab.locator("#city")).to_have_value("San Francisco")


def test_the_form_follows_the_country_and_keeps_what_was_typed(shop: Shop, tab: Page) -> None:
    to_checkout(tab, shop.market.url)
    tab.locator("#country").select_option("US")
    expect(tab.get_by_label("ZIP code")).to_be_visible()
    expect(tab.get_by_label("State")).to_be_visible()
    tab.locator("#city").fill("Cork")
    tab.locator("#first_name").fill("Ada")
    tab.locator("#country").select_option("IE")
    expect(tab.get_by_label("Eircode")).to_be_visible()
    expect(tab.get_by_label("County")).to_be_visible()
    expect(tab.locator("#city")).to_have_value("Cork")
    expect(tab.locator("#first_name")).to_have_value("Ada")
    tab.locator("#country").select_option("HK")
    expect(tab.locator("#postal_code")).to_have_count(0)


def test_two_tabs_end_in_one_order(shop: Shop, tab: Page) -> None:
    to_checkout(tab, shop.market.url)
    other = tab.context.new_page()
    other.goto(f"{shop.market.url}/checkout")
    for page in (tab, other):
        page.get_by_label("Bank transfer").check()
        describe(page)
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    tab.get_by_role("link", name="Go on to bank.example").click()
    tab.get_by_role("link", name="Pay at the bank").click()
    tab.wait_for_url("**/orders/ord_*")
    before = len(shop.saleor.intents)
    other.get_by_role("button", name=re.compile("^Pay")).click()
    other.wait_for_url("**/orders/ord_*")
    assert other.url == tab.url
    assert len(shop.saleor.intents) == before
    tab.go_back()
    tab.goto(f"{shop.market.url}/checkout")
    expect(tab.get_by_text("Your order is placed")).to_be_visible(timeout=SLOW)
    assert httpx.get(f"{shop.market.url}/health").status_code == 200


def test_a_confirmation_whose_answer_is_lost_is_looked_into_and_paid_once(shop: Shop, tab: Page) -> None:
    before = set(shop.saleor.intents)
    to_checkout(tab, shop.market.url)
    describe(tab)
    tab.get_by_label("Card number").fill("4000000000000119")
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    expect(tab.get_by_text("It is not known whether the payment was confirmed. The shop is asked now.")).to_be_visible(timeout=SLOW)
    tab.get_by_label("Card number").fill("4242424242424242")
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    tab.wait_for_url("**/orders/ord_*")
    assert len(set(shop.saleor.intents) - before) == 1


def test_a_payment_left_open_at_a_bank_is_given_up_before_another_total_is_paid(shop: Shop, tab: Page) -> None:
    to_checkout(tab, shop.market.url)
    describe(tab)
    tab.get_by_label("Bank transfer").check()
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    expect(tab.get_by_role("link", name="Go on to bank.example")).to_be_visible(timeout=SLOW)
    put_in_cart(tab, shop.market.url)
    tab.goto(f"{shop.market.url}/checkout")
    said = "You have a payment of $10.00 open at bank.example, and the total is $20.00 now."
    expect(tab.get_by_role("paragraph").filter(has_text=said)).to_be_visible(timeout=SLOW)
    tab.get_by_role("button", name="Give it up").click()
    expect(tab.get_by_text("You gave this payment up.")).to_be_visible(timeout=SLOW)
    expect(tab.locator("#email")).to_have_value("ada@example.com")
    tab.get_by_label("Bank transfer").check()
    tab.locator("#terms").check()
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    tab.get_by_role("link", name="Go on to bank.example").click()
    tab.get_by_role("link", name="Pay at the bank").click()
    tab.wait_for_url("**/orders/ord_*")


def test_the_first_wrong_field_has_the_focus_after_every_press(shop: Shop, tab: Page) -> None:
    shop.saleor.gateways = [REDIRECT]
    to_checkout(tab, shop.market.url)
    tab.locator("#email").fill("ada@example.com")
    for name in ("country", "first_name"):
        tab.get_by_role("button", name=re.compile("^Pay")).click()
        expect(tab.locator(f"#{name}")).to_be_focused()
        tab.locator("#country").select_option("US")
        expect(tab.get_by_label("ZIP code")).to_be_visible()


def test_a_press_before_the_page_hears_it_is_made_once_it_does(shop: Shop, tab: Page) -> None:
    held: list[Route] = []
    tab.route(re.compile(r"/assets/[^?]+\.js"), lambda route: held.append(route))
    tab.goto(f"{shop.market.url}/marketplace/starter-credit-pack?plan=CREDITS-100", wait_until="commit")
    for _ in range(2):
        tab.get_by_role("button", name="Add 100 credits to cart").first.click()
    assert held, "the application has not come yet"
    # Whatever is held goes on.
    tab.unroute_all()
    tab.wait_for_url("**/cart")
    expect(tab.get_by_role("group", name=re.compile("^Quantity")).locator("output")).to_have_text("1")
