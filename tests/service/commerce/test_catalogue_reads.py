"""The catalogue as the storefront reads it, from the embedded shop."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, update

from backend.commerce import live
from backend.commerce.client import Commerce
from backend.commerce.copies import DatabaseCopies
from backend.commerce.live import LIFE
from backend.commerce.models import CatalogueCopyRow
from backend.commerce.products import product
from backend.commerce.schemas import Freshness, Picture, ProductQuery
from backend.commerce.snapshot import Snapshot
from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Invalid, Unavailable
from backend.kernel.money import Money
from backend.shop.models import VariantRow
from tests.service.commerce.shop import URL, Mall


def node(*, quantity: int = 5, **values: Any) -> dict[str, Any]:
    """A product as the shop sends it."""
    price = {"price": {"gross": {"amount": "19.99", "currency": "USD"}}}
    usual = {"id": "p1", "slug": "one", "name": "One", "description": None, "isAvailableForPurchase": True, "media": []}
    variant = {"id": "v1", "sku": "ONE", "name": "Basic", "quantityAvailable": quantity, "pricing": price}
    return usual | {"productType": {"slug": "ai-agent"}, "category": None, "variants": [variant]} | values


async def reprice(mall: Mall, sku: str, minor: int) -> None:
    async with mall.database.write() as tx:
        await tx.execute(update(VariantRow).where(col(VariantRow.sku) == sku).values(price=minor))


def reopened(mall: Mall, database: Database, clock: FrozenClock) -> Commerce:
    """A client of a later process, with what the earlier one left in the database."""

    async def token() -> str:
        return ""

    copies = DatabaseCopies(database, URL, "default-channel")
    return Commerce(URL, "default-channel", transport=mall.way, app_token=token, clock=clock, copies=copies)


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


async def test_pages_follow_one_another_and_hold_everything_once(mall: Mall) -> None:
    everything = await mall.commerce.products()
    pages = [await mall.commerce.products(ProductQuery(first=1, skip=place)) for place in range(everything.total + 1)]
    assert [product.slug for page in pages for product in page.items] == [product.slug for product in everything.items]
    assert {page.total for page in pages} == {everything.total}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (ProductQuery(min_price="cheap"), "min_price"),
        (ProductQuery(min_price="1e999"), "min_price"),
        (ProductQuery(max_price="-1"), "max_price"),
        (ProductQuery(max_price="nan"), "max_price"),
        (ProductQuery(first=0), "first"),
        (ProductQuery(skip=-1), "skip"),
        (ProductQuery(sort="colour"), "sort"),  # type: ignore[arg-type]
    ],
)
async def test_a_search_that_makes_no_sense_names_the_field(mall: Mall, query: ProductQuery, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await mall.commerce.products(query)
    assert set(refused.value.fields) == {field}


async def test_a_warm_page_asks_the_shop_nothing_and_a_due_reading_goes_on_behind_it(mall: Mall, clock: FrozenClock) -> None:
    await mall.commerce.product("customer-support-agent")
    asked = mall.way.asked
    for _ in range(5):
        await mall.commerce.product("customer-support-agent")
        await mall.commerce.products(ProductQuery(category="ai-agents", sort="price"))
    assert mall.way.asked == asked
    clock.advance(LIFE)
    await mall.commerce.product("customer-support-agent")
    assert mall.way.asked == asked
    assert mall.commerce.refreshing
    await mall.commerce.refreshed()
    assert mall.way.asked == asked + 1
    assert mall.commerce.freshness() == Freshness(clock.now())


async def test_callers_who_come_together_share_one_question(mall: Mall) -> None:
    await asyncio.gather(*(mall.commerce.products() for _ in range(20)))
    assert mall.way.asked == 1


async def test_a_changed_price_shows_as_soon_as_the_shop_reports_it(mall: Mall) -> None:
    await mall.commerce.products()
    await reprice(mall, "CSA-BASIC", 2500)
    await mall.commerce.changed()
    await mall.commerce.refreshed()
    product = await mall.commerce.product("customer-support-agent")
    assert product is not None
    assert product.price_from == Money(2500, "USD")


async def test_a_burst_of_changes_causes_two_readings_and_the_last_change_is_seen(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "GAP", 0.0)
    await mall.commerce.products()
    asked, mall.way.held = mall.way.asked, asyncio.Event()
    await mall.commerce.changed()
    await asyncio.wait_for(mall.way.arrived.wait(), 5)
    await reprice(mall, "CSA-BASIC", 2600)
    for _ in range(100):
        await mall.commerce.changed()
    mall.way.held.set()
    await mall.commerce.refreshed()
    await mall.commerce.refreshed()
    assert mall.way.asked == asked + 2
    product = await mall.commerce.product("customer-support-agent")
    assert product is not None
    assert product.price_from == Money(2600, "USD")


async def test_the_last_answer_stands_in_while_the_shop_is_away_and_says_since_when(mall: Mall, clock: FrozenClock) -> None:
    known, read_at = await mall.commerce.product("customer-support-agent"), clock.now()
    mall.way.up = False
    clock.advance(timedelta(hours=7))
    assert await mall.commerce.product("customer-support-agent") == known
    await mall.commerce.refreshed()
    assert mall.commerce.freshness() == Freshness(read_at, "away")
    mall.way.up = True
    clock.advance(timedelta(minutes=1))
    await mall.commerce.products()
    await mall.commerce.refreshed()
    assert mall.commerce.freshness() == Freshness(clock.now())


async def test_a_shop_that_is_away_is_not_asked_by_every_page(mall: Mall, clock: FrozenClock) -> None:
    await mall.commerce.products()
    mall.way.up = False
    clock.advance(LIFE)
    await mall.commerce.products()
    await mall.commerce.refreshed()
    asked = mall.way.asked
    for _ in range(20):
        await mall.commerce.products(ProductQuery(search="agent"))
    assert mall.way.asked == asked


async def test_what_was_never_read_is_unavailable_while_the_shop_is_away(mall: Mall) -> None:
    mall.way.up = False
    with pytest.raises(Unavailable):
        await mall.commerce.product("customer-support-agent")
    assert mall.commerce.freshness() == Freshness(None, "away")


async def test_a_product_that_is_in_no_list_is_found_by_its_address_and_remembered(mall: Mall) -> None:
    await mall.commerce.products()
    asked = mall.way.asked
    assert await mall.commerce.product("unlisted") is None
    assert await mall.commerce.product("unlisted") is None
    assert mall.way.asked == asked + 1
    await mall.commerce.changed()
    await mall.commerce.product("unlisted")
    assert mall.way.asked >= asked + 2


@pytest.mark.parametrize("slug", ["", "a" * 129, "a b", "a/b", "a\0", "<b>", "..", "one?x=1"])
async def test_what_no_product_can_be_called_is_not_asked_for(mall: Mall, slug: str) -> None:
    await mall.commerce.products()
    asked = mall.way.asked
    assert await mall.commerce.product(slug) is None
    assert mall.way.asked == asked


async def test_words_are_ranked_by_the_shop_once_and_looked_for_here_while_it_is_away(mall: Mall, clock: FrozenClock) -> None:
    query = ProductQuery(search="Knowledge  base", sort="relevance")
    found = await mall.commerce.products(query)
    assert (found.items[0].slug, found.local) == ("knowledge-base-agent", False)
    asked = mall.way.asked
    assert await mall.commerce.products(ProductQuery(search="knowledge base", sort="relevance")) == found
    assert mall.way.asked == asked
    mall.way.up = False
    here = await mall.commerce.products(ProductQuery(search="agent", sort="relevance"))
    assert here.local
    assert {item.slug for item in here.items} >= {"customer-support-agent", "knowledge-base-agent"}
    assert (await mall.commerce.products(ProductQuery(search="zebra"))).items == ()


async def test_what_the_index_of_the_shop_does_not_hold_yet_is_looked_for_here(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_words: str) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr(mall.commerce, "_search", nothing)
    found = await mall.commerce.products(ProductQuery(search="knowledge", sort="relevance"))
    assert (found.items[0].slug, found.local) == ("knowledge-base-agent", False)
    assert (await mall.commerce.products(ProductQuery(search="zebra"))).items == ()


async def test_the_last_good_copy_survives_a_restart_during_an_outage(mall: Mall, database: Database, clock: FrozenClock) -> None:
    known, read_at = await mall.commerce.products(), clock.now()
    mall.way.up = False
    clock.advance(timedelta(days=2))
    again = reopened(mall, database, clock)
    assert await again.products() == known
    assert again.freshness() == Freshness(read_at, "away")
    await again.close()


async def test_a_copy_is_written_when_something_changed_and_never_over_a_newer_one(database: Database, clock: FrozenClock) -> None:
    copies = DatabaseCopies(database, URL, "default-channel")
    newer = Snapshot.of([node(name="New")], clock.now(), URL)
    older = Snapshot.of([node(name="Old")], clock.now() - timedelta(minutes=1), URL)
    await copies.save(newer)
    await DatabaseCopies(database, URL, "default-channel").save(older)
    assert await copies.load() == newer
    await DatabaseCopies(database, URL, "another").save(older)
    assert await copies.load() == newer


async def test_a_copy_that_cannot_be_read_is_none(database: Database, clock: FrozenClock) -> None:
    async with database.write() as tx:
        tx.add(CatalogueCopyRow(shop=URL, channel="default-channel", as_of=clock.now(), body=b"not a copy"))
    assert await DatabaseCopies(database, URL, "default-channel").load() is None


def test_more_products_than_are_read_are_told_from_a_whole_catalogue(clock: FrozenClock) -> None:
    snapshot = Snapshot.of([node(id=str(n), slug=f"p{n}", name=f"P {n:04}") for n in range(250)], clock.now(), URL, whole=False)
    assert (snapshot.pages, snapshot.whole, snapshot.find(ProductQuery(first=10)).total) == (3, False, 250)


@pytest.mark.parametrize(
    ("media", "picture"),
    [
        ([], None),
        ([{"alt": "A desk"}], Picture("A desk", "https://cdn.example/256", "http://shop.test/512", "http://shop.test/1024")),
        ([{"alt": ""}], Picture("One", "https://cdn.example/256", "http://shop.test/512", "http://shop.test/1024")),
        ([{"emblem": "csa"}], None),
        ([{"alt": "CMP emblem of One"}], None),
        (
            [{"alt": "CMP emblem of One"}, {"alt": "Mine"}],
            Picture("Mine", "https://cdn.example/256", "http://shop.test/512", "http://shop.test/1024"),
        ),
        ([{"type": "VIDEO"}], None),
        ([{"at256": "javascript:alert(1)"}], None),
        ([{"emblem": "csa"}, {"alt": "Mine"}], Picture("Mine", "https://cdn.example/256", "http://shop.test/512", "http://shop.test/1024")),
    ],
)
def test_the_first_picture_of_the_sellers_own_is_taken(media: list[dict[str, str]], picture: Picture | None) -> None:
    usual = {"type": "IMAGE", "alt": "x", "emblem": None, "at256": "https://cdn.example/256", "at512": "/512", "at1024": "/1024"}
    assert product(node(media=[usual | item for item in media]), URL).picture == picture


def test_what_is_sold_out_or_not_for_purchase_cannot_be_bought() -> None:
    gone = product(node(quantity=0), URL)
    closed = product(node(isAvailableForPurchase=False), URL)
    assert [item.variants[0].available for item in (gone, closed, product(node(), URL))] == [False, False, True]
