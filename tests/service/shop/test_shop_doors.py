"""What the shop's door lets in, and what the catalogue shows."""

from __future__ import annotations

import pytest

from backend.catalogue import load
from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.shop.limits import MAX_BODY, MAX_DEPTH
from backend.shop.seed import seed
from tests.service.shop.shop import Shop


async def test_reading_over_get_is_refused(shop: Shop) -> None:
    assert (await shop.client.get("/graphql/?query={shop{name}}")).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"query": 1}',
        b"\xff\xfe",
        b'{"query": "{nope}"}',
        b'{"query": "{"}',
        rb'{"query": "{shop{name}}", "variables": {"a": "\u0000"}}',
    ],
)
async def test_what_is_not_a_query_is_a_400_with_a_saleor_shaped_error(shop: Shop, body: bytes) -> None:
    response = await shop.client.post("/graphql/", content=body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["exception"]["code"] == "GraphQLError"


async def test_a_query_that_is_too_large_too_deep_or_too_broad_is_refused(shop: Shop) -> None:
    assert (await shop.raw("{" + " " * MAX_BODY + "shop{name}}")).status_code == 413
    deep = '{product(slug:"x"){' + "variants{product{" * MAX_DEPTH + "id" + "}}" * MAX_DEPTH + "}}"
    assert (await shop.raw(deep)).status_code == 400
    broad = "{" + " ".join(f"a{n}:shop{{name}}" for n in range(2_000)) + "}"
    assert (await shop.raw(broad)).status_code == 400
    bomb = "query{...a0} " + " ".join(f"fragment a{n} on Query{{...a{n + 1} ...a{n + 1}}}" for n in range(30))
    assert (await shop.raw(bomb + " fragment a30 on Query{shop{name}}")).status_code == 400


async def test_seeding_again_changes_nothing_and_makes_nothing_twice(shop: Shop, database: Database, clock: FrozenClock) -> None:
    query = '{products(first:50,channel:"default-channel"){totalCount edges{node{id slug updatedAt variants{id sku}}}}}'
    before = await shop.ask(query)
    await seed(database, load(), clock=clock)
    assert await shop.ask(query) == before
    assert before["totalCount"] == len(load())


async def test_a_product_that_left_the_folder_is_no_longer_for_sale(shop: Shop, database: Database) -> None:
    gone, *rest = load()
    await seed(database, rest)
    assert await shop.ask('query($s:String){product(slug:$s,channel:"default-channel"){id}}', s=gone.slug) is None
    await seed(database, [gone, *rest])
    assert await shop.ask('query($s:String){product(slug:$s,channel:"default-channel"){id}}', s=gone.slug) is not None


async def test_every_product_is_available_at_the_price_of_its_folder(shop: Shop) -> None:
    for product in load():
        found = await shop.ask(
            'query($s:String){product(slug:$s,channel:"default-channel"){isAvailable variants{sku pricing{price{gross{amount}}}}}}',
            s=product.slug,
        )
        assert found["isAvailable"] is True
        shown = [(one["sku"], one["pricing"]["price"]["gross"]["amount"]) for one in found["variants"]]
        assert shown == [(variant.sku, float(variant.price.decimal)) for variant in product.variants]


async def test_products_are_paged_without_repeats_or_gaps(shop: Shop) -> None:
    query = (
        'query($a:String){products(first:1,after:$a,channel:"default-channel",sortBy:{field:NAME,direction:ASC}){'
        "pageInfo{hasNextPage endCursor} edges{node{slug}}}}"
    )
    seen, after = [], None
    while True:
        answer = await shop.ask(query, a=after)
        seen += [edge["node"]["slug"] for edge in answer["edges"]]
        if not answer["pageInfo"]["hasNextPage"]:
            break
        after = answer["pageInfo"]["endCursor"]
    assert sorted(seen) == sorted(product.slug for product in load())
    wrong = await shop.raw(query, {"a": "not-a-cursor"})
    assert wrong.json()["errors"][0]["extensions"]["exception"]["code"] == "GraphQLError"


async def test_a_malformed_id_is_nothing_not_a_fault(shop: Shop) -> None:
    for value in ("", "x", "T3JkZXI6", "Q2hlY2tvdXQ6MQ==", "\u00e9", "T3JkZXI6JyBPUiAxPTE="):
        assert await shop.ask("query($id:ID!){checkout(id:$id){id}}", id=value) is None
        assert await shop.ask("query($id:ID!){order(id:$id){id}}", id=value) is None


async def test_an_address_is_checked_field_by_field(shop: Shop) -> None:
    checkout = await shop.checkout()
    update = (
        "mutation($id:ID!,$a:AddressInput!){checkoutBillingAddressUpdate(id:$id,billingAddress:$a){"
        "checkout{id} errors{field code addressType}}}"
    )
    answer = await shop.ask(
        update, id=checkout["id"], a={"country": "DE", "postalCode": "not-a-code", "city": "x" * 300, "phone": "call me"}
    )
    assert {(fault["field"], fault["code"]) for fault in answer["errors"]} == {
        ("streetAddress1", "REQUIRED"),
        ("postalCode", "INVALID"),
        ("phone", "INVALID"),
        ("city", "INVALID"),
    }
    assert {fault["addressType"] for fault in answer["errors"]} == {"BILLING"}
