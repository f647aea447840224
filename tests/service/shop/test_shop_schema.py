"""The schema promises nothing that the views do not keep."""

from __future__ import annotations

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
)

from backend.shop.schema import executable_schema
from tests.service.shop.shop import APP_TOKEN, Shop

FIRST = "(first:3)"


def everything(schema: GraphQLSchema, kind: GraphQLOutputType, above: frozenset[str] = frozenset()) -> str:
    """Every field of the type, and of what hangs on it, except a type inside itself, what is of apps, and lines told again."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
        return "{__typename}"
    if not isinstance(named, GraphQLObjectType):
        return ""
    parts = ["__typename"]
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        passed_over = above | {named.name, "App", "OrderGrantedRefundLine"}
        if inner.name in passed_over or any(is_required_argument(one) for one in field.args.values()):
            continue
        parts.append(f"{name}{FIRST if 'first' in field.args else ''}{everything(schema, field.type, above | {named.name})}")
    return "{" + " ".join(parts) + "}"


@pytest.mark.parametrize("name", ["order", "checkout", "products", "categories", "channel", "shop", "vouchers", "productTypes"])
async def test_every_field_of_a_type_can_be_read(shop: Shop, name: str) -> None:
    await shop.voucher("FIVE", "5")
    order = await shop.buy("CSA-BASIC", "KBA-PRO")
    await shop.fulfil(order)
    checkout = await shop.checkout()
    await shop.promo(checkout["id"], "FIVE")
    await shop.pay(checkout["id"], "AUTHORIZATION_SUCCESS")
    schema = executable_schema([])
    assert schema.query_type
    field = schema.query_type.fields[name]
    given = {
        "order": f'(id:"{order["id"]}")',
        "checkout": f'(id:"{checkout["id"]}")',
        "products": '(first:3,channel:"default-channel")',
        "channel": '(slug:"default-channel")',
        "shop": "",
    }.get(name, FIRST)
    body = (await shop.raw(f"{{{name}{given}{everything(schema, field.type)}}}", token=APP_TOKEN)).json()
    assert "errors" not in body, body["errors"]
    assert body["data"][name] is not None


async def test_private_parts_are_shown_to_apps_alone_and_a_metafield_is_one_key(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC", metadata=[{"key": "visitor", "value": "v1"}])
    read = await shop.ask('query($id:ID!){order(id:$id){there:metafield(key:"visitor") gone:metafield(key:"x")}}', id=order["id"])
    assert read == {"there": "v1", "gone": None}
    for part in ("transactions{id}", "privateMetadata{key}", "events{type}", "lines{variant{product{privateMetadata{key}}}}"):
        body = (await shop.raw(f'{{order(id:"{order["id"]}"){{{part}}}}}')).json()
        assert body["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied", part
