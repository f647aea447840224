"""What GraphQL shows of a checkout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.shop.catalogue.views import ChannelView, VariantView
from backend.shop.checkout.addresses import AddressView
from backend.shop.ids import global_id
from backend.shop.payments.views import Gateway, TransactionView
from backend.shop.views import MetadataItem, MoneyView, TaxedView, money, taxed


@dataclass(frozen=True, slots=True)
class CheckoutLineView:
    """unit, total: minor units; total is after the line's share of the discount."""

    id: str
    key: str
    variant: VariantView
    quantity: int
    unit: int
    total: int
    currency: str
    metadata: Sequence[MetadataItem]
    private_metadata: Sequence[MetadataItem]
    requires_shipping: bool = False

    @property
    def problems(self) -> list[dict[str, object]]:
        """What keeps the line from being ordered."""
        if not self.variant.product.published:
            return [{"__typename": "CheckoutLineProblemVariantNotAvailable", "line": self}]
        left = self.variant.quantity_available
        if self.variant.track_inventory and self.quantity > left:
            short = {"available_quantity": left, "line": self, "variant": self.variant}
            return [{"__typename": "CheckoutLineProblemInsufficientStock", **short}]
        return []

    @property
    def unit_price(self) -> TaxedView:
        return taxed(round(self.total / self.quantity), self.currency)

    @property
    def total_price(self) -> TaxedView:
        return taxed(self.total, self.currency)

    @property
    def undiscounted_unit_price(self) -> MoneyView:
        return money(self.unit, self.currency)

    @property
    def undiscounted_total_price(self) -> MoneyView:
        return money(self.unit * self.quantity, self.currency)


@dataclass(frozen=True, slots=True)
class CheckoutView:
    """key: the checkout's UUID. total, off, charged: minor units."""

    id: str
    key: str
    channel: ChannelView
    email: str | None
    billing_address: AddressView | None
    billing: dict[str, str] | None
    lines: Sequence[CheckoutLineView]
    off: int
    voucher_code: str | None
    discount_name: str | None
    charged: int
    charge_status: str
    authorize_status: str
    transactions: Sequence[TransactionView]
    available_payment_gateways: Sequence[Gateway]
    metadata: Sequence[MetadataItem]
    private_metadata: Sequence[MetadataItem]
    created: str
    updated_at: str
    user: None = None
    shipping_address: None = None
    is_shipping_required: bool = False
    stock_reservation_expires: None = None
    display_gross_prices: bool = True
    gift_cards: Sequence[object] = ()
    language_code: str = "EN_US"

    @property
    def token(self) -> str:
        return self.key

    @property
    def last_change(self) -> str:
        return self.updated_at

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def discount(self) -> MoneyView:
        return money(self.off, self.channel.currency_code)

    @property
    def total_price(self) -> TaxedView:
        return taxed(self.total, self.channel.currency_code)

    @property
    def subtotal_price(self) -> TaxedView:
        return self.total_price

    @property
    def shipping_price(self) -> TaxedView:
        return taxed(0, self.channel.currency_code)

    @property
    def total_balance(self) -> MoneyView:
        return money(self.charged - self.total, self.channel.currency_code)


def checkout_id(key: str) -> str:
    return global_id("Checkout", key)
