"""Which products a query finds, and in which order. Pure: a snapshot and the arguments in, products out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeVar

MAX_OF_ONE_LINE = 50
"""Saleor's own limit of one variant in a checkout, and what it shows as available when stock is not tracked."""


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def slug(self) -> str: ...


class Findable(Protocol):
    """What a product shows to be found by. prices: minor units, cheapest first."""

    @property
    def id(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def created(self) -> str: ...
    @property
    def updated_at(self) -> str: ...
    @property
    def published(self) -> bool: ...
    @property
    def prices(self) -> list[int]: ...
    @property
    def is_available(self) -> bool: ...
    @property
    def product_type(self) -> _Named: ...
    @property
    def category(self) -> _Named: ...


P = TypeVar("P", bound=Findable)
Test = Callable[[Any, Any], bool]


def rank(product: Findable, search: str) -> int:
    """How well the product answers the words searched for; 0 when one of them is nowhere in it. A word in the name weighs most."""
    name, text = product.name.lower(), product.description.lower()
    total = 0
    for word in re.findall(r"\w+", search.lower()):
        found = 3 * (word in name) + (word in text)
        if not found:
            return 0
        total += found
    return total


def _within(low: Any, high: Any, amount: Decimal) -> bool:
    return (low is None or amount >= Decimal(str(low))) and (high is None or amount <= Decimal(str(high)))


def _price(product: Findable, bounds: Mapping[str, Any], every: bool) -> bool:
    amounts = [Decimal(price) / 100 for price in (product.prices if every else product.prices[:1])]
    low, high = bounds.get("gte"), bounds.get("lte")
    return any(_within(low, high, amount) for amount in amounts)


def _one_of(actual: str, wanted: Mapping[str, Any]) -> bool:
    if wanted.get("eq") is not None and actual != wanted["eq"]:
        return False
    return wanted.get("oneOf") is None or actual in wanted["oneOf"]


FILTERS: Mapping[str, Test] = {
    "ids": lambda product, wanted: product.id in wanted,
    "slugs": lambda product, wanted: product.slug in wanted,
    "isPublished": lambda product, wanted: product.published == wanted,
    "isAvailable": lambda product, wanted: product.is_available == wanted,
    "categories": lambda product, wanted: product.category.id in wanted,
    "hasCategory": lambda _, wanted: bool(wanted),
    "productTypes": lambda product, wanted: product.product_type.id in wanted,
    "search": lambda product, wanted: rank(product, wanted) > 0,
    "price": lambda product, wanted: _price(product, wanted, True),
    "minimalPrice": lambda product, wanted: _price(product, wanted, False),
}

WHERE: Mapping[str, Test] = {
    "ids": FILTERS["ids"],
    "isPublished": FILTERS["isPublished"],
    "isAvailable": FILTERS["isAvailable"],
    "name": lambda product, wanted: _one_of(product.name, wanted),
    "slug": lambda product, wanted: _one_of(product.slug, wanted),
    "category": lambda product, wanted: _one_of(product.category.id, wanted),
    "productType": lambda product, wanted: _one_of(product.product_type.id, wanted),
    "price": lambda product, wanted: _price(product, wanted.get("range") or {}, True) and _exact(product, wanted, True),
    "minimalPrice": lambda product, wanted: _price(product, wanted.get("range") or {}, False) and _exact(product, wanted, False),
}


def _exact(product: Findable, wanted: Mapping[str, Any], every: bool) -> bool:
    amounts = {str(Decimal(price) / 100) for price in (product.prices if every else product.prices[:1])}
    allowed = [wanted["eq"]] if wanted.get("eq") is not None else wanted.get("oneOf")
    return allowed is None or any(Decimal(str(value)) == Decimal(amount) for value in allowed for amount in amounts)


def matching(products: Sequence[P], tests: Mapping[str, Test], wanted: Mapping[str, Any] | None) -> list[P]:
    """The products that pass every test asked for; a null is no question."""
    asked = {name: value for name, value in (wanted or {}).items() if value is not None and name in tests}
    return [product for product in products if all(tests[name](product, value) for name, value in asked.items())]


def sort_key(field: str | None, search: str) -> Callable[[Findable], tuple[Any, ...]]:
    """What decides the order; the slug breaks ties and is the order when nothing else is asked for."""
    ways: dict[str, Callable[[Findable], Any]] = {
        "NAME": lambda product: product.name,
        "RANK": lambda product: rank(product, search),
        "PRICE": lambda product: product.prices[0],
        "MINIMAL_PRICE": lambda product: product.prices[0],
        "DATE": lambda product: product.updated_at,
        "LAST_MODIFIED_AT": lambda product: product.updated_at,
        "CREATED_AT": lambda product: product.created,
        "PUBLISHED_AT": lambda product: product.created,
    }
    way = ways.get(field or "")
    return (lambda product: (way(product), product.slug)) if way else (lambda product: (product.slug,))
