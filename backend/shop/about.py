"""The `shop` query, and the settings of a channel that never change here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ariadne import ObjectType, QueryType

from backend.shop.context import Info, ShopContext
from backend.shop.ids import global_id

VERSION = "3.23.28"
"""The Saleor that the embedded shop was compared with, and answers as."""

query = QueryType()
channel_type = ObjectType("Channel")


@query.field("shop")
def shop(_: object, info: Info) -> dict[str, Any]:
    context: ShopContext = info.context
    url = urlsplit(context.public_url)
    domain = {"host": url.netloc, "url": f"{context.public_url}/", "ssl_enabled": url.scheme == "https"}
    return {
        "id": global_id("Shop", 1),
        "name": "CMP",
        "version": VERSION,
        "schema_version": VERSION.rpartition(".")[0],
        "domain": domain,
        "metadata": [],
        "private_metadata": [],
    }


@channel_type.field("orderSettings")
def order_settings(*_: object) -> dict[str, Any]:
    return {"automatically_confirm_all_new_orders": True, "allow_unpaid_orders": False}


@channel_type.field("checkoutSettings")
def checkout_settings(*_: object) -> dict[str, Any]:
    return {"automatically_complete_fully_paid_checkouts": False}


@channel_type.field("paymentSettings")
def payment_settings(*_: object) -> dict[str, Any]:
    return {"default_transaction_flow_strategy": "CHARGE"}


bindables = [query, channel_type]
