"""The chat widget in a real browser, on a page of another origin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.buying import SLOW
from tests.e2e.visited import Api, Served, site

pytestmark = pytest.mark.e2e


@dataclass
class Visit:
    page: Page
    api: Api
    url: str

    def ask(self, question: str) -> None:
        self.page.get_by_role("textbox", name="Your question").fill(question)
        self.page.keyboard.press("Enter")

    @property
    def launcher(self) -> Locator:
        return self.page.locator(".launch")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    api = Api()
    with Served(api.app()) as api_url, Served(site(api_url)) as url:
        api.allowed = url
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(SLOW)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        yield Visit(page, api, url)
        api.gate.set()
        context.close()
        assert faults == []


@pytest.fixture
def opened(visit: Visit) -> Visit:
    visit.launcher.click()
    expect(visit.log).to_contain_text("Hello. Ask about repairs.")
    return visit


def test_nothing_is_asked_of_the_server_until_the_visitor_opens_the_chat(visit: Visit) -> None:
    expect(visit.launcher).to_be_visible()
    assert visit.api.tokens == []
    visit.launcher.click()
    expect(visit.page.get_by_role("dialog", name="Ask the workshop")).to_be_visible()
    assert visit.api.tokens == ["cmpw_0"]


def test_an_answer_appears_while_it_is_still_being_written(opened: Visit) -> None:
    opened.ask("slow")
    expect(opened.log).to_contain_text("Yes, ")
    expect(opened.log).not_to_contain_text("two working days")
    opened.api.gate.set()
    expect(opened.log).to_contain_text("two working days")
    expect(opened.page.get_by_role("list", name="Sources")).to_contain_text("Handbook.pdf")
    expect(opened.log.locator("strong")).to_have_text("all makes")
    expect(opened.log.get_by_role("link", name="prices")).to_have_attribute("href", "https://example.com/prices")
    run = opened.api.runs[0]
    assert run == {"instance_id": "inst_1", "input": {"query": "slow"}, "session_id": "conv_1", "stream": True}


def test_markup_in_an_answer_is_shown_as_text(opened: Visit) -> None:
    opened.ask("hostile")
    expect(opened.log).to_contain_text('<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>')
    expect(opened.page.get_by_role("list", name="Sources")).to_be_visible()
    assert opened.log.locator("img, script, a").count() == 0
    assert opened.page.evaluate("window.hacked") is None


def test_markup_in_a_question_is_shown_as_text(opened: Visit) -> None:
    opened.ask("<img src=x onerror=window.hacked=1>")
    expect(opened.log).to_contain_text("<img src=x onerror=window.hacked=1>")
    expect(opened.log).to_contain_text("two working days")
    assert opened.log.locator("img").count() == 0


def test_a_page_that_is_not_allowed_says_so_and_offers_no_retry(visit: Visit) -> None:
    visit.api.allowed = "https://elsewhere.example"
    visit.launcher.click()
    expect(visit.page.get_by_role("alert")).to_have_text("This chat is not set up for this website.")
    expect(visit.page.get_by_role("button", name="Try again")).to_have_count(0)


def test_everything_can_be_done_by_keyboard(visit: Visit) -> None:
    keys = visit.page.keyboard
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    expect(visit.page.get_by_role("textbox", name="Your question")).to_be_focused()
    keys.type("Do you service e-bikes?")
    keys.press("Shift+Enter")
    keys.press("Backspace")
    keys.press("Enter")
    expect(visit.log).to_contain_text("two working days")
    keys.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    expect(visit.launcher).to_be_focused()
    expect(visit.launcher).to_have_attribute("aria-expanded", "false")
    keys.press("Enter")
    expect(visit.log).to_contain_text("two working days")
    for _ in ("the link in the answer", "the conversation", "the button"):
        keys.press("Shift+Tab")
    expect(visit.page.get_by_role("button", name="Close chat").first).to_be_focused()


def test_a_token_that_is_over_is_renewed_and_the_question_is_asked_once_more(opened: Visit) -> None:
    opened.api.tokens.append("cmpw_another")
    opened.ask("Do you service e-bikes?")
    expect(opened.log).to_contain_text("two working days")
    assert len(opened.api.tokens) == 3
    assert len(opened.api.runs) == 1


def test_the_tab_keeps_its_session_and_nothing_else(opened: Visit) -> None:
    opened.page.reload()
    opened.launcher.click()
    expect(opened.log).to_contain_text("Hello. Ask about repairs.")
    assert opened.api.tokens == ["cmpw_0"]
    kept = opened.page.evaluate("JSON.stringify({...sessionStorage})")
    assert list(json.loads(kept)) == ["chat:wid_1"]
    assert opened.page.evaluate("localStorage.length") == 0
    assert opened.page.context.cookies() == []


@pytest.mark.parametrize("status", [402, 409])
def test_an_agent_that_cannot_answer_gives_the_owners_address_and_no_reason_of_ours(opened: Visit, status: int) -> None:
    opened.api.refuse = status
    opened.ask("How much is a new chain?")
    panel = opened.page.get_by_role("dialog")
    expect(panel.get_by_role("heading", name="We cannot answer right now")).to_be_visible()
    expect(panel.get_by_role("textbox", name="Your question")).to_have_value("How much is a new chain?")
    expect(panel).to_contain_text("help@example.com")
    expect(panel.get_by_role("button", name="Write an e-mail")).to_be_visible()
    assert "credit" not in panel.inner_text().lower()
    assert "cmp" not in panel.inner_text().lower()


def test_too_many_questions_are_told_when_to_try_again(opened: Visit) -> None:
    opened.api.refuse = 429
    opened.ask("Do you service e-bikes?")
    expect(opened.page.get_by_role("alert")).to_contain_text("try again in 12 seconds")
    opened.api.refuse = 0
    opened.page.get_by_role("button", name="Try again").click()
    expect(opened.log).to_contain_text("two working days")


def test_a_visitor_who_is_offline_loses_nothing_typed(opened: Visit) -> None:
    opened.page.context.set_offline(True)
    opened.ask("Do you service e-bikes?")
    expect(opened.page.get_by_role("alert")).to_contain_text("You are offline. Your question is kept.")
    opened.page.context.set_offline(False)
    opened.page.get_by_role("button", name="Try again").click()
    expect(opened.log).to_contain_text("two working days")
    expect(opened.log.locator(".me")).to_have_count(1)


def test_a_retry_after_a_lost_connection_is_the_same_request(opened: Visit) -> None:
    opened.ask("broken")
    expect(opened.page.get_by_role("alert")).to_contain_text("The connection was lost. Your question is kept.")
    opened.page.get_by_role("button", name="Try again").click()
    expect(opened.page.get_by_role("alert")).to_be_visible()
    assert len(set(opened.api.keys)) == 1


def test_a_retry_after_a_failure_is_a_new_request(opened: Visit) -> None:
    opened.ask("failed")
    expect(opened.page.get_by_role("alert")).to_contain_text("That did not work. Please try again.")
    opened.page.get_by_role("button", name="Try again").click()
    expect(opened.page.get_by_role("alert")).to_be_visible()
    assert len(set(opened.api.keys)) == len(opened.api.keys) == 2


def test_stop_asks_the_server_to_stop_and_keeps_what_was_said(opened: Visit) -> None:
    opened.ask("slow")
    expect(opened.log).to_contain_text("Yes, ")
    opened.page.get_by_role("button", name="Stop").click()
    expect(opened.log).to_contain_text("Stopped.")
    expect(opened.log).to_contain_text("Yes, ")
    expect(opened.page.get_by_role("button", name="Send")).to_be_visible()
    assert opened.api.cancelled == ["run_1"]


def test_the_pages_own_styles_do_not_reach_the_chat(opened: Visit) -> None:
    field = opened.page.get_by_role("textbox", name="Your question")
    looks = "node => [getComputedStyle(node).fontSize, getComputedStyle(node).color]"
    assert field.evaluate(looks) == ["14px", "rgb(19, 22, 19)"]
    assert opened.launcher.evaluate("node => node.getBoundingClientRect().width") == 56


@pytest.mark.parametrize("width", [360, 390])
def test_on_a_phone_the_chat_is_a_sheet_that_fits(opened: Visit, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 640})
    fills = "({x, width, bottom}) => x === 0 && width === innerWidth && bottom === innerHeight"
    dialog = "document.querySelector('[data-chat]').shadowRoot.querySelector('[role=dialog]')"
    # It may still be sliding in.
    opened.page.wait_for_function(f"() => ({fills})({dialog}.getBoundingClientRect())")
    expect(opened.launcher).to_be_hidden()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
