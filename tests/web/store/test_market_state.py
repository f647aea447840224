"""The marketplace follows its address."""

from __future__ import annotations

import pytest

from backend.main import System
from cmp_web.state.market import Market
from tests.web.store.conftest import call, destination, tab


async def shown(query: dict[str, str]) -> Market:
    state = tab(Market, "/marketplace", query)
    await call(Market.load, state)
    assert (state.failed, state.busy) == ("", False)
    return state


def skus(state: Market) -> list[str]:
    return [card.sku for card in state.cards]


async def test_without_a_query_it_shows_the_whole_shelf_in_the_catalogues_order(system: System) -> None:
    state = await shown({})
    assert skus(state) == ["CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"]
    assert (state.said, state.filtered) == ("6 products", False)


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
        ({"plan": "gold"}, []),
        ({"min": "a lot"}, ["CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"]),
    ],
)
async def test_the_address_decides_what_is_shown(system: System, query: dict[str, str], expected: list[str]) -> None:
    assert skus(await shown(query)) == expected


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
