"""The marketplace: search, filters and sort live in the address, so a page can be shared, reloaded and gone back to."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import reflex as rx

from backend.commerce.schemas import ProductQuery
from backend.kernel.errors import DomainError
from cmp_web import routes
from cmp_web.state import shelf, words
from cmp_web.state.services import services
from cmp_web.state.session import public
from cmp_web.state.views import Card, Facet, Option

SORTS = {"": "Recommended first", "price": "Price, low to high", "-price": "Price, high to low", "name": "Name"}
TITLES = {"category": "Category", "does": "What it does", "plan": "Plan", "connects": "Connects to"}
MAX_PRODUCTS = 100


_ORDER = {card.sku: place for place, card in enumerate(shelf.built_cards())}


def _recommended(card: Card) -> tuple[int, str]:
    return _ORDER.get(card.sku, len(_ORDER)), card.name


def _sorted(cards: list[Card], sort: str) -> list[Card]:
    if sort in {"price", "-price"}:
        return sorted(cards, key=lambda card: card.minor, reverse=sort == "-price")
    return sorted(cards, key=lambda card: card.name) if sort == "name" else cards


def _chosen(asked: dict[str, str]) -> dict[str, set[str]]:
    return {facet: {value for value in asked.get(facet, "").split(",") if value} for facet in TITLES}


def _matches(card: Card, chosen: dict[str, set[str]], but: str = "") -> bool:
    """Whether the card has one of the chosen values of every facet, `but` left out."""
    return all(not values or facet == but or any(f"{facet}={value}" in card.facets for value in values) for facet, values in chosen.items())


def _facets(cards: list[Card], chosen: dict[str, set[str]]) -> list[Facet]:
    """Each facet's values, counted over the cards that the other facets let through."""
    return [
        Facet(TITLES[facet], [_option(cards, chosen, facet, value, label) for value, label in values.items()])
        for facet, values in shelf.facet_words().items()
    ]


def _option(cards: list[Card], chosen: dict[str, set[str]], facet: str, value: str, label: str) -> Option:
    count = sum(f"{facet}={value}" in card.facets and _matches(card, chosen, but=facet) for card in cards)
    return Option(facet, value, label, count, value in chosen[facet])


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


class Market(rx.State):
    """cards: what is shown. The shop searches; the facets, counted over what it found, are narrowed here."""

    cards: list[Card] = shelf.built_cards()
    facets: list[Facet] = _facets(shelf.built_cards(), _chosen({}))
    q: str = ""
    sort: str = ""
    low: str = ""
    high: str = ""
    said: str = words.count(len(shelf.built_cards()), "product")
    filtered: bool = False
    busy: bool = False
    failed: str = ""
    price_error: str = ""

    @rx.event
    @public
    async def load(self) -> Any:
        asked = self._asked()
        self.q, self.sort, self.low, self.high = (asked.get(name, "") for name in ("q", "sort", "min", "max"))
        self.busy = True
        yield
        try:
            found = await self._found()
        except DomainError as error:
            self.failed, self.busy = error.detail, False
            return
        self.failed = ""
        chosen = _chosen(asked)
        self.facets = _facets(found, chosen)
        self.cards = _sorted([card for card in found if _matches(card, chosen) and self._in_price(card)], self.sort)
        self.filtered = bool(self.q or self.low or self.high or any(chosen.values()))
        self.said = words.count(len(self.cards), "product")
        self.busy = False

    @rx.event
    @public
    async def search(self, text: str) -> Any:
        return self._go(q=text.strip()[:80])

    @rx.event
    @public
    async def submit(self, form: dict[str, str]) -> Any:
        return self._go(q=str(form.get("q", "")).strip()[:80])

    @rx.event
    @public
    async def order_by(self, sort: str) -> Any:
        return self._go(sort=sort if sort in SORTS else "")

    @rx.event
    @public
    async def toggle(self, facet: str, value: str) -> Any:
        if facet not in TITLES:
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
        return [*emptied, rx.redirect(routes.MARKETPLACE, replace=True)]

    def _price(self, name: str, text: str) -> Any:
        text = text.strip().lstrip("$")
        self.price_error = "" if not text or _amount(text) is not None else "Use a number, as in 20 or 49.99."
        return None if self.price_error else self._go(**{name: text})

    def _asked(self) -> dict[str, str]:
        return dict(self.router.url.query_parameters)

    def _go(self, **changes: str) -> Any:
        asked = self._asked() | changes
        known = ("q", "sort", "min", "max", *TITLES)
        return rx.redirect(routes.with_query(routes.MARKETPLACE, **{name: asked.get(name, "") for name in known}), replace=True)

    async def _found(self) -> list[Card]:
        """Every variant on sale that matches the words, in the catalogue's own order where the shop does not rank."""
        query = ProductQuery(search=self.q, sort="relevance" if self.q else "name", first=MAX_PRODUCTS)
        page = await services().commerce.products(query)
        terms = {offering.sku: offering.terms for offering in await services().offerings.all()}
        cards = shelf.live_cards(page.items, terms)
        return cards if self.q else sorted(cards, key=_recommended)

    def _in_price(self, card: Card) -> bool:
        low, high = _amount(self.low), _amount(self.high)
        return (low is None or card.minor >= low * 100) and (high is None or card.minor <= high * 100)
