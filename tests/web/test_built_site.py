"""What a reader without scripts, and a search engine, finds in the built HTML. Builds the site first if its sources changed."""

from __future__ import annotations

import re
from html import unescape

import pytest

from backend import catalogue
from cmp_web import routes
from cmp_web.build import build
from cmp_web.cmp_web import PAGES
from cmp_web.edge.site import BUILT, Site
from cmp_web.state import shelf

BUDGET = 160 * 1024
"""Bytes of compressed transfer that a catalogue page may take in all, its text face and icons included."""


@pytest.fixture(scope="module")
def site() -> Site:
    build(print)
    return Site()


def words(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", page, flags=re.S)))


@pytest.mark.parametrize("path", [page.path for page in PAGES if page.indexed])
def test_every_listed_page_says_what_it_is_before_any_script_runs(site: Site, path: str) -> None:
    page = site.page(path)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert len(re.findall(r"<title>[^<]+ · CMP</title>|<title>CMP: [^<]+</title>", page)) == 1
    assert re.search(r'<meta content="[^"]{30,}" name="description"/>', page)
    assert '<html lang="en">' in page


def test_the_marketplace_holds_every_card_and_price(site: Site) -> None:
    text = words(site.page(routes.MARKETPLACE))
    for product in catalogue.load():
        for variant in product.variants:
            assert variant.card_name in text
            assert str(variant.price) in text


@pytest.mark.parametrize("product", catalogue.load(), ids=lambda product: product.slug)
def test_a_product_page_holds_its_words_prices_terms_and_questions(site: Site, product: catalogue.Product) -> None:
    text = " ".join(words(site.page(routes.product(product.slug))).split())
    said = [product.name, product.summary, *(str(variant.price) for variant in product.variants)]
    said += [question.answer for question in product.questions] + shelf.built_product(product).not_charged
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("path", [routes.MARKETPLACE, *(routes.product(product.slug) for product in catalogue.load())])
def test_a_catalogue_page_stays_within_its_budget(site: Site, path: str) -> None:
    page = site.page(path)
    linked = set(re.findall(r'(?:href|src)="(/[^"#?]+\.(?:js|css|woff2))', page)) | set(
        re.findall(r'(?:from|import\() ?"(/assets[^"]+)"', page)
    )
    files = [BUILT / name.lstrip("/") for name in (*linked, "/icons.svg", f"{path}/index.html")]
    sizes = [(packed if (packed := file.with_name(f"{file.name}.br")).exists() else file).stat().st_size for file in files]
    assert len(linked) > 5
    assert sum(sizes) < BUDGET


def test_the_mono_face_is_not_fetched_before_it_is_seen(site: Site) -> None:
    for path in site.pages:
        assert "geist-mono" not in site.page(path)
