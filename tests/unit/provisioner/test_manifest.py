from __future__ import annotations

import pytest
from graphql import parse, validate

from backend.provisioner.manifest import CATALOGUE, EVENTS, manifest, subscription
from tests.saleor import SCHEMA, real_schema


def test_the_app_asks_for_orders_and_the_catalogue_alone_and_names_where_each_event_goes() -> None:
    made = manifest("https://market.example", "1.0.0")
    assert made["permissions"] == ["MANAGE_ORDERS", "MANAGE_PRODUCTS"]
    assert made["tokenTargetUrl"] == "https://market.example/api/saleor/register"
    assert {hook["targetUrl"]: hook["asyncEvents"] for hook in made["webhooks"]} == {
        "https://market.example/webhooks/saleor/order-paid": ["ORDER_FULLY_PAID"],
        "https://market.example/webhooks/saleor/order-refunded": ["ORDER_REFUNDED", "ORDER_FULLY_REFUNDED"],
        "https://market.example/webhooks/saleor/order-cancelled": ["ORDER_CANCELLED"],
        "https://market.example/webhooks/saleor/order-updated": ["ORDER_UPDATED"],
        "https://market.example/webhooks/saleor/catalogue": [event.upper() for event in EVENTS[CATALOGUE]],
    }
    assert {"product_updated", "product_media_deleted", "product_variant_stock_updated", "category_deleted"} <= set(EVENTS[CATALOGUE])
    assert not [event for event in EVENTS[CATALOGUE] if event.startswith("channel")]


@pytest.mark.skipif(not SCHEMA.exists(), reason="Saleor's schema (../shared/saleor) is not here")
@pytest.mark.parametrize("cause", list(EVENTS))
def test_each_subscription_is_valid_against_saleors_own_schema(cause: str) -> None:
    assert validate(real_schema(), parse(subscription(cause))) == []
    about = ("product { id", "category { id") if cause == CATALOGUE else ("order { id",)
    for part in ("issuedAt", "version", "recipient { id }", *about):
        assert part in subscription(cause)
