"""The edge as an ASGI layer: real statuses and heads for pages, headers for everything, a name for each browser."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Protocol

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.commerce.schemas import Product, ProductPage, ProductQuery, Sort
from backend.commerce.snapshot import MAX_PRODUCTS
from backend.control_plane.views import Offering
from backend.kernel.errors import DomainError, NotFound
from backend.kernel.secrets import new_token
from backend.problem import problem
from cmp_web import routes
from cmp_web.edge import head, policy
from cmp_web.edge.head import About
from cmp_web.edge.site import Site, dressed, script_hashes
from cmp_web.pages.page import Page
from cmp_web.state import browse
from cmp_web.state.session import VISITOR

APIS = ("/v1/", "/auth/", "/api/", "/webhooks/", "/graphql", "/mcp")
PLAIN_SORTS: dict[str, Sort] = {"price": "price", "-price": "-price"}
YEAR_SECONDS = 365 * 24 * 3600
NEEDS_SCRIPT = "<main><h1>This page needs JavaScript</h1><p>It shows what is yours and live. Turn JavaScript on and reload it.</p></main>"
NOT_FOUND = f'<main><h1>This page does not exist</h1><p><a href="{routes.MARKETPLACE}">Go to the marketplace</a></p></main>'


class Shop(Protocol):
    """What the edge asks of commerce."""

    async def product(self, slug: str) -> Product | None: ...

    async def products(self, query: ProductQuery | None = None) -> ProductPage: ...


class Offerings(Protocol):
    """What the edge asks of the control plane."""

    async def all(self) -> Sequence[Offering]: ...


class Edge:
    """Wraps `app`, the backend with Reflex's files behind it. table: every page of the site. base_url: the address the outside knows.
    images: origins beside our own that pictures may come from.

    Only variants that something is offered for are told of, as the pages' State shows only those: whatever else the channel holds could
    be paid for here and never delivered.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        site: Site,
        table: Iterable[Page],
        shop: Shop,
        offerings: Offerings,
        base_url: str,
        brand: str,
        images: Sequence[str] = (),
    ) -> None:
        self._app, self._site, self._shop, self._offerings, self._images = app, site, shop, offerings, images
        self._base_url, self._brand = base_url, brand
        self._table = {page.path: page for page in table}
        self._late = _pattern(routes.PRODUCT)
        dynamic = [path for path in self._table if "[" in path and path != routes.PRODUCT]
        self._shells = [_pattern(path) for path in dynamic]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = await self._answer(request) if request.method in {"GET", "HEAD"} else None
        if answer is not None:
            await answer(scope, receive, _stamped(scope, send))
        else:
            await self._pass(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        """What the edge itself says to a GET; None for what belongs to the backend or to the files."""
        path = request.url.path
        if path == "/sitemap.xml":
            return Response(await self._sitemap(), media_type="application/xml", headers={"cache-control": policy.MINUTES})
        if path == "/robots.txt":
            return PlainTextResponse(head.robots(self._base_url), headers={"cache-control": policy.MINUTES})
        if (environment := self._site.environment(path)) is not None:
            return Response(environment, media_type="text/javascript", headers={"cache-control": policy.YEAR})
        bare = path.rstrip("/") or "/"
        if bare != path and self._is_page(bare):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(bare + query, 308)
        if self._late.fullmatch(path):
            return await self._product(request)
        if path == routes.MARKETPLACE and path in self._site.pages:
            return await self._marketplace(request)
        if path in self._site.pages:
            return self._html(request, self._site.page(path), self._about(path))
        if any(shell.fullmatch(path) for shell in self._shells):
            return self._html(request, self._site.shell, About(path, indexed=False), NEEDS_SCRIPT)
        return None

    def _is_page(self, path: str) -> bool:
        return path in self._site.pages or any(p.fullmatch(path) for p in (self._late, *self._shells))

    async def _product(self, request: Request) -> Response:
        """The shop says what there is; the site only knows what there was when it was built."""
        path = request.url.path
        built = self._site.page(path) if path in self._site.pages else None
        try:
            item = await self._shop.product(path.rpartition("/")[2])
            sold = await self._offered([item] if item else [])
        except DomainError:
            # Words that were true at the build are better than none; a page never built cannot be shown without the shop.
            about = self._about(path) if built else About(path, indexed=False)
            return self._html(request, built or self._site.shell, about, "" if built else NEEDS_SCRIPT, status=200 if built else 503)
        if not sold:
            return self._missing(request)
        (item,) = sold
        about = head.product(item, self._base_url, self._brand)
        if built:
            return self._html(request, built, about)
        named = head.tags(about, self._base_url, self._brand) + f"<title>{head.escape(about.title)}</title>"
        return self._send(request, dressed(self._site.shell, named, head.readable(item)))

    async def _marketplace(self, request: Request) -> Response:
        """The built page, with the products the shop has now for readers without scripts. Words are looked for only where scripts run."""
        path, asked = routes.MARKETPLACE, {name: value for name, value in request.query_params.items() if name in browse.ASKED}
        page, built = browse.number(asked.get("page", "")), self._site.page(routes.MARKETPLACE)
        if asked.get("q"):
            return self._html(request, built, self._about(path))
        sort = PLAIN_SORTS.get(asked.get("sort", ""), "name")
        query = ProductQuery(category=asked.get("category", ""), sort=sort, first=MAX_PRODUCTS)
        try:
            sold = await self._offered((await self._shop.products(query)).items)
        except DomainError:
            return self._html(request, built, self._about(path))
        first = (page - 1) * browse.PER_PAGE
        found = ProductPage(tuple(sold[first : first + browse.PER_PAGE]), len(sold))
        body, links = head.listed(found, asked, page, browse.PER_PAGE)
        return self._send(request, dressed(built, head.tags(self._about(path), self._base_url, self._brand) + links, body), few=not asked)

    async def _offered(self, items: Iterable[Product]) -> list[Product]:
        """The products that can be delivered, each with those of its variants that can."""
        skus = {offering.sku for offering in await self._offerings.all()}
        cut = [replace(item, variants=tuple(variant for variant in item.variants if variant.sku in skus)) for item in items]
        return [item for item in cut if item.variants]

    def _about(self, path: str) -> About:
        page = self._table.get(path)
        if page is None or not page.indexed:
            return About(path, indexed=False)
        title = page.title if isinstance(page.title, str) else ""
        facts: list[dict[str, object]] = [head.organization(self._base_url, self._brand)] if path == routes.HOME else []
        if path == routes.MARKETPLACE:
            facts.append(head.breadcrumbs([("Home", "/"), ("Marketplace", path)], self._base_url))
        return About(path, title, page.description, facts=tuple(facts))

    def _missing(self, request: Request) -> Response:
        about = About(request.url.path, title="Page not found · CMP", indexed=False)
        return self._html(request, self._site.shell, about, NOT_FOUND, status=404)

    def _unknown(self, request: Request) -> Response:
        """Nothing is at this address: a page for a reader, a problem document for a program, one word for a file that is not there."""
        if request.url.path.startswith(APIS):
            return problem(NotFound("There is nothing at this address."))
        if request.method == "GET" and "text/html" in request.headers.get("accept", "*/*").replace("*/*", "text/html"):
            return self._missing(request)
        return PlainTextResponse("Not found", 404)

    def _html(self, request: Request, page: str, about: About, body: str = "", status: int = 200) -> Response:
        return self._send(request, dressed(page, head.tags(about, self._base_url, self._brand), body), status, few=True)

    def _send(self, request: Request, page: str, status: int = 200, *, few: bool = False) -> Response:
        """few: whether there are few such pages, so that packing each as small as can be is done once."""
        headers = {"cache-control": policy.FRESH, "vary": "accept-encoding"}
        host, paying = request.headers.get("host", ""), request.url.path == routes.CHECKOUT
        headers["content-security-policy"] = policy.content_security(script_hashes(page), host, images=self._images, paying=paying)
        accepted, body = request.headers.get("accept-encoding", ""), page.encode()
        packing = next((name for name in ("br", "gzip") if name in accepted), "")
        if packing:
            headers["content-encoding"], body = packing, _compressed(page, packing, few)
        response = Response(body, status, headers=headers, media_type="text/html")
        if _visitor(request.headers) is None:
            secure = self._base_url.startswith("https://")
            response.set_cookie(VISITOR, new_token(), max_age=YEAR_SECONDS, httponly=True, samesite="lax", secure=secure)
        return response

    async def _sitemap(self) -> str:
        paths = [path for path, page in self._table.items() if page.indexed]
        try:
            listed = await self._offered((await self._shop.products(ProductQuery(first=MAX_PRODUCTS))).items)
        except DomainError:
            return head.sitemap(paths, self._base_url)
        live = {routes.product(item.slug) for item in listed}
        kept = [path for path in paths if not self._late.fullmatch(path) or path in live]
        return head.sitemap([*kept, *sorted(live - set(kept))], self._base_url)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the backend and the files; where they know nothing, Reflex would show its empty page."""
        request, replaced = Request(scope), False

        async def watch(message: Message) -> None:
            nonlocal replaced
            if replaced:
                return
            if message["type"] == "http.response.start" and message["status"] == 404 and _is_html(message):
                replaced = True
                await self._unknown(request)(scope, receive, _stamped(scope, send))
                return
            await stamped(message)

        stamped = _stamped(scope, send)
        await self._app(scope, receive, watch)


def _stamped(scope: Scope, send: Send) -> Send:
    """Adds the headers that every answer gets, where the answer has not set its own."""
    path, query = scope["path"], scope.get("query_string", b"").decode("latin-1")

    async def stamp(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            keep = policy.caching(path, query) if message["status"] in {200, 206, 304} else None
            usual = policy.ALWAYS | (policy.DOCUMENTS if _is_html(message) else {})
            for name, value in (policy.FOREVER if keep == policy.YEAR else usual).items():
                headers.setdefault(name, value)
            if keep:
                headers["cache-control"] = keep
            if keep == policy.YEAR:
                for name in policy.VALIDATORS:
                    del headers[name]
            if path == "/widget.js":
                headers["access-control-allow-origin"], headers["cross-origin-resource-policy"] = "*", "cross-origin"
        await send(message)

    return stamp


def _is_html(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/html")


def _visitor(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(VISITOR)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _pattern(path: str) -> re.Pattern[str]:
    """`/orders/[ref]` as a pattern of whole paths; a part never begins with a dot."""
    return re.compile(re.sub(r"\\\[\w+\\\]", r"(?!\\.)[\\w.~-]{1,128}", re.escape(path)))


@lru_cache(maxsize=256)
def _compressed(page: str, packing: str, few: bool) -> bytes:
    """A tenth smaller takes brotli sixty times as long (84 ms for a product, 1.4 ms else): not for a page of which there are many."""
    if packing == "gzip":
        return gzip.compress(page.encode(), 9, mtime=0)
    return bytes(brotli.compress(page.encode(), mode=brotli.MODE_TEXT, quality=11 if few else 5))
