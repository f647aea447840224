"""The marketplace's address: a page of cards for whatever it says."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.commerce.products import product
from backend.commerce.schemas import Freshness, Picture, Product
from backend.commerce.snapshot import MAX_PRICE
from cmp_web.state import browse, notice, shelf
from cmp_web.state.views import Card

VALUES = {"category": {"tools": "Tools"}, "does": {}, "plan": {"basic": "Basic", "pro": "Pro"}, "connects": {}}


def cards(count: int) -> list[Card]:
    def card(n: int) -> Card:
        plan = "pro" if n % 2 else "basic"
        return Card(f"S{n}", "s", f"Name {n:03}", "", "agent", plan, "", n * 100, "USD", [], "", "", ["category=tools", f"plan={plan}"])

    return [card(n) for n in range(count)]


def numbers(page: browse.Shelf) -> list[str]:
    return [link.label for link in page.links]


def test_pages_follow_one_another_and_hold_every_card_once() -> None:
    found = cards(60)
    pages = [browse.shelf(found, {"page": str(n)}, VALUES) for n in (1, 2, 3)]
    assert [len(page.cards) for page in pages] == [24, 24, 12]
    assert [card for page in pages for card in page.cards] == found
    assert [page.said for page in pages] == [
        "60 products, 1 to 24 shown",
        "60 products, 25 to 48 shown",
        "60 products, 49 to 60 shown",
    ]


def test_a_page_links_to_its_neighbours_the_first_and_the_last_and_keeps_what_was_asked() -> None:
    page = browse.shelf(cards(400), {"page": "4", "plan": "pro", "q": "a b", "evil": "1"}, VALUES)
    assert numbers(page) == ["Previous", "1", "…", "3", "4", "5", "…", "9", "Next"]
    rels = {link.rel: link.href for link in page.links if link.rel}
    assert rels == {"prev": "/marketplace?q=a+b&plan=pro&page=3", "next": "/marketplace?q=a+b&plan=pro&page=5"}
    assert [link.label for link in page.links if link.here] == ["4"]
    first = browse.shelf(cards(30), {}, VALUES)
    assert numbers(first) == ["1", "2", "Next"]
    assert first.links[0].href == "/marketplace"


def test_one_page_has_no_row_of_pages() -> None:
    assert browse.shelf(cards(24), {}, VALUES).links == []


@pytest.mark.parametrize(
    ("asked", "first"),
    [("0", "S0"), ("-1", "S0"), ("two", "S0"), ("1e9", "S0"), ("²", "S0"), ("99999999999", "S0"), ("999", "S48"), ("3", "S48")],
)
def test_a_page_that_is_none_is_the_first_and_one_too_many_the_last(asked: str, first: str) -> None:
    assert browse.shelf(cards(60), {"page": asked}, VALUES).cards[0].sku == first


def test_a_change_of_filter_begins_at_the_first_page() -> None:
    assert browse.address({"page": "3", "sort": "price"}, plan="pro") == "/marketplace?sort=price&plan=pro"


@given(st.dictionaries(st.sampled_from([*browse.ASKED, "other"]), st.text(max_size=30)))
def test_no_address_breaks_the_page_and_its_links_ask_only_what_is_known(asked: dict[str, str]) -> None:
    page = browse.shelf(cards(60), asked, VALUES)
    assert len(page.cards) <= browse.PER_PAGE
    for link in page.links:
        assert link.href == "" or set(parse_qs(urlsplit(link.href).query)) <= set(browse.ASKED)


EXTREME = st.builds("{}{}e{}{}".format, st.sampled_from(["", "-"]), st.integers(0), st.sampled_from(["", "-"]), st.integers(0))


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1500), ("EUR", 150000), ("KWD", 1500000)])
@pytest.mark.parametrize(("asked", "shown"), [({"min": "1500"}, 1), ({"max": "1500"}, 1), ({"min": "1501"}, 0), ({"max": "1499.99"}, 0)])
def test_the_bounds_of_the_price_are_in_the_currencys_own_units(currency: str, minor: int, asked: dict[str, str], shown: int) -> None:
    (card,) = cards(1)
    assert len(browse.shelf([dataclasses.replace(card, currency=currency, minor=minor)], asked, VALUES).cards) == shown


@given(
    EXTREME | st.sampled_from(["1e999999", "1e-999999", "9" * 5000, "sNaN", "-Infinity", "0e999999999999999999"]) | st.text(), st.booleans()
)
def test_no_bound_of_the_price_breaks_the_page(text: str, low: bool) -> None:
    found = browse.amount(text)
    assert found is None or 0 <= found < MAX_PRICE
    page = browse.shelf(cards(60), {"min" if low else "max": text}, VALUES)
    assert found is not None or page.said.startswith("60 products")


def test_a_facet_offers_so_many_values_and_always_the_chosen_one() -> None:
    many = {**VALUES, "does": {f"v{n}": f"V {n}" for n in range(40)}}
    (facet,) = [facet for facet in browse.shelf(cards(5), {"does": "v30"}, many).facets if facet.title == "What it does"]
    assert len(facet.options) == browse.MAX_OPTIONS + 1
    assert [option.value for option in facet.options if option.on] == ["v30"]


def test_the_notice_names_the_day_when_it_is_not_today() -> None:
    now = datetime(2026, 11, 22, 14, 7, tzinfo=UTC)
    assert notice.of(Freshness(now.replace(minute=5), ""), now) == ""
    assert "as of 14:05 UTC;" in notice.of(Freshness(now.replace(minute=5), "away"), now)
    assert "answers slowly" in notice.of(Freshness(now.replace(minute=5), "slow"), now)
    assert "as of 20 Nov 2026, 14:07 UTC;" in notice.of(Freshness(now.replace(day=20), "away"), now)
    assert notice.of(Freshness(None, "away"), now) == notice.NEVER


def test_a_picture_is_offered_in_three_widths() -> None:
    item = Product("p", "s", "N", "", "", "c", "C", "ai-agent", (), Picture("A desk", "u/256", "u/512", "u/1024"))
    shot = shelf.shot(item, shelf.CARD)
    assert (shot.src, shot.srcset, shot.alt) == ("u/512", "u/256 256w, u/512 512w, u/1024 1024w", "A desk")
    assert shelf.shot(item, shelf.PAGE).src == "u/1024"


@pytest.mark.parametrize("alt", ["CMP emblem of Customer Support Agent", " CMP emblem of N"])
def test_where_saleor_holds_only_the_emblem_we_uploaded_card_and_page_draw_it_themselves(alt: str) -> None:
    sizes = {size: f"https://cdn.example/{size}.png" for size in ("at256", "at512", "at1024")}
    price = {"price": {"gross": {"amount": 19.99, "currency": "USD"}}}
    node = {
        "id": "p",
        "slug": "customer-support-agent",
        "name": "Customer Support Agent",
        "description": None,
        "isAvailableForPurchase": True,
        "productType": {"slug": "ai-agent"},
        "category": None,
        "media": [{"type": "IMAGE", "alt": alt, "emblem": None, **sizes}],
        "variants": [{"id": "v", "sku": "CSA-BASIC", "name": "Basic", "quantityAvailable": 5, "pricing": price}],
    }
    item = product(node, "https://shop.example/graphql/")
    (card,) = shelf.live_cards([item], {variant.sku: variant.terms for one in shelf.SHELF for variant in one.variants})
    assert (card.shot, card.emblem) == (shelf.NO_SHOT, shelf.emblem_of("customer-support-agent"))
    assert shelf.shot(item, shelf.PAGE) == shelf.NO_SHOT
