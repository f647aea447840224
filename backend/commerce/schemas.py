"""What the shop says, as values. Every amount is gross unless its name says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from backend.commerce.policy import PaymentStatus
from backend.kernel.ids import SaleorOrderId, Sku
from backend.kernel.money import Money

LineProblem = Literal["", "gone", "short"]
Sort = Literal["name", "-name", "price", "-price", "relevance"]


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """category, types: slugs. min_price, max_price: decimal strings in the channel's currency. first: how many, after `skip` of them."""

    search: str = ""
    category: str = ""
    types: tuple[str, ...] = ()
    min_price: str = ""
    max_price: str = ""
    sort: Sort = "name"
    first: int = 100
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """available: whether it can be bought now."""

    id: str
    sku: Sku
    name: str
    price: Money
    available: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The seller's own picture of a product, as absolute URLs of thumbnails that fit a square of so many pixels."""

    alt: str
    at_256: str
    at_512: str
    at_1024: str


@dataclass(frozen=True, slots=True)
class Product:
    """category, product_type: slugs. description_html is safe to show: what backend.commerce.description lets through."""

    id: str
    slug: str
    name: str
    description_html: str
    description_plain: str
    category: str
    category_name: str
    product_type: str
    variants: tuple[Variant, ...]
    picture: Picture | None = None

    @property
    def price_from(self) -> Money | None:
        return min((variant.price for variant in self.variants), default=None)

    def variant(self, sku: str) -> Variant | None:
        return next((variant for variant in self.variants if variant.sku == sku), None)


@dataclass(frozen=True, slots=True)
class ProductPage:
    """total: products on all pages. local: the words were looked for here, because the shop that ranks them did not answer."""

    items: tuple[Product, ...]
    total: int
    local: bool = False


@dataclass(frozen=True, slots=True)
class Freshness:
    """as_of: when what pages show was asked of the shop; None when it never answered. trouble: what is the matter with it since."""

    as_of: datetime | None
    trouble: Literal["", "away", "slow"] = ""


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
    """unit_price, total: gross, after discounts; net: the total without its tax. full_unit, full: before discounts, as the shop keeps its
    prices, which is with tax or without. today: what `full_unit` would be if it were put in the cart now; None when it has no price any
    more. problem: "gone" or "short" (only `left` of it are left), which keep the order from being placed; "" otherwise.
    """

    id: str
    variant_id: str
    sku: Sku
    product_name: str
    variant_name: str
    product_slug: str
    quantity: int
    unit_price: Money
    total: Money
    net: Money
    full_unit: Money
    full: Money
    today: Money | None = None
    problem: LineProblem = ""
    left: int = 0

    @property
    def name(self) -> str:
        return f"{self.product_name} – {self.variant_name}" if self.variant_name else self.product_name


@dataclass(frozen=True, slots=True)
class GiftCard:
    """A gift card that pays a part. ending: the last four characters of its code."""

    id: str
    ending: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """email, promo_code: empty when not given. discount: by the promo code. total: what has to be paid, after gift cards. gross_display:
    whether the shop shows prices with tax. charge_status, authorize_status: Saleor's words; what only waits to be charged counts as both.
    balance: charged less total, so it is negative while something is open.
    """

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
    net: Money
    balance: Money
    charge_status: str = "NONE"
    authorize_status: str = "NONE"
    gross_display: bool = True
    gift_cards: tuple[GiftCard, ...] = ()

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def covered(self) -> bool:
        """Whether it is paid for, authorised, or being charged, in full: nothing more may be taken for it."""
        return bool(self.lines) and self.authorize_status == "FULL"


@dataclass(frozen=True, slots=True)
class Payment:
    """message: for the buyer; empty when it went through. data: what the gateway's own script in the browser needs next. external_url: the
    page its app names for it, also where the buyer has nothing to do.
    """

    status: PaymentStatus
    message: str
    transaction_id: str
    data: Any = None
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    id: SaleorOrderId
    number: str


@dataclass(frozen=True, slots=True)
class AppView:
    """identifier: of the manifest it was installed by."""

    id: str
    name: str
    identifier: str = ""
