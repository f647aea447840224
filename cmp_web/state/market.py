"""The marketplace: search, filters, sort and page live in the address, so they can be shared, reloaded and gone back to."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.commerce.schemas import ProductQuery
from backend.commerce.snapshot import MAX_PRODUCTS
from backend.kernel.errors import DomainError
from cmp_web import routes
from cmp_web.state import browse, notice, shelf, words
from cmp_web.state.services import services
from cmp_web.state.session import public
from cmp_web.state.views import Card, Facet, PageLink

NOT_A_PRICE = "Use a number, as in 20 or 49.99."


class Market(rx.State):
    """cards: what is shown. currency: of all prices, which is the channel's. note: what is the matter with the shop. unknown: what of the
    address is not known here."""

    cards: list[Card] = shelf.built_cards()
    facets: list[Facet] = browse.facets(shelf.built_cards(), {}, shelf.facet_words((), {}))
    pages: list[PageLink] = []
    q: str = ""
    sort: str = ""
    low: str = ""
    currency: str = shelf.CURRENCY
    high: str = ""
    said: str = words.count(len(shelf.built_cards()), "product")
    note: str = ""
    unknown: str = ""
    busy: bool = False
    price_error: str = ""
    _typed: str = ""
    """The words as the reader typed them last, so that their field is left alone while it already shows them."""

    @rx.event
    @public
    async def load(self) -> Any:
        asked = self._asked()
        self.q, self.sort = browse.searched(asked), asked.get("sort", "") if asked.get("sort") in browse.SORTS else ""
        self.low, self.high = asked.get("min", ""), asked.get("max", "")
        self.price_error = NOT_A_PRICE if any(text and browse.amount(text) is None for text in (self.low, self.high)) else ""
        self.busy = True
        yield
        await self._show(asked)
        self.busy = False
        if self.q != self._typed:
            self._typed = self.q
            yield rx.set_value("q", self.q)
        if services().commerce.refreshing:
            yield Market.follow

    @rx.event(background=True)
    @public
    async def follow(self) -> None:
        """The page is shown from memory already; show what the reading behind it brings, too."""
        await services().commerce.refreshed()
        async with self:
            await self._show(self._asked())

    @rx.event
    @public
    async def search(self, text: str) -> Any:
        """While typing, the words replace those before them, so that going back leaves the search and not a letter."""
        self._typed = browse.searched({"q": str(text)})
        return self._go(replace=bool(self._asked().get("q")), q=self._typed)

    @rx.event
    @public
    async def submit(self, form: dict[str, str]) -> Any:
        return await Market.search.fn(self, str(form.get("q", "")))

    @rx.event
    @public
    async def order_by(self, sort: str) -> Any:
        return self._go(sort=sort if sort in browse.SORTS else "")

    @rx.event
    @public
    async def toggle(self, facet: str, value: str) -> Any:
        if facet not in browse.TITLES:
            return None
        now = [v for v in self._asked().get(facet, "").split(",") if v]
        after = [v for v in now if v != value] if value in now else [*now, value]
        return self._go(**{facet: ",".join(after)})

    @rx.event
    @public
    async def price_from(self, text: str) -> Any:
        return self._price("min", text)

    @rx.event
    @public
    async def price_to(self, text: str) -> Any:
        return self._price("max", text)

    @rx.event
    @public
    async def clear(self) -> Any:
        self.price_error = ""
        emptied = [rx.set_value(field, "") for field in ("q", "d-min", "d-max", "m-min", "m-max")]
        return [*emptied, rx.redirect(routes.MARKETPLACE)]

    def _price(self, name: str, text: str) -> Any:
        text = text.strip().lstrip("$")
        self.price_error = "" if not text or browse.amount(text) is not None else NOT_A_PRICE
        changed = text != self._asked().get(name, "")
        return self._go(**{name: text}) if changed and not self.price_error else None

    def _asked(self) -> dict[str, str]:
        return dict(self.router.url.query_parameters)

    def _go(self, replace: bool = False, **changes: str) -> Any:
        return rx.redirect(browse.address(self._asked(), **changes), replace=replace)

    async def _show(self, asked: dict[str, str]) -> None:
        found, values, local = await self._found()
        page = browse.shelf(found, asked, values)
        self.currency = found[0].currency if found else self.currency
        self.cards, self.facets, self.pages, self.said, self.unknown = page.cards, page.facets, page.links, page.said, page.unknown
        said = notice.of(services().commerce.freshness(), services().clock.now())
        self.note = " ".join(filter(None, (said, notice.LOCAL if local else "")))

    async def _found(self) -> tuple[list[Card], browse.Values, bool]:
        """Every variant on sale that matches the words, in the catalogue's own order where the shop does not rank; each facet's values;
        whether the words were looked for without the shop. Before the shop ever answered: what the site was built with."""
        query = ProductQuery(search=self.q, sort="relevance" if self.q else "name", first=MAX_PRODUCTS)
        try:
            page = await services().commerce.products(query)
            everything = page if not self.q else await services().commerce.products(ProductQuery(first=MAX_PRODUCTS))
        except DomainError:
            return browse.matched(shelf.built_cards(), self.q), shelf.facet_words((), {}), bool(self.q)
        terms = {offering.sku: offering.terms for offering in await services().offerings.all()}
        cards = shelf.live_cards(page.items, terms)
        return cards if self.q else shelf.recommended(cards), shelf.facet_words(everything.items, terms), page.local
