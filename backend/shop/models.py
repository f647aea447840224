"""The shop's tables. Amounts are in the currency's minor unit. One channel sells; `meta` columns hold string-to-string JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Text, UniqueConstraint
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime

Meta = dict[str, str]


def _json() -> Any:
    return Field(default_factory=dict, sa_type=JSON)


def _money() -> Any:
    return Field(default=0, sa_type=BigInteger)


class ChannelRow(Table, table=True):
    __tablename__ = "shop_channel"
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    currency: str
    country: str


class WarehouseRow(Table, table=True):
    __tablename__ = "shop_warehouse"
    id: str = Field(primary_key=True)
    slug: str = Field(unique=True)
    name: str


class ProductTypeRow(Table, table=True):
    __tablename__ = "shop_product_type"
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str


class CategoryRow(Table, table=True):
    __tablename__ = "shop_category"
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str


class ProductRow(Table, table=True):
    """description: an EditorJS document as JSON text."""

    __tablename__ = "shop_product"
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    description: str = Field(sa_column=Column(Text, nullable=False))
    type_id: int = Field(foreign_key="shop_product_type.id")
    category_id: int = Field(foreign_key="shop_category.id")
    published: bool = True
    meta: Meta = _json()
    private_meta: Meta = _json()
    created: datetime = Field(sa_type=UtcDateTime)
    updated: datetime = Field(sa_type=UtcDateTime)


class VariantRow(Table, table=True):
    """stock: units in the one warehouse, or None where there is no stock row. position: its place among its product's variants."""

    __tablename__ = "shop_variant"
    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="shop_product.id", index=True)
    sku: str = Field(unique=True)
    name: str
    position: int = 0
    price: int = _money()
    track_inventory: bool = False
    stock: int | None = None
    meta: Meta = _json()
    private_meta: Meta = _json()
    created: datetime = Field(sa_type=UtcDateTime)
    updated: datetime = Field(sa_type=UtcDateTime)


class VoucherRow(Table, table=True):
    """value: hundredths of a percent or of the currency, after value_type; None until a channel lists the voucher."""

    __tablename__ = "shop_voucher"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    value_type: str
    value: int | None = Field(default=None, sa_type=BigInteger)
    usage_limit: int | None = None
    starts: datetime = Field(sa_type=UtcDateTime)
    ends: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VoucherCodeRow(Table, table=True):
    __tablename__ = "shop_voucher_code"
    id: str = Field(primary_key=True)
    voucher_id: int = Field(foreign_key="shop_voucher.id", index=True)
    code: str = Field(unique=True)
    used: int = 0


class CheckoutRow(Table, table=True):
    __tablename__ = "shop_checkout"
    id: str = Field(primary_key=True)
    channel_id: int = Field(foreign_key="shop_channel.id")
    email: str | None = None
    billing: dict[str, str] | None = Field(default=None, sa_type=JSON)
    voucher_code: str | None = None
    meta: Meta = _json()
    private_meta: Meta = _json()
    created: datetime = Field(sa_type=UtcDateTime)
    updated: datetime = Field(sa_type=UtcDateTime)


class CheckoutLineRow(Table, table=True):
    """unit_price was read from the variant at priced_at, and holds for an hour."""

    __tablename__ = "shop_checkout_line"
    id: str = Field(primary_key=True)
    checkout_id: str = Field(foreign_key="shop_checkout.id", ondelete="CASCADE", index=True)
    variant_id: int = Field(foreign_key="shop_variant.id")
    position: int
    quantity: int
    unit_price: int = _money()
    priced_at: datetime = Field(sa_type=UtcDateTime)
    meta: Meta = _json()
    private_meta: Meta = _json()


class OrderRow(Table, table=True):
    """number counts up from 1. checkout_id is unique: a checkout becomes one order, however often it is completed."""

    __tablename__ = "shop_order"
    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    checkout_id: str = Field(unique=True)
    channel_id: int = Field(foreign_key="shop_channel.id")
    status: str
    email: str
    billing: dict[str, str] = Field(sa_type=JSON)
    total: int = _money()
    undiscounted: int = _money()
    voucher_code: str | None = None
    meta: Meta = _json()
    private_meta: Meta = _json()
    created: datetime = Field(sa_type=UtcDateTime, index=True)
    updated: datetime = Field(sa_type=UtcDateTime, index=True)
    charge_status: str = Field(index=True)
    authorize_status: str


class OrderLineRow(Table, table=True):
    """What was bought, as it was called then: later changes to the catalogue do not reach it."""

    __tablename__ = "shop_order_line"
    id: str = Field(primary_key=True)
    order_id: str = Field(foreign_key="shop_order.id", index=True)
    variant_id: int = Field(foreign_key="shop_variant.id")
    position: int
    product_name: str
    variant_name: str
    sku: str
    quantity: int
    fulfilled: int = 0
    total: int = _money()
    undiscounted_unit: int = _money()
    meta: Meta = _json()
    private_meta: Meta = _json()


class OrderEventRow(Table, table=True):
    __tablename__ = "shop_order_event"
    id: int | None = Field(default=None, primary_key=True)
    order_id: str = Field(foreign_key="shop_order.id", index=True)
    type: str
    message: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class FulfillmentRow(Table, table=True):
    __tablename__ = "shop_fulfillment"
    id: int | None = Field(default=None, primary_key=True)
    order_id: str = Field(foreign_key="shop_order.id", index=True)
    sequence: int
    created: datetime = Field(sa_type=UtcDateTime)


class FulfillmentLineRow(Table, table=True):
    __tablename__ = "shop_fulfillment_line"
    id: int | None = Field(default=None, primary_key=True)
    fulfillment_id: int = Field(foreign_key="shop_fulfillment.id", index=True)
    order_line_id: str = Field(foreign_key="shop_order_line.id")
    quantity: int


class TransactionRow(Table, table=True):
    """A payment. It belongs to a checkout first, and to its order once that is placed. source_id is the one it was begun for."""

    __tablename__ = "shop_transaction"
    __table_args__ = (UniqueConstraint("source_id", "idempotency_key"),)
    id: str = Field(primary_key=True)
    source_id: str
    checkout_id: str | None = Field(default=None, index=True)
    order_id: str | None = Field(default=None, index=True)
    gateway: str
    name: str = ""
    message: str = ""
    psp_reference: str = ""
    external_url: str = ""
    idempotency_key: str
    requested: int = _money()
    authorized: int = _money()
    charged: int = _money()
    refunded: int = _money()
    refundable: bool = False
    meta: Meta = _json()
    private_meta: Meta = _json()
    created: datetime = Field(sa_type=UtcDateTime)
    updated: datetime = Field(sa_type=UtcDateTime)


class TransactionEventRow(Table, table=True):
    __tablename__ = "shop_transaction_event"
    id: int | None = Field(default=None, primary_key=True)
    transaction_id: str = Field(foreign_key="shop_transaction.id", index=True)
    type: str
    amount: int = _money()
    psp_reference: str = ""
    message: str = ""
    external_url: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
