"""What the shop says, as values. Every amount is gross unless its name says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from backend.commerce.policy import PaymentStatus
from backend.kernel.ids import SaleorOrderId, Sku
from backend.kernel.money import Money

Sort = Literal["name", "-name", "price", "-price", "relevance"]


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """category, types: slugs. min_price, max_price: decimal strings in the channel's currency. first: 1 to 100."""

    search: str = ""
    category: str = ""
    types: tuple[str, ...] = ()
    min_price: str = ""
    max_price: str = ""
    sort: Sort = "name"
    first: int = 20
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    id: str
    sku: Sku
    name: str
    price: Money
    available: bool


@dataclass(frozen=True, slots=True)
class Product:
    """category, product_type: slugs. description_html holds only tags we wrote ourselves, around escaped text."""

    id: str
    slug: str
    name: str
    description_html: str
    description_plain: str
    category: str
    category_name: str
    product_type: str
    variants: tuple[Variant, ...]

    @property
    def price_from(self) -> Money | None:
        return min((variant.price for variant in self.variants), default=None)

    def variant(self, sku: str) -> Variant | None:
        return next((variant for variant in self.variants if variant.sku == sku), None)


@dataclass(frozen=True, slots=True)
class ProductPage:
    """after: the cursor for the next page, or None at the end. total: products in all pages."""

    items: tuple[Product, ...]
    total: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class LineInput:
    variant_id: str
    quantity: int = 1
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """country: ISO 3166-1 alpha-2. The shop decides which parts a country needs."""

    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    street_address_1: str = ""
    street_address_2: str = ""
    city: str = ""
    city_area: str = ""
    postal_code: str = ""
    country: str = ""
    country_area: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Gateway:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CheckoutLine:
    id: str
    variant_id: str
    sku: Sku
    product_name: str
    variant_name: str
    product_slug: str
    quantity: int
    unit_price: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Checkout:
    """email, promo_code: empty when not given."""

    id: str
    email: str
    lines: tuple[CheckoutLine, ...]
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    promo_code: str
    billing_address: Address | None
    gateways: tuple[Gateway, ...]

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Payment:
    """message: for the buyer; empty when it went through. data: what the gateway's own script in the browser needs next."""

    status: PaymentStatus
    message: str
    transaction_id: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    id: SaleorOrderId
    number: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    id: str
    sku: Sku
    product_name: str
    variant_name: str
    quantity: int
    unit_price: Money
    total: Money
    metadata: Mapping[str, str]
    quantity_to_fulfill: int


@dataclass(frozen=True, slots=True)
class Order:
    """status, charge_status: Saleor's own words (`UNFULFILLED`, `FULL`). Only `charge_status` FULL or OVERCHARGED means paid in full."""

    id: SaleorOrderId
    number: str
    created: datetime
    status: str
    charge_status: str
    is_paid: bool
    user_email: str
    total: Money
    metadata: Mapping[str, str]
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """created_since: whole days, as Saleor filters them."""

    charge_status: tuple[str, ...] = ()
    created_since: date | None = None


@dataclass(frozen=True, slots=True)
class OrderPage:
    items: tuple[Order, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class AppView:
    """identifier: of the manifest it was installed by."""

    id: str
    name: str
    identifier: str = ""
