"""What GraphQL shows of the catalogue. A product and its variants point at each other, so variants are looked up, not held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.shop.catalogue.policy import MAX_OF_ONE_LINE
from backend.shop.ids import global_id
from backend.shop.views import MetadataItem, MoneyView, TaxedView, money, taxed


@dataclass(frozen=True, slots=True)
class WarehouseView:
    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    country: str


@dataclass(frozen=True, slots=True)
class ChannelView:
    id: str
    key: int
    slug: str
    name: str
    currency_code: str
    default_country: Country
    warehouses: Sequence[WarehouseView]
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class ProductTypeView:
    id: str
    slug: str
    name: str
    kind: str = "NORMAL"
    is_shipping_required: bool = False
    is_digital: bool = True
    has_variants: bool = True


@dataclass(frozen=True, slots=True)
class CategoryView:
    id: str
    slug: str
    name: str
    description: None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class StockView:
    id: str
    warehouse: WarehouseView
    quantity: int


@dataclass(frozen=True, slots=True)
class VariantChannelListing:
    id: str
    channel: ChannelView
    price: MoneyView


@dataclass(frozen=True, slots=True)
class Pricing:
    price: TaxedView
    on_sale: bool = False

    @property
    def price_undiscounted(self) -> TaxedView:
        return self.price


@dataclass(frozen=True)
class VariantView:
    """key: the row's number. price: minor units."""

    id: str
    key: int
    sku: str
    name: str
    price: int
    track_inventory: bool
    stock: int | None
    created: str
    updated_at: str
    metadata: Sequence[MetadataItem]
    private_metadata: Sequence[MetadataItem]
    shop_channel: ChannelView
    product: ProductView = field(repr=False, compare=False)
    quantity_limit_per_customer: None = None

    @property
    def pricing(self) -> Pricing:
        return Pricing(taxed(self.price, self.shop_channel.currency_code))

    @property
    def quantity_available(self) -> int:
        return min(self.stock or 0, MAX_OF_ONE_LINE) if self.track_inventory else MAX_OF_ONE_LINE

    @property
    def stocks(self) -> list[StockView]:
        if self.stock is None:
            return []
        return [StockView(global_id("Stock", self.key), place, self.stock) for place in self.shop_channel.warehouses[:1]]

    @property
    def channel(self) -> str:
        return self.shop_channel.slug

    @property
    def channel_listings(self) -> list[VariantChannelListing]:
        price = money(self.price, self.shop_channel.currency_code)
        return [VariantChannelListing(global_id("ProductVariantChannelListing", self.key), self.shop_channel, price)]


@dataclass(frozen=True, slots=True)
class PriceRange:
    start: TaxedView
    stop: TaxedView


@dataclass(frozen=True, slots=True)
class ProductPricing:
    price_range: PriceRange
    on_sale: bool = False
    display_gross_prices: bool = True

    @property
    def price_range_undiscounted(self) -> PriceRange:
        return self.price_range


@dataclass(frozen=True, slots=True)
class ProductChannelListing:
    id: str
    channel: ChannelView
    is_published: bool
    visible_in_listings: bool
    is_available_for_purchase: bool
    published_at: str


@dataclass(frozen=True)
class ProductView:
    id: str
    key: int
    slug: str
    name: str
    description: str
    published: bool
    product_type: ProductTypeView
    category: CategoryView
    created: str
    updated_at: str
    metadata: Sequence[MetadataItem]
    private_metadata: Sequence[MetadataItem]
    shop_channel: ChannelView
    variants: list[VariantView] = field(default_factory=list, repr=False, compare=False)
    thumbnail: None = None
    media: Sequence[None] = ()
    rating: None = None
    seo_title: None = None
    seo_description: None = None

    @property
    def default_variant(self) -> VariantView | None:
        return self.variants[0] if self.variants else None

    @property
    def prices(self) -> list[int]:
        return sorted(variant.price for variant in self.variants)

    @property
    def pricing(self) -> ProductPricing | None:
        if not (prices := self.prices):
            return None
        currency = self.shop_channel.currency_code
        return ProductPricing(PriceRange(taxed(prices[0], currency), taxed(prices[-1], currency)))

    @property
    def is_available(self) -> bool:
        """True only with stock, even where it is not tracked: that is Saleor's rule."""
        return any(variant.stock for variant in self.variants)

    @property
    def is_available_for_purchase(self) -> bool:
        return self.published

    @property
    def channel(self) -> str:
        return self.shop_channel.slug

    @property
    def channel_listings(self) -> list[ProductChannelListing]:
        name = global_id("ProductChannelListing", self.key)
        return [ProductChannelListing(name, self.shop_channel, self.published, self.published, self.published, self.created)]
