"""Every operation the client sends is one a real Saleor understands, and one the embedded shop understands too."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, build_schema, validate

from backend.commerce.operations import load
from backend.shop.schema import SDL
from tests.saleor import SCHEMA, real_schema


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    if not SCHEMA.exists():
        pytest.skip("Saleor's schema (../shared/saleor) is not here")
    return real_schema()


@pytest.fixture(scope="module")
def embedded() -> GraphQLSchema:
    return build_schema(SDL.read_text(), no_location=True)


@pytest.mark.parametrize("name", sorted(load()))
def test_a_real_saleor_understands_it(real: GraphQLSchema, name: str) -> None:
    assert validate(real, load()[name].document) == []


@pytest.mark.parametrize("name", sorted(load()))
def test_the_embedded_shop_understands_it(embedded: GraphQLSchema, name: str) -> None:
    assert validate(embedded, load()[name].document) == []


def test_only_queries_may_be_repeated() -> None:
    repeatable = {name for name, operation in load().items() if operation.repeatable}
    assert repeatable == {
        *("AddressRules", "App", "Categories", "Checkout", "Countries", "Order", "OrderBilling", "OrderDelivery", "Orders"),
        *("Product", "Products", "SearchProducts", "Warehouses"),
    }
