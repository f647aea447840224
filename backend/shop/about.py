"""The `shop` query, and the settings of a channel that never change here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ariadne import ObjectType, QueryType
from graphql import GraphQLResolveInfo

from backend.shop.catalogue.views import ChannelView
from backend.shop.context import ShopContext
from backend.shop.ids import global_id

VERSION = "3.23.28"
"""The Saleor that the embedded shop was compared with, and answers as."""

query = QueryType()
channel_type = ObjectType("Channel")


@query.field("shop")
def shop(_: object, info: GraphQLResolveInfo) -> dict[str, Any]:
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
        "available_external_authentications": [],
    }


@channel_type.field("orderSettings")
def order_settings(_: ChannelView, info: GraphQLResolveInfo) -> dict[str, Any]:
    return {"automatically_confirm_all_new_orders": True, "allow_unpaid_orders": False, "mark_as_paid_strategy": "TRANSACTION_FLOW"}


@channel_type.field("checkoutSettings")
def checkout_settings(_: ChannelView, info: GraphQLResolveInfo) -> dict[str, Any]:
    return {"use_legacy_error_flow": True, "automatically_complete_fully_paid_checkouts": False, "automatic_completion_delay": None}


@channel_type.field("paymentSettings")
def payment_settings(_: ChannelView, info: GraphQLResolveInfo) -> dict[str, Any]:
    return {"default_transaction_flow_strategy": "CHARGE", "release_funds_for_expired_checkouts": False}


bindables = [query, channel_type]
