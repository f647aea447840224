"""The marketplace follows its address."""

from __future__ import annotations

import re

import pytest
from sqlmodel import col, select, update
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from backend.control_plane.models import OfferingRow
from backend.main import System
from backend.shop.models import ChannelRow, ProductRow, VariantRow
from cmp_web.state import notice
from cmp_web.state.market import Market
from cmp_web.state.product import Product
from tests.web.store.conftest import call, destination, tab


async def shown(query: dict[str, str]) -> Market:
    state = tab(Market, "/marketplace", query)
    await call(Market.load, state)
    assert (state.note, state.busy) == ("", False)
    return state


def skus(state: Market) -> list[str]:
    return [card.sku for card in state.cards]


async def test_without_a_query_it_shows_the_whole_shelf_in_the_catalogues_order(system: System) -> None:
    state = await shown({})
    assert skus(state) == ["CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"]
    assert (state.said, state.pages, state.unknown) == ("6 products", [], "")


async def test_what_the_shop_says_is_what_the_site_was_built_with(system: System) -> None:
    assert (await shown({})).cards == tab(Market).cards


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "credit-packs"}, ["CREDITS-100", "CREDITS-500"]),
        ({"plan": "pro"}, ["CSA-PRO", "KBA-PRO"]),
        ({"plan": "basic,pro", "does": "knowledge-base-agent"}, ["KBA-BASIC", "KBA-PRO"]),
        ({"connects": "mcp"}, ["CSA-PRO", "KBA-PRO"]),
        ({"min": "20", "max": "45"}, ["KBA-BASIC", "CREDITS-500"]),
        ({"category": "ai-agents", "sort": "-price"}, ["KBA-PRO", "CSA-PRO", "KBA-BASIC", "CSA-BASIC"]),
        ({"sort": "price", "max": "20"}, ["CREDITS-100", "CSA-BASIC"]),
        ({"category": "credit-packs", "plan": "pro"}, []),
        ({"plan": "gold", "sort": "colour", "page": "-3"}, ["CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"]),
        ({"min": "1e999999"}, ["CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"]),
        ({"min": "a lot"}, ["CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"]),
    ],
)
async def test_the_address_decides_what_is_shown(system: System, query: dict[str, str], expected: list[str]) -> None:
    assert skus(await shown(query)) == expected


async def test_what_is_not_known_is_left_out_and_named(system: System) -> None:
    state = await shown({"plan": "gold,pro", "category": "<b>"})
    assert state.unknown == "Not known here, so left out: category “<b>” and plan “gold”."
    assert skus(state) == ["CSA-PRO", "KBA-PRO"]
    assert (await shown({"plan": "pro"})).unknown == ""
    assert "number" in (await shown({"min": "a lot"})).price_error


async def test_going_back_shows_the_words_in_their_field_and_typing_is_not_disturbed(system: System) -> None:
    state = tab(Market, "/marketplace", {"q": "agent"})
    assert len(await call(Market.load, state)) == 1
    assert await call(Market.load, state) == []


async def closed(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("closed", 503)(scope, receive, send)


async def test_while_the_shop_is_away_the_page_stands_and_says_since_when(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = (await shown({})).cards
    monkeypatch.setattr(system, "app", closed)
    await system.services.commerce.changed()
    state = tab(Market, "/marketplace")
    assert [event.fn.__name__ for event in await call(Market.load, state)] == ["follow"]
    assert (state.cards, state.note) == (cards, "")
    await call(Market.follow, state)
    words = r"Prices as of \d\d:\d\d UTC; the shop does not answer just now\. Checkout waits until it does\."
    assert re.fullmatch(words, state.note)
    searched = tab(Market, "/marketplace", {"q": "knowledge"})
    await call(Market.load, searched)
    assert {sku[:3] for sku in skus(searched)} == {"KBA"}
    assert notice.LOCAL in searched.note
    page = tab(Product, "/marketplace/customer-support-agent")
    await call(Product.load, page)
    assert (page.note, page.prices["CSA-PRO"]) == (state.note, "$49.99")


async def test_a_first_start_without_a_shop_shows_what_the_site_was_built_with(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "app", closed)
    state = tab(Market, "/marketplace", {"plan": "pro", "q": "support"})
    await call(Market.load, state)
    assert (skus(state), state.busy) == (["CSA-PRO"], False)
    assert state.note.startswith(notice.NEVER)
    page = tab(Product, "/marketplace/customer-support-agent")
    await call(Product.load, page)
    assert (page.note, page.missing) == (notice.NEVER, False)


async def test_what_is_sold_out_says_so_on_card_and_page(system: System) -> None:
    async with system.services.database.write() as tx:
        await tx.execute(update(VariantRow).where(col(VariantRow.sku) == "CSA-PRO").values(track_inventory=True, stock=0))
    assert [card.sku for card in (await shown({})).cards if not card.available] == ["CSA-PRO"]
    page = tab(Product, "/marketplace/customer-support-agent")
    await call(Product.load, page)
    assert page.gone == ["CSA-PRO"]


async def test_what_nothing_is_offered_for_any_more_cannot_be_bought_on_a_page_that_was_built_with_it(system: System) -> None:
    async with system.services.database.write() as tx:
        await tx.execute(update(OfferingRow).where(col(OfferingRow.sku) == "CSA-PRO").values(on_sale=False))
    page = tab(Product, "/marketplace/customer-support-agent")
    await call(Product.load, page)
    assert (page.gone, sorted(page.prices), page.missing) == (["CSA-PRO"], ["CSA-BASIC"], False)
    async with system.services.database.write() as tx:
        await tx.execute(update(OfferingRow).where(col(OfferingRow.sku) == "CSA-BASIC").values(on_sale=False))
    await call(Product.load, page)
    assert (page.gone, page.prices, page.missing) == (["CSA-BASIC", "CSA-PRO"], {}, True)


async def test_the_currency_of_the_prices_is_the_channels(system: System) -> None:
    assert (await shown({})).currency == "USD"
    async with system.services.database.write() as tx:
        await tx.execute(update(ChannelRow).values(currency="EUR"))
    await system.services.commerce.changed()
    await system.services.commerce.refreshed()
    state = await shown({"max": "20", "sort": "price"})
    assert (state.currency, [card.price for card in state.cards]) == ("EUR", ["10.00 EUR", "19.99 EUR"])
    assert (await shown({"max": "1"})).currency == "EUR"


async def test_the_sellers_own_words_win_over_the_catalogues(system: System) -> None:
    page = tab(Product, "/marketplace/customer-support-agent")
    await call(Product.load, page)
    assert page.written == ""
    async with system.services.database.write() as tx:
        row = await tx.scalar(select(ProductRow).where(col(ProductRow.slug) == "customer-support-agent"))
        assert row is not None
        row.description = '{"blocks": [{"type": "paragraph", "data": {"text": "<b>Mine</b><script>alert(1)</script>"}}]}'
    await system.services.commerce.changed()
    await call(Product.follow, page)
    assert page.written == "<p><b>Mine</b></p>"


async def test_the_shop_itself_searches(system: System) -> None:
    assert {sku[:3] for sku in skus(await shown({"q": "knowledge"}))} == {"KBA"}
    assert skus(await shown({"q": "zebra"})) == []


async def test_a_facet_counts_what_the_other_facets_let_through(system: System) -> None:
    state = await shown({"category": "ai-agents", "plan": "pro"})
    counts = {option.value: option.count for facet in state.facets for option in facet.options}
    assert counts == {
        "ai-agents": 2,
        "credit-packs": 0,
        "customer-support-agent": 1,
        "knowledge-base-agent": 1,
        "basic": 2,
        "pro": 2,
        "widget": 2,
        "rest": 2,
        "mcp": 2,
    }


async def test_a_choice_changes_the_address_and_keeps_the_rest_of_it(system: System) -> None:
    state = tab(Market, "/marketplace", {"q": "agent", "plan": "basic", "evil": "1"})
    assert destination(await call(Market.toggle, state, "plan", "pro")) == "/marketplace?q=agent&plan=basic%2Cpro"
    assert destination(await call(Market.toggle, state, "plan", "basic")) == "/marketplace?q=agent"
    assert destination(await call(Market.order_by, state, "price")) == "/marketplace?q=agent&sort=price&plan=basic"
    assert destination(await call(Market.order_by, state, "drop table")) == "/marketplace?q=agent&plan=basic"
    assert await call(Market.toggle, state, "password", "x") == []


async def test_a_price_that_is_no_number_is_refused_by_its_field(system: System) -> None:
    state = tab(Market, "/marketplace")
    assert await call(Market.price_from, state, "cheap") == []
    assert "number" in state.price_error
    assert destination(await call(Market.price_from, state, "$20")) == "/marketplace?min=20"
    assert state.price_error == ""


async def test_clearing_goes_back_to_the_bare_address_and_empties_the_fields(system: System) -> None:
    events = await call(Market.clear, tab(Market, "/marketplace", {"q": "zebra"}))
    assert destination(events) == "/marketplace"
    assert len(events) == 6
