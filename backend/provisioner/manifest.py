"""The Saleor app "CMP Provisioner": what it may do, and which events it wants, with what in them."""

from __future__ import annotations

from typing import Any

APP_ID = "cmp.provisioner"
EVENTS: dict[str, dict[str, str]] = {
    "paid": {"order_fully_paid": "OrderFullyPaid"},
    "refunded": {"order_refunded": "OrderRefunded", "order_fully_refunded": "OrderFullyRefunded"},
    "cancelled": {"order_cancelled": "OrderCancelled"},
}
"""What the URL of each cause takes: the `Saleor-Event` header and the `__typename` of the body that belongs to it."""

PATHS = {cause: f"/webhooks/saleor/order-{cause}" for cause in EVENTS}
REGISTER_PATH = "/api/saleor/register"


def subscription(cause: str) -> str:
    """Only ids: whatever else matters is asked for when it is needed, since a delivery may be old by then."""
    on = " ".join(f"... on {event} {{ order {{ id number }} }}" for event in EVENTS[cause].values())
    return f"subscription {{ event {{ __typename issuedAt version recipient {{ id }} {on} }} }}"


def manifest(base_url: str, version: str) -> dict[str, Any]:
    """MANAGE_ORDERS is all the app needs: it reads orders, fulfils them, and writes their metadata."""
    return {
        "id": APP_ID,
        "name": "CMP Provisioner",
        "version": version,
        "about": "Turns paid orders into agents and credits.",
        "author": "CMP",
        "permissions": ["MANAGE_ORDERS"],
        "appUrl": base_url,
        "tokenTargetUrl": f"{base_url}{REGISTER_PATH}",
        "homepageUrl": base_url,
        "supportUrl": base_url,
        "dataPrivacyUrl": base_url,
        "requiredSaleorVersion": ">=3.20 <4.0",
        "extensions": [],
        "webhooks": [
            {
                "name": f"Order {cause}",
                "targetUrl": f"{base_url}{PATHS[cause]}",
                "query": subscription(cause),
                "asyncEvents": [event.upper() for event in EVENTS[cause]],
                "isActive": True,
            }
            for cause in EVENTS
        ],
    }
