"""The payload of a webhook without a query: an array with one order in the shape of Saleor's older versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from backend.db.engine import Tx
from backend.kernel.money import Money
from backend.shop import ids
from backend.shop.apps.policy import VERSION
from backend.shop.ids import global_id
from backend.shop.models import ChannelRow, OrderLineRow, OrderRow

_ADDRESS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "company_name": "company_name",
    "street_address_1": "street_address1",
    "street_address_2": "street_address2",
    "city": "city",
    "city_area": "city_area",
    "postal_code": "postal_code",
    "country": "country",
    "country_area": "country_area",
    "phone": "phone",
}
_NO_SHIPPING = {
    "shipping_address": None,
    "shipping_method": None,
    "shipping_method_name": None,
    "shipping_tax_rate": "0.0000",
    "shipping_price_net_amount": "0.00",
    "shipping_price_gross_amount": "0.00",
    "collection_point": None,
    "collection_point_name": None,
    "weight": "0.0:kg",
}


async def order(tx: Tx, order_id: str, issued: datetime) -> list[dict[str, Any]]:
    """order_id: global id. Raises LookupError for an order that is not there."""
    row = await tx.scalar(select(OrderRow).where(col(OrderRow.id) == ids.token("Order", order_id)))
    if row is None:
        raise LookupError(f"no order {order_id}")
    channel = await tx.get_one(ChannelRow, row.channel_id)
    of_order = select(OrderLineRow).where(col(OrderLineRow.order_id) == row.id).order_by(col(OrderLineRow.position))
    lines = (await tx.scalars(of_order)).all()
    return [_facts(row, channel, order_id, issued) | _amounts(row, channel.currency) | _NO_SHIPPING | {"lines": _lines(lines, channel)}]


def _facts(row: OrderRow, channel: ChannelRow, order_id: str, issued: datetime) -> dict[str, Any]:
    return {
        "type": "Order",
        "id": order_id,
        "token": row.id,
        "number": row.number,
        "status": row.status.lower(),
        "origin": "checkout",
        "original": global_id("Order", None),
        "language_code": "en",
        "user_email": row.email,
        "created": row.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "channel": {
            "type": "Channel",
            "id": global_id("Channel", channel.id),
            "slug": channel.slug,
            "currency_code": channel.currency,
        },
        "billing_address": {
            "type": "Address",
            "id": global_id("Address", row.number),
            **{theirs: row.billing.get(ours) or "" for theirs, ours in _ADDRESS.items()},
        },
        "discounts": None,
        "payments": [],
        "fulfillments": [],
        "metadata": row.meta,
        "private_metadata": row.private_meta,
        "meta": {"issued_at": issued.isoformat(), "version": VERSION, "issuing_principal": {"id": None, "type": None}},
    }


def _amounts(row: OrderRow, currency: str) -> dict[str, str]:
    total, undiscounted = _text(row.total, currency), _text(row.undiscounted, currency)
    return {
        "total_net_amount": total,
        "total_gross_amount": total,
        "undiscounted_total_net_amount": undiscounted,
        "undiscounted_total_gross_amount": undiscounted,
    }


def _lines(rows: Sequence[OrderLineRow], channel: ChannelRow) -> list[dict[str, Any]]:
    return [_line(row, channel.currency) for row in rows]


def _line(row: OrderLineRow, currency: str) -> dict[str, Any]:
    unit = row.total // row.quantity
    amounts = {
        "total_price": row.total,
        "unit_price": unit,
        "undiscounted_unit_price": row.undiscounted_unit,
        "undiscounted_total_price": row.undiscounted_unit * row.quantity,
    }
    return {
        "type": "OrderLine",
        "id": global_id("OrderLine", row.id),
        "product_variant_id": global_id("ProductVariant", row.variant_id),
        "allocations": [],
        "product_name": row.product_name,
        "variant_name": row.variant_name,
        "translated_product_name": "",
        "translated_variant_name": "",
        "product_sku": row.sku,
        "quantity": row.quantity,
        "currency": currency,
        "unit_discount_amount": _text(row.undiscounted_unit - unit, currency),
        "unit_discount_type": "fixed",
        "unit_discount_reason": None,
        "tax_rate": "0.0000",
        "voucher_code": None,
        "sale_id": None,
        **{f"{name}_{kind}_amount": _text(minor, currency) for name, minor in amounts.items() for kind in ("net", "gross")},
    }


def _text(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)
