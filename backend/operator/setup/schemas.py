"""What a Saleor should have, what it has, and the steps between the two: values, no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands in a step's variables for an id that may not be known before an earlier step is done."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """One change. words: what it does, as a command. makes: what the id it brings back is the id of. upload: a file for `input.image`."""

    words: str
    operation: str
    variables: Mapping[str, Any]
    makes: Ref | None = None
    upload: Path | None = None
    secret: bool = False
    """Whether it brings back a token of the app, which is shown once."""


@dataclass(frozen=True, slots=True)
class WantedVariant:
    """attributes: slug of the attribute → its value as text. price: in the channel's currency."""

    sku: str
    name: str
    price: Decimal
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WantedProduct:
    """type, category: slugs. picture: the file to show, or None."""

    slug: str
    name: str
    type: str
    category: str
    description: str
    picture: Path | None
    variants: tuple[WantedVariant, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """input_type: Saleor's own word (DROPDOWN, NUMERIC). types: slugs of the product types whose variants carry it."""

    slug: str
    name: str
    input_type: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WantedWebhook:
    name: str
    target_url: str
    query: str
    events: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class WantedApp:
    identifier: str
    name: str
    permissions: frozenset[str]
    webhooks: tuple[WantedWebhook, ...]
    webhook_secret: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Wanted:
    """channel: slug. types, categories: slug → name."""

    channel: str
    currency: str
    country: str
    types: Mapping[str, str]
    categories: Mapping[str, str]
    attributes: tuple[Attribute, ...]
    products: tuple[WantedProduct, ...]
    app: WantedApp


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    active: bool
    currency: str
    country: str
    warehouses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warehouse:
    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Zone:
    id: str
    name: str
    countries: frozenset[str]
    channels: frozenset[str]
    warehouses: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProductType:
    id: str
    kind: str
    shipping: bool
    digital: bool
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True)
class FoundAttribute:
    id: str
    type: str
    input_type: str


@dataclass(frozen=True, slots=True)
class Listing:
    published: bool
    visible: bool
    purchasable: bool


@dataclass(frozen=True, slots=True)
class Product:
    """listing: in our channel; None while it is not listed there."""

    id: str
    name: str
    type: str
    category: str
    description: str
    pictures: int
    listing: Listing | None


@dataclass(frozen=True, slots=True)
class Variant:
    """product: slug. stocks: warehouse id → quantity. price: in our channel; None while it has none there."""

    id: str
    name: str
    product: str
    tracked: bool
    attributes: Mapping[str, str]
    stocks: Mapping[str, int]
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    name: str
    target_url: str
    query: str
    events: frozenset[str]
    active: bool
    secret: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class App:
    id: str
    name: str
    active: bool
    permissions: frozenset[str]
    webhooks: tuple[Webhook, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """What there is in Saleor of all that we want there; nothing else is read.

    token_works: whether we hold a token of this very app. address: for a warehouse, should one have to be made.
    """

    channel: Channel | None
    warehouses: tuple[Warehouse, ...]
    zones: tuple[Zone, ...]
    types: Mapping[str, ProductType]
    categories: Mapping[str, str]
    attributes: Mapping[str, FoundAttribute]
    products: Mapping[str, Product]
    variants: Mapping[str, Variant]
    app: App | None
    token_works: bool
    address: Mapping[str, str]
