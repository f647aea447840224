"""The edge around a miniature site and a shop of plain values."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import brotli
import httpx
import pytest
import reflex as rx
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route

from backend.catalogue import Terms
from backend.commerce.schemas import Product, ProductPage, ProductQuery, Variant
from backend.control_plane.views import Offering
from backend.kernel.errors import Unavailable
from backend.kernel.ids import Sku
from backend.kernel.money import Credits, Money
from cmp_web import routes
from cmp_web.edge import Edge
from cmp_web.edge.site import Site, script_hashes
from cmp_web.pages.page import Page

BASE = "https://shop.example"
SCRIPT = "console.log('first')"
SHELL = f'<html><head><meta content="favicon.ico" property="og:image"/><script>{SCRIPT}</script></head><body></body></html>'


def agent(slug: str, name: str = "Agent <b>One</b>") -> Product:
    text = "It answers </script><script>alert(1)</script>."
    return Product("p1", slug, name, "", text, "ai-agents", "AI agents", "ai-agent", (variant("ONE-BASIC"),))


def variant(sku: str, minor: int = 1999) -> Variant:
    return Variant("v1", Sku(sku), "Basic", Money(minor, "USD"), True)


class Shop:
    def __init__(self, *products: Product) -> None:
        self.products_ = {product.slug: product for product in products}
        self.closed = False

    async def product(self, slug: str) -> Product | None:
        if self.closed:
            raise Unavailable("The shop does not answer.")
        return self.products_.get(slug)

    async def products(self, query: ProductQuery | None = None) -> ProductPage:
        if self.closed:
            raise Unavailable("The shop does not answer.")
        asked, everything = query or ProductQuery(), tuple(self.products_.values())
        return ProductPage(everything[asked.skip : asked.skip + asked.first], len(everything))


class Offered:
    """Something is offered for the Basic plan of every agent."""

    async def all(self) -> list[Offering]:
        return [offering("ONE-BASIC")]


def offering(sku: str) -> Offering:
    terms = Terms(Credits.of(10), Credits.of(1), 0, 0, rest=False, mcp=False, rpm=0)
    return Offering(Sku(sku), "agent", "known", "Agent One", "Basic", "basic", "csa", terms, "", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (".", "marketplace", "marketplace/known", "cart"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "index.html").write_text(SHELL.replace("<body>", f"<body><h1>page {name}</h1>"))
    (tmp_path / "__spa-fallback.html").write_text(SHELL)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/reflex-env-ab12.js").write_text("var e={EVENT:`ws://localhost:8000/_event`,PING:`http://localhost:8000/ping`};")
    return tmp_path


@pytest.fixture
def shop() -> Shop:
    return Shop(agent("known"), agent("late"))


@pytest.fixture
async def browser(folder: Path, shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    def page(path: str, indexed: bool) -> Page:
        return Page(path, f"Page {path} · CMP", rx.fragment, "Words about this page.", indexed=indexed)

    table = [page(path, path != "/cart") for path in ("/", "/marketplace", "/marketplace/known", "/cart")]
    table += [page(routes.PRODUCT, False), page(routes.ORDER, False)]
    edge = Edge(inside(), site=Site(folder), table=table, shop=shop, offerings=Offered(), base_url=BASE, brand="CMP")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="https://shop.example") as client:
        yield client


def inside() -> Starlette:
    """What stands behind the edge: an API, a file, and Reflex's way to say that it knows nothing."""

    async def nothing(_: object, __: Exception) -> HTMLResponse:
        return HTMLResponse("<html>Reflex</html>", 404)

    def text(path: str) -> Route:
        return Route(path, lambda _: PlainTextResponse("body"))

    files = [text(path) for path in ("/assets/root-1.js", "/fonts/face.woff2", "/widget.js", "/icons.svg", "/page-of-api")]
    return Starlette(routes=[Route("/v1/things", lambda _: JSONResponse({"items": []})), *files], exception_handlers={404: nothing})


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    script_hashes.cache_clear()


@pytest.mark.parametrize("path", ["/", "/marketplace", "/marketplace/known", "/cart"])
async def test_a_page_is_served_at_its_own_address_without_a_redirect(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert "<h1>page " in answer.text
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_slash_too_many_leads_to_the_page_and_keeps_the_query(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/marketplace/?q=x")
    assert (answer.status_code, answer.headers["location"]) == (308, "/marketplace?q=x")


@pytest.mark.parametrize("path", ["/nowhere", "/marketplace/unknown", "/orders", "/orders/a/b", "/marketplace/%2e%2e"])
async def test_what_does_not_exist_is_a_real_404_with_a_page(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert "This page does not exist" in answer.text
    assert 'content="noindex"' in answer.text


async def test_a_program_is_told_in_its_own_language_that_there_is_nothing(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"
    missing = await browser.get("/assets/old-1.js", headers={"accept": "application/javascript"})
    assert (missing.status_code, missing.text) == (404, "Not found")
    assert "immutable" not in missing.headers.get("cache-control", "")


async def test_a_product_withdrawn_since_the_build_is_gone(browser: httpx.AsyncClient, shop: Shop) -> None:
    del shop.products_["known"]
    assert (await browser.get("/marketplace/known")).status_code == 404


async def test_a_product_newer_than_the_build_is_readable_without_scripts(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/marketplace/late")
    assert answer.status_code == 200
    assert "<title>Agent &lt;b&gt;One&lt;/b&gt; · CMP</title>" in answer.text
    assert "<noscript><main><h1>Agent &lt;b&gt;One&lt;/b&gt;</h1>" in answer.text
    assert "Basic: $19.99 (ONE-BASIC)" in answer.text


async def test_a_product_is_described_to_search_engines_with_its_live_price(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/marketplace/known")).text
    facts = [json.loads(found) for found in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)]
    assert [fact["@type"] for fact in facts] == ["Product", "BreadcrumbList"]
    (offer,) = facts[0]["offers"]
    assert (offer["price"], offer["priceCurrency"], offer["sku"]) == ("19.99", "USD", "ONE-BASIC")
    assert offer["url"] == f"{BASE}/marketplace/known?plan=ONE-BASIC"
    assert f'<link rel="canonical" href="{BASE}/marketplace/known"/>' in page
    assert "favicon.ico" not in page


async def test_a_product_that_nothing_is_offered_for_does_not_exist_here_because_it_would_be_paid_and_never_delivered(
    browser: httpx.AsyncClient, shop: Shop
) -> None:
    for slug in ("known", "late"):
        shop.products_[slug] = dataclasses.replace(agent(slug), variants=(variant("SHIRT-M"), variant("")))
        answer = await browser.get(f"/marketplace/{slug}")
        assert (answer.status_code, "This page does not exist" in answer.text) == (404, True)


async def test_only_variants_that_something_is_offered_for_are_told_to_readers_and_search_engines(
    browser: httpx.AsyncClient, shop: Shop
) -> None:
    shop.products_["late"] = dataclasses.replace(agent("late"), variants=(variant("SHIRT-M", 100), variant("ONE-BASIC")))
    page = (await browser.get("/marketplace/late")).text
    assert ('"sku": "ONE-BASIC"' in page, "SHIRT-M" in page) == (True, False)
    shop.products_["shirt"] = dataclasses.replace(agent("shirt", "A shirt"), variants=(variant("SHIRT-M", 100),))
    listed = (await browser.get("/marketplace")).text
    assert "shirt" not in listed.lower()
    assert "from $19.99" in listed
    assert "from $1.00" not in listed
    assert "shirt" not in (await browser.get("/sitemap.xml")).text


async def test_the_pages_of_the_list_hold_as_many_products_each_although_others_are_left_out(
    browser: httpx.AsyncClient, shop: Shop
) -> None:
    sold = {f"agent-{n}": agent(f"agent-{n}") for n in range(30)}
    shop.products_ = {f"shirt-{n}": dataclasses.replace(agent(f"shirt-{n}"), variants=(variant("SHIRT-M"),)) for n in range(30)} | sold
    pages = [(await browser.get(f"/marketplace?page={n}")).text for n in (1, 2)]
    assert [len(re.findall(r'<li><a href="/marketplace/agent-\d+">', page)) for page in pages] == [24, 6]
    assert ("Next page" in pages[0], "Next page" in pages[1]) == (True, False)


async def test_no_text_of_a_product_can_end_a_script_or_a_tag(browser: httpx.AsyncClient) -> None:
    for slug in ("known", "late"):
        assert "<script>alert(1)" not in (await browser.get(f"/marketplace/{slug}")).text


async def test_while_the_shop_is_closed_built_pages_stand_and_others_say_so(browser: httpx.AsyncClient, shop: Shop) -> None:
    shop.closed = True
    assert (await browser.get("/marketplace/known")).status_code == 200
    assert (await browser.get("/marketplace/late")).status_code == 503
    assert (await browser.get("/sitemap.xml")).status_code == 200


async def test_the_marketplace_can_be_paged_through_without_scripts(browser: httpx.AsyncClient, shop: Shop) -> None:
    shop.products_ = {f"agent-{n}": agent(f"agent-{n}") for n in range(50)}
    pages = [(await browser.get(f"/marketplace?page={n}&sort=price&evil=1")).text for n in (1, 2, 3)]
    assert [len(re.findall(r'<li><a href="/marketplace/agent-\d+">', page)) for page in pages] == [24, 24, 2]
    assert '<link rel="next" href="/marketplace?page=2&amp;sort=price"/>' in pages[0]
    assert "prev" not in pages[0]
    assert '<a rel="prev" href="/marketplace?sort=price">Previous page</a>' in pages[1]
    assert "Next page" not in pages[2]
    assert "<b>One" not in pages[0]
    shop.closed = True
    assert (await browser.get("/marketplace?page=2")).status_code == 200


async def test_what_is_somebodys_own_is_not_listed(browser: httpx.AsyncClient) -> None:
    for path in ("/cart", "/orders/ord_1"):
        page = (await browser.get(path)).text
        assert 'content="noindex"' in page
        assert "canonical" not in page


async def test_the_sitemap_lists_every_page_and_every_product_on_sale(browser: httpx.AsyncClient, shop: Shop) -> None:
    del shop.products_["known"]
    found = re.findall(r"<loc>(.*?)</loc>", (await browser.get("/sitemap.xml")).text)
    assert found == [f"{BASE}/", f"{BASE}/marketplace", f"{BASE}/marketplace/late"]
    robots = (await browser.get("/robots.txt")).text
    assert f"Sitemap: {BASE}/sitemap.xml" in robots
    assert "Disallow: /cart" in robots


async def test_only_the_pages_own_scripts_may_run_and_nobody_may_frame_it(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/")
    policy = answer.headers["content-security-policy"]
    assert script_hashes(f"<script>{SCRIPT}</script>") in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "wss://shop.example" in policy
    assert (answer.headers["x-content-type-options"], answer.headers["x-frame-options"]) == ("nosniff", "DENY")


async def test_a_strange_host_cannot_write_into_the_policy(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/", headers={"host": "evil; script-src *"})
    assert "evil" not in answer.headers["content-security-policy"]


async def test_security_headers_are_on_the_api_too(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/v1/things")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "cache-control" not in answer.headers


async def test_a_browser_gets_a_name_once_that_scripts_cannot_read(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/")
    given = first.headers["set-cookie"]
    assert re.match(r"cmp_visitor=[\w-]{43};", given)
    for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/"):
        assert part in given
    assert "set-cookie" not in (await browser.get("/marketplace")).headers
    browser.cookies.clear()
    assert (await browser.get("/")).headers["set-cookie"] != given


async def test_what_has_a_hash_in_its_address_is_kept_for_a_year(browser: httpx.AsyncClient) -> None:
    for path in ("/assets/root-1.js", "/fonts/face.woff2", "/icons.svg?v=0a1b2c3d"):
        assert (await browser.get(path)).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await browser.get("/icons.svg")).headers["cache-control"] == "public, max-age=86400"


async def test_the_widget_may_be_loaded_by_any_site_and_is_fresh_within_minutes(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/widget.js")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=300"


async def test_the_page_calls_back_to_the_host_it_came_from(browser: httpx.AsyncClient) -> None:
    script = (await browser.get("/assets/reflex-env-ab12.js")).text
    assert "localhost" not in script
    assert "${location.origin}/ping" in script
    assert "${location.origin.replace(/^http/,`ws`)}/_event" in script


async def test_pages_are_compressed_for_who_can_read_that(browser: httpx.AsyncClient) -> None:
    async with browser.stream("GET", "/", headers={"accept-encoding": "gzip"}) as answer:
        body = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert b"<h1>page" in gzip.decompress(body)
    async with browser.stream("GET", "/", headers={"accept-encoding": "gzip, deflate, br"}) as answer:
        body = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "br"
    assert b"<h1>page" in brotli.decompress(body)
    plain = await browser.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_pictures_of_the_shop_may_come_from_its_origins_on_every_page(folder: Path, shop: Shop) -> None:
    table = [Page(path, "Page · CMP", rx.fragment, "Words about this page.") for path in ("/cart", "/checkout")]
    (folder / "checkout").mkdir()
    (folder / "checkout" / "index.html").write_text(SHELL)
    images = ("https://saleor.example", "https://cdn.example")
    edge = Edge(inside(), site=Site(folder), table=table, shop=shop, offerings=Offered(), base_url=BASE, brand="CMP", images=images)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url=BASE) as client:
        policies = {path: (await client.get(path)).headers["content-security-policy"] for path in ("/cart", "/checkout", "/nowhere")}
    assert all("img-src 'self' data: https://saleor.example https://cdn.example" in policy for policy in policies.values())
    assert {path for path, policy in policies.items() if "stripe" in policy} == {"/checkout"}
    assert "frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com" in policies["/checkout"]
    assert "'unsafe-eval'" not in policies["/checkout"]
