"""A small request cannot cost the shop much."""

from __future__ import annotations

import json

import pytest

from backend.shop.limits import MAX_FRAGMENTS, MAX_MUTATIONS, MAX_TOKENS
from tests.service.shop.shop import Shop


async def test_many_fragments_are_refused_before_they_are_compared(shop: Shop) -> None:
    """Each is compared with each other: 6,000 of them fit in a request and took minutes."""
    names = range(MAX_FRAGMENTS + 1)
    query = "{" + " ".join(f"...f{n}" for n in names) + "}" + "".join(f"fragment f{n} on Query{{shop{{name}}}}" for n in names)
    refused = await shop.raw(query)
    assert (refused.status_code, f"more than {MAX_FRAGMENTS} fragments" in refused.text) == (400, True)
    assert len(refused.json()["errors"]) == 1


async def test_a_query_of_many_words_is_refused_while_it_is_read(shop: Shop) -> None:
    assert (await shop.raw("{" + "shop{name} " * MAX_TOKENS + "}")).status_code == 400


async def test_one_request_makes_only_so_many_changes(shop: Shop) -> None:
    change = 'checkoutEmailUpdate(id:"x",email:"a@b.co"){errors{code}}'
    for number, status in ((MAX_MUTATIONS, 200), (MAX_MUTATIONS + 1, 400)):
        query = "mutation{" + " ".join(f"a{n}:{change}" for n in range(number)) + "}"
        assert (await shop.raw(query)).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"query": "{shop{name}}", "variables": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        json.dumps({"query": "query($s:String!){product(slug:$s){id}}", "variables": {"s": "\ud800"}}).encode(),
        json.dumps({"query": "query($t:UUID!){orderByToken(token:$t){id}}", "variables": {"t": True}}).encode(),
    ],
)
async def test_what_cannot_be_read_is_the_callers_fault(shop: Shop, body: bytes) -> None:
    response = await shop.client.post("/graphql/", content=body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["exception"]["code"] == "GraphQLError"
