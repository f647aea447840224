"""Reading the catalogue. Answers are remembered for a few seconds, and longer while the shop is away."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from backend.commerce import description, wire
from backend.commerce.cache import Reads
from backend.commerce.schemas import Category, Product, ProductPage, ProductQuery, Variant
from backend.commerce.session import Session
from backend.kernel.errors import Invalid
from backend.kernel.ids import Sku
from backend.kernel.page import MAX_PAGE

MAX_PRICE = 10**12
"""More than anything costs. Without a bound 1e999 would become an infinity that JSON cannot write."""
_SORTS = {
    "name": {"field": "NAME", "direction": "ASC"},
    "-name": {"field": "NAME", "direction": "DESC"},
    "price": {"field": "MINIMAL_PRICE", "direction": "ASC"},
    "-price": {"field": "MINIMAL_PRICE", "direction": "DESC"},
    "relevance": {"field": "RANK", "direction": "DESC"},
}


class CatalogueReads:
    """channel: slug of the channel to read. Every answer is what an anonymous shopper may see."""

    def __init__(self, session: Session, channel: str, reads: Reads) -> None:
        self._session, self._channel, self._reads = session, channel, reads

    async def products(self, query: ProductQuery | None = None) -> ProductPage:
        """One page. An unknown category or type gives an empty page. Raises Invalid for a price, sort or size that is none."""
        query = query or ProductQuery()
        _check(query)
        return await self._reads.get(("products", query), lambda: self._ask_products(query))

    async def product(self, slug: str) -> Product | None:
        """The product, or None when it is unknown or not published."""

        async def ask() -> Product | None:
            data = await self._session.ask("Product", {"channel": self._channel, "slug": slug})
            return _product(data["product"]) if data["product"] else None

        return await self._reads.get(("product", slug), ask)

    async def changed(self) -> None:
        """Something in the shop's catalogue changed: ask for each answer anew."""
        self._reads.refresh()

    async def categories(self) -> tuple[Category, ...]:
        return await self._reads.get("categories", lambda: self._every("Categories", "categories"))

    async def product_types(self) -> tuple[Category, ...]:
        return await self._reads.get("product-types", lambda: self._every("ProductTypes", "productTypes"))

    async def _every(self, operation: str, field: str) -> tuple[Category, ...]:
        found: list[Category] = []
        after: str | None = None
        while True:
            connection = (await self._session.ask(operation, {"first": MAX_PAGE, "after": after}))[field]
            found += [Category(node["id"], node["slug"], node["name"]) for node in wire.nodes(connection)]
            after = wire.cursor(connection)
            if after is None:
                return tuple(found)

    async def _ask_products(self, query: ProductQuery) -> ProductPage:
        filters = await self._filter(query)
        if filters is None:
            return ProductPage((), 0)
        # Saleor ranks only what it searched for.
        sort = "name" if query.sort == "relevance" and not query.search else query.sort
        variables: dict[str, Any] = {"channel": self._channel, "first": query.first, "after": query.after, "sort": _SORTS[sort]}
        variables |= {"search": query.search or None, "filter": filters or None}
        connection = (await self._session.ask("Products", variables))["products"]
        items = tuple(_product(node) for node in wire.nodes(connection))
        return ProductPage(items, connection["totalCount"], wire.cursor(connection))

    async def _filter(self, query: ProductQuery) -> dict[str, Any] | None:
        """Saleor filters by ids, pages speak in slugs. None when a slug is unknown: nothing can match."""
        filters: dict[str, Any] = {}
        if query.category:
            filters["categories"] = [c.id for c in await self.categories() if c.slug == query.category]
        if query.types:
            filters["productTypes"] = [t.id for t in await self.product_types() if t.slug in query.types]
        if any(not ids for ids in filters.values()):
            return None
        if query.min_price or query.max_price:
            bounds = {"gte": query.min_price, "lte": query.max_price}
            filters["minimalPrice"] = {name: float(bound) for name, bound in bounds.items() if bound}
        return filters


def _check(query: ProductQuery) -> None:
    faults: dict[str, str] = {}
    if query.sort not in _SORTS:
        faults["sort"] = f"One of: {', '.join(_SORTS)}."
    if not 1 <= query.first <= MAX_PAGE:
        faults["first"] = f"From 1 to {MAX_PAGE}."
    for name, bound in (("min_price", query.min_price), ("max_price", query.max_price)):
        if bound and not _is_price(bound):
            faults[name] = "An amount of money, such as 19.99."
    if faults:
        raise Invalid("This search does not work.", fields=faults)


def _is_price(text: str) -> bool:
    try:
        return 0 <= Decimal(text) < MAX_PRICE
    except InvalidOperation:
        return False


def _product(data: wire.Data) -> Product:
    text = description.read(data["description"])
    category = data["category"] or {"slug": "", "name": ""}
    return Product(
        id=data["id"],
        slug=data["slug"],
        name=data["name"],
        description_html=text.html,
        description_plain=text.plain,
        category=category["slug"],
        category_name=category["name"],
        product_type=data["productType"]["slug"],
        variants=tuple(variant for item in data["variants"] or () if (variant := _variant(item))),
    )


def _variant(data: wire.Data) -> Variant | None:
    """None when it has no price in this channel, and so cannot be bought in it."""
    price = (data["pricing"] or {}).get("price")
    if price is None:
        return None
    available = (data["quantityAvailable"] or 0) > 0
    return Variant(data["id"], Sku(data["sku"] or ""), data["name"], wire.gross(price), available)
