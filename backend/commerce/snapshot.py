"""The catalogue of one channel as it was at one moment, and the questions it answers without asking the shop. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from backend.commerce.products import product
from backend.commerce.schemas import Product, ProductPage, ProductQuery
from backend.commerce.wire import Data
from backend.kernel.errors import Invalid
from backend.kernel.page import MAX_PAGE

MAX_PRODUCTS = 5_000
"""More than this is not read: about 10 MB of JSON, in 50 questions."""
MAX_PRICE = 10**12
"""More than anything costs."""
_SORTS: dict[str, Callable[[Product], tuple[object, ...]]] = {
    "name": lambda item: (item.name.casefold(), item.slug),
    "price": lambda item: (item.price_from.decimal if item.price_from else Decimal(0), item.name.casefold(), item.slug),
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """as_of: when the shop was asked. nodes: the products as it sent them, in its order. whole: false when there were too many to read."""

    as_of: datetime
    nodes: Sequence[Data]
    products: tuple[Product, ...]
    whole: bool = True
    slugs: dict[str, Product] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Sequence[Data], as_of: datetime, shop: str, *, whole: bool = True, before: Snapshot | None = None) -> Snapshot:
        """shop: its URL. before: an older snapshot, whose work is taken over where nothing changed."""
        known = {node["id"]: (node, item) for node, item in zip(before.nodes, before.products, strict=True)} if before else {}
        items = tuple(_unchanged(known.get(node["id"]), node) or product(node, shop) for node in nodes)
        return cls(as_of, nodes, items, whole, {item.slug: item for item in items})

    @property
    def pages(self) -> int:
        """How many questions it took."""
        return max(1, -(-len(self.nodes) // MAX_PAGE))

    def find(self, query: ProductQuery, ranked: Sequence[str] | None = None) -> ProductPage:
        """One page. ranked: the slugs that the shop found for the words, the best first; None to look for the words here."""
        local = bool(query.search) and ranked is None
        found = self._searched(query.search, ranked) if query.search else list(self.products)
        found = [item for item in found if _fits(item, query)]
        # Without words there is nothing to rank by.
        sort = "name" if query.sort == "relevance" and not query.search else query.sort
        if sort != "relevance":
            found.sort(key=_SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))
        return ProductPage(tuple(found[query.skip : query.skip + query.first]), len(found), local)

    def _searched(self, words: str, ranked: Sequence[str] | None) -> list[Product]:
        """What the shop has nothing for is looked for here: its index is made some time after its products, and never where its scheduler
        does not run."""
        if found := [self.slugs[slug] for slug in ranked or () if slug in self.slugs]:
            return found
        ranks = {item.slug: rank(item, words) for item in self.products}
        return sorted((item for item in self.products if ranks[item.slug]), key=lambda item: -ranks[item.slug])


def _unchanged(known: tuple[Data, Product] | None, node: Data) -> Product | None:
    return known[1] if known and known[0] == node else None


def rank(item: Product, words: str) -> int:
    """How well a product answers the words; 0 when one of them is nowhere in it. A word in the name weighs most."""
    name, text = item.name.casefold(), f"{item.description_plain} {item.category_name}".casefold()
    found = [3 * (word in name) + (word in text) for word in words.casefold().split()]
    return sum(found) if all(found) else 0


def _fits(item: Product, query: ProductQuery) -> bool:
    if query.category and item.category != query.category:
        return False
    if query.types and item.product_type not in query.types:
        return False
    if not (query.min_price or query.max_price):
        return True
    price = item.price_from
    return price is not None and Decimal(query.min_price or 0) <= price.decimal <= Decimal(query.max_price or MAX_PRICE)


def check(query: ProductQuery) -> None:
    """Raises Invalid for a price, sort or size that is none."""
    faults: dict[str, str] = {}
    sorts = ("name", "-name", "price", "-price", "relevance")
    if query.sort not in sorts:
        faults["sort"] = f"One of: {', '.join(sorts)}."
    if not 1 <= query.first <= MAX_PRODUCTS:
        faults["first"] = f"From 1 to {MAX_PRODUCTS}."
    if query.skip < 0:
        faults["skip"] = "Not less than 0."
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
