"""The Saleor app "CMP Provisioner": what it may do, and which events it wants, with what in them."""

from __future__ import annotations

from typing import Any

APP_ID = "cmp.provisioner"
CATALOGUE = "catalogue"
_PRODUCT = ("product_created", "product_updated", "product_deleted")
_MEDIA = ("product_media_created", "product_media_updated", "product_media_deleted")
_VARIANT = (
    *("product_variant_created", "product_variant_updated", "product_variant_deleted"),
    *("product_variant_out_of_stock", "product_variant_back_in_stock", "product_variant_stock_updated"),
)
_CATEGORY = ("category_created", "category_updated", "category_deleted")


def _typename(event: str) -> str:
    return "".join(word.capitalize() for word in event.split("_"))


EVENTS: dict[str, dict[str, str]] = {
    "paid": {"order_fully_paid": "OrderFullyPaid"},
    "refunded": {"order_refunded": "OrderRefunded", "order_fully_refunded": "OrderFullyRefunded"},
    "cancelled": {"order_cancelled": "OrderCancelled"},
    "updated": {"order_updated": "OrderUpdated"},
    CATALOGUE: {event: _typename(event) for event in (*_PRODUCT, *_MEDIA, *_VARIANT, *_CATEGORY)},
}
"""What the URL of each cause takes: the `Saleor-Event` header and the `__typename` of the body that belongs to it.

`order_updated` is the only event of a charge-back. Every one of these is in Saleor since 3.20; channels are left out, since their events
would need MANAGE_CHANNELS.
"""

PATHS = {cause: f"/webhooks/saleor/{cause if cause == CATALOGUE else f'order-{cause}'}" for cause in EVENTS}
REGISTER_PATH = "/api/saleor/register"
_ID = "order { id number channel { slug } }"
_MONEY = "{ amount currency }"
_STANDING = (
    f"order {{ id number channel {{ slug }} status chargeStatus total {{ gross {_MONEY} }} totalCharged {_MONEY} totalRefunded {_MONEY} "
    f"transactions {{ refundPendingAmount {_MONEY} events {{ type amount {_MONEY} }} }} "
    f"grantedRefunds {{ status amount {_MONEY} lines {{ quantity orderLine {{ id }} }} }} "
    f"fulfillments {{ status lines {{ quantity orderLine {{ id }} }} }} lines {{ id quantity unitPrice {{ gross {_MONEY} }} }} }}"
)
"""What `commerce.orders.order_money` reads: ORDER_UPDATED comes with each of our own writes, and these tell whether anything differs."""


def _selection(cause: str, event: str) -> str:
    if cause != CATALOGUE:
        return _STANDING if cause == "updated" else _ID
    if event.startswith("product_media"):
        return "productMedia { id }"
    return "productVariant { id }" if event.startswith("product_variant") else f"{event.partition('_')[0]} {{ id }}"


def subscription(cause: str) -> str:
    """Ids, and for an update what tells whether anything differs. Whatever else matters is asked for when it is needed, since a delivery
    may be old by then."""
    on = " ".join(f"... on {name} {{ {_selection(cause, event)} }}" for event, name in EVENTS[cause].items())
    return f"subscription {{ event {{ __typename issuedAt version recipient {{ id }} {on} }} }}"


def manifest(base_url: str, version: str) -> dict[str, Any]:
    """MANAGE_ORDERS to read orders, fulfil them and write their metadata; MANAGE_PRODUCTS because Saleor tells nobody else when a product
    or a category changes. The app never writes the catalogue."""
    return {
        "id": APP_ID,
        "name": "CMP Provisioner",
        "version": version,
        "about": "Turns paid orders into agents and credits.",
        "author": "CMP",
        "permissions": ["MANAGE_ORDERS", "MANAGE_PRODUCTS"],
        "appUrl": base_url,
        "tokenTargetUrl": f"{base_url}{REGISTER_PATH}",
        "homepageUrl": base_url,
        "supportUrl": base_url,
        "dataPrivacyUrl": base_url,
        "requiredSaleorVersion": ">=3.20 <4.0",
        "extensions": [],
        "webhooks": [
            {
                "name": "Catalogue" if cause == CATALOGUE else f"Order {cause}",
                "targetUrl": f"{base_url}{PATHS[cause]}",
                "query": subscription(cause),
                "asyncEvents": [event.upper() for event in EVENTS[cause]],
                "isActive": True,
            }
            for cause in EVENTS
        ],
    }
