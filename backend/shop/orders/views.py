"""What GraphQL shows of an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.shop.catalogue.views import ChannelView, VariantView
from backend.shop.checkout.addresses import AddressView
from backend.shop.orders import policy
from backend.shop.payments.views import TransactionView
from backend.shop.views import MetadataItem, MoneyView, TaxedView, money, taxed


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """total, undiscounted_unit: minor units."""

    id: str
    key: str
    product_name: str
    variant_name: str
    product_sku: str
    product_variant_id: str
    quantity: int
    quantity_fulfilled: int
    total: int
    undiscounted_unit: int
    currency: str
    variant: VariantView | None
    metadata: Sequence[MetadataItem]
    private_metadata: Sequence[MetadataItem]
    is_shipping_required: bool = False
    allocations: Sequence[object] = ()

    @property
    def quantity_to_fulfill(self) -> int:
        return self.quantity - self.quantity_fulfilled

    @property
    def unit_price(self) -> TaxedView:
        return taxed(round(self.total / self.quantity), self.currency)

    @property
    def undiscounted_unit_price(self) -> TaxedView:
        return taxed(self.undiscounted_unit, self.currency)

    @property
    def total_price(self) -> TaxedView:
        return taxed(self.total, self.currency)


@dataclass(frozen=True, slots=True)
class OrderEventView:
    id: str
    type: str
    date: str
    message: str | None
    amount: None = None
    app: None = None


@dataclass(frozen=True, slots=True)
class FulfillmentLineView:
    id: str
    quantity: int
    order_line: OrderLineView


@dataclass(frozen=True, slots=True)
class FulfillmentView:
    id: str
    fulfillment_order: int
    created: str
    lines: Sequence[FulfillmentLineView]
    status: str = "FULFILLED"
    metadata: Sequence[MetadataItem] = ()
    private_metadata: Sequence[MetadataItem] = ()


@dataclass(frozen=True, slots=True)
class OrderView:
    """key: the order's UUID. total_minor, undiscounted: minor units. events: oldest first."""

    id: str
    key: str
    number: str
    status: str
    created: str
    updated_at: str
    user_email: str
    checkout_id: str
    channel: ChannelView
    billing_address: AddressView | None
    lines: Sequence[OrderLineView]
    fulfillments: Sequence[FulfillmentView]
    events: Sequence[OrderEventView]
    transactions: Sequence[TransactionView]
    total_minor: int
    undiscounted: int
    charge_status: str
    authorize_status: str
    voucher_code: str | None
    metadata: Sequence[MetadataItem]
    private_metadata: Sequence[MetadataItem]
    user: None = None
    shipping_address: None = None
    is_shipping_required: bool = False
    display_gross_prices: bool = True
    origin: str = "CHECKOUT"
    customer_note: str = ""
    redirect_url: None = None
    can_finalize: bool = True
    actions: Sequence[str] = ()
    payments: Sequence[object] = ()
    granted_refunds: Sequence[object] = ()

    @property
    def token(self) -> str:
        return self.key

    @property
    def is_paid(self) -> bool:
        return self.charge_status in policy.PAID

    @property
    def payment_status(self) -> str:
        return policy.PAYMENT_STATUS[self.charge_status]

    @property
    def payment_status_display(self) -> str:
        return policy.PAYMENT_WORDS[self.payment_status]

    @property
    def status_display(self) -> str:
        return self.status.replace("_", " ").capitalize()

    @property
    def charged(self) -> int:
        return sum(one.charged for one in self.transactions)

    def _money(self, minor: int) -> MoneyView:
        return money(minor, self.channel.currency_code)

    @property
    def total(self) -> TaxedView:
        return taxed(self.total_minor, self.channel.currency_code)

    @property
    def subtotal(self) -> TaxedView:
        return self.total

    @property
    def undiscounted_total(self) -> TaxedView:
        return taxed(self.undiscounted, self.channel.currency_code)

    @property
    def shipping_price(self) -> TaxedView:
        return taxed(0, self.channel.currency_code)

    @property
    def discount(self) -> MoneyView:
        return self._money(self.undiscounted - self.total_minor)

    @property
    def total_charged(self) -> MoneyView:
        return self._money(self.charged)

    @property
    def total_authorized(self) -> MoneyView:
        return self._money(sum(one.authorized for one in self.transactions))

    @property
    def total_refunded(self) -> MoneyView:
        return self._money(sum(one.refunded for one in self.transactions))

    @property
    def total_canceled(self) -> MoneyView:
        return self._money(0)

    @property
    def total_balance(self) -> MoneyView:
        return self._money(self.charged - self.total_minor)
