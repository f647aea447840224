"""The catalogue as the storefront reads it, from the embedded shop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.commerce.schemas import ProductQuery
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Invalid, Unavailable
from backend.kernel.money import Money
from tests.service.commerce.shop import Mall


async def _slugs(mall: Mall, query: ProductQuery) -> list[str]:
    return [product.slug for product in (await mall.commerce.products(query)).items]


async def test_a_product_has_its_variants_with_exact_prices(mall: Mall) -> None:
    product = await mall.commerce.product("customer-support-agent")
    assert product is not None
    assert [(v.sku, v.name, v.price, v.available) for v in product.variants] == [
        ("CSA-BASIC", "Basic", Money(1999, "USD"), True),
        ("CSA-PRO", "Pro", Money(4999, "USD"), True),
    ]
    assert (product.product_type, product.category, product.price_from) == ("ai-agent", "ai-agents", Money(1999, "USD"))
    assert product.description_html.startswith("<p>")
    assert "<" not in product.description_plain


async def test_an_unknown_product_is_none(mall: Mall) -> None:
    assert await mall.commerce.product("no-such-agent") is None


async def test_products_are_found_by_category_type_price_and_words(mall: Mall) -> None:
    assert set(await _slugs(mall, ProductQuery(category="credit-packs"))) == {"starter-credit-pack", "pro-credit-pack"}
    assert set(await _slugs(mall, ProductQuery(types=("ai-agent",)))) == {"customer-support-agent", "knowledge-base-agent"}
    assert await _slugs(mall, ProductQuery(min_price="15", max_price="25.50")) == ["customer-support-agent"]
    assert (await _slugs(mall, ProductQuery(search="knowledge", sort="relevance")))[0] == "knowledge-base-agent"
    assert await _slugs(mall, ProductQuery(category="no-such-category")) == []
    assert await _slugs(mall, ProductQuery(types=("no-such-type",))) == []


async def test_products_are_sorted_by_price(mall: Mall) -> None:
    cheapest_first = await _slugs(mall, ProductQuery(sort="price"))
    assert cheapest_first[0] == "starter-credit-pack"
    assert await _slugs(mall, ProductQuery(sort="-price")) == cheapest_first[::-1]


async def test_pages_follow_one_another_by_cursor(mall: Mall) -> None:
    everything = await mall.commerce.products()
    slugs, after = [], None
    for _ in range(everything.total):
        page = await mall.commerce.products(ProductQuery(first=1, after=after))
        slugs += [product.slug for product in page.items]
        after = page.after
    assert after is None
    assert slugs == [product.slug for product in everything.items]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (ProductQuery(min_price="cheap"), "min_price"),
        (ProductQuery(min_price="1e999"), "min_price"),
        (ProductQuery(max_price="-1"), "max_price"),
        (ProductQuery(max_price="nan"), "max_price"),
        (ProductQuery(first=101), "first"),
        (ProductQuery(sort="colour"), "sort"),  # type: ignore[arg-type]
    ],
)
async def test_a_search_that_makes_no_sense_names_the_field(mall: Mall, query: ProductQuery, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await mall.commerce.products(query)
    assert set(refused.value.fields) == {field}


async def test_a_page_does_not_ask_the_shop_each_time(mall: Mall, clock: FrozenClock) -> None:
    await mall.commerce.product("customer-support-agent")
    asked = mall.way.asked
    await mall.commerce.product("customer-support-agent")
    assert mall.way.asked == asked
    clock.advance(timedelta(seconds=6))
    await mall.commerce.product("customer-support-agent")
    assert mall.way.asked == asked + 1


async def test_the_last_answer_stands_in_while_the_shop_is_away_but_not_for_ever(mall: Mall, clock: FrozenClock) -> None:
    known = await mall.commerce.product("customer-support-agent")
    mall.way.up = False
    clock.advance(timedelta(minutes=5))
    assert await mall.commerce.product("customer-support-agent") == known
    clock.advance(timedelta(hours=2))
    with pytest.raises(Unavailable):
        await mall.commerce.product("customer-support-agent")


async def test_what_was_never_read_is_unavailable_while_the_shop_is_away(mall: Mall) -> None:
    mall.way.up = False
    with pytest.raises(Unavailable):
        await mall.commerce.product("customer-support-agent")
