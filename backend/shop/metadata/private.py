"""Who may read private metadata: one permission a type."""

from __future__ import annotations

from typing import Any

from ariadne import ObjectType

from backend.shop.context import Info
from backend.shop.errors import require

PERMISSIONS = {
    "Checkout": "MANAGE_CHECKOUTS",
    "CheckoutLine": "MANAGE_CHECKOUTS",
    "Order": "MANAGE_ORDERS",
    "OrderLine": "MANAGE_ORDERS",
    "Fulfillment": "MANAGE_ORDERS",
    "TransactionItem": "HANDLE_PAYMENTS",
    "Product": "MANAGE_PRODUCTS",
    "ProductVariant": "MANAGE_PRODUCTS",
    "ProductType": "MANAGE_PRODUCTS",
    "Category": "MANAGE_PRODUCTS",
    "Warehouse": "MANAGE_PRODUCTS",
    "Channel": "MANAGE_CHANNELS",
    "Voucher": "MANAGE_DISCOUNTS",
    "Shop": "MANAGE_SETTINGS",
}


def _guarded(kind: str, permission: str) -> ObjectType:
    def read(parent: Any, info: Info) -> Any:
        require(info.context, permission)
        found = parent.get("private_metadata") if isinstance(parent, dict) else getattr(parent, "private_metadata", None)
        return found or []

    made = ObjectType(kind)
    made.set_field("privateMetadata", read)
    return made


bindables = [_guarded(kind, permission) for kind, permission in PERMISSIONS.items()]
