"""Our deliveries against those recorded from a real Saleor: same headers, same shape of the body, same signature scheme."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from tests.service.shop_apps.factory import Receiver, Shop, Told

SALEOR = Path(__file__).resolve().parents[4] / "shared" / "saleor"
pytestmark = pytest.mark.skipif(not SALEOR.exists(), reason="../shared/saleor is not here: there is nothing recorded to compare with")

OWN_TO_THE_TRANSPORT = {"content-length", "host", "connection", "accept", "accept-encoding"}
"""Headers that depend on the HTTP library, not on the shop."""


def _recorded(name: str) -> tuple[dict[str, str], bytes]:
    data = json.loads((SALEOR / "deliveries" / f"{name}.json").read_text())
    return {key.lower(): value for key, value in data["headers"]}, data["raw_body"].encode()


def _query(name: str) -> str:
    """The subscription query a recorded webhook was made with."""
    body = json.loads((SALEOR / "transcripts" / f"{name}.json").read_text())["request"]["body"]
    return str(body["variables"]["i"]["query"])


def _shape(value: Any, path: str = "") -> set[str]:
    """Every path in a JSON value with the kind of what stands there. Lists are compared by their first entry, if there is one."""
    if isinstance(value, dict):
        return {f"{path}:object"} | {line for key, part in value.items() for line in _shape(part, f"{path}.{key}")}
    if isinstance(value, list):
        return {f"{path}:list"} | (_shape(value[0], f"{path}[]") if value else set())
    kind = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null"}[type(value)]
    return {f"{path}:{kind}"}


async def _first_told(receiver: Receiver) -> Told:
    async with asyncio.timeout(20):
        while not receiver.told:
            await asyncio.sleep(0.02)
    return receiver.told[0]


async def test_the_body_of_a_subscription_has_the_recorded_shape(shop: Shop, receiver: Receiver) -> None:
    headers, body = _recorded("order_fully_paid-sub-paid-0012")
    own = {"x-env": "test", "authorization": "Bearer hook-secret"}
    await shop.hook(await shop.app(), _query("032-webhookCreate-subscription"), "ORDER_FULLY_PAID", custom_headers=own)
    await shop.buy()
    told = await _first_told(receiver)
    ours, theirs = told.json, json.loads(body)
    # The shop's catalogue keeps no metadata of its own on variants, and another on products.
    for order in (ours["order"], theirs["order"]):
        order["lines"][0]["variant"].pop("metadata")
    assert _shape(ours) == _shape(theirs)
    assert list(ours) == list(theirs)
    assert set(told.headers) - OWN_TO_THE_TRANSPORT == set(headers) - OWN_TO_THE_TRANSPORT
    assert told.headers["saleor-event"] == headers["saleor-event"]
    assert told.headers["user-agent"] == headers["user-agent"]


async def test_a_webhook_for_many_events_gets_each_in_the_recorded_shape(shop: Shop, receiver: Receiver) -> None:
    _, body = _recorded("order_fully_paid-all-0009")
    await shop.hook(await shop.app(), _query("036-webhookCreate-allevents"), "ORDER_FULLY_PAID")
    await shop.buy()
    assert _shape((await _first_told(receiver)).json) == _shape(json.loads(body))


async def test_without_a_query_the_legacy_array_has_the_recorded_shape(shop: Shop, receiver: Receiver) -> None:
    _, body = _recorded("order_fully_paid-legacy-paid-0005")
    await shop.hook(await shop.app(), None, "ORDER_FULLY_PAID")
    await shop.buy()
    ours, theirs = (await _first_told(receiver)).json, json.loads(body)
    # Paid through the older payments API there, and not at all here; metadata is free-form.
    for (order,) in (ours, theirs):
        order.pop("payments")
        order.pop("metadata")
    assert _shape(ours) == _shape(theirs)


@pytest.mark.parametrize("name", ["order_fully_paid-sub-paid-0012", "order_cancelled-all-0211", "order_fully_refunded-all-0179"])
async def test_ours_verifies_the_way_the_recorded_ones_do(shop: Shop, receiver: Receiver, name: str) -> None:
    headers, body = _recorded(name)
    recorded_keys = KeySet.import_key_set(json.loads((SALEOR / "jwks.json").read_text()))
    jws.deserialize_compact(headers["saleor-signature"], recorded_keys, algorithms=["RS256"], payload=body)
    await shop.hook(await shop.app(), _query("032-webhookCreate-subscription"), "ORDER_FULLY_PAID")
    await shop.buy()
    told = await _first_told(receiver)
    ours = KeySet.import_key_set(shop.apps.key.jwks())
    verified = jws.deserialize_compact(told.headers["saleor-signature"], ours, algorithms=["RS256"], payload=told.body)
    recorded_header = jws.deserialize_compact(headers["saleor-signature"], recorded_keys, algorithms=["RS256"], payload=body).protected
    assert {**verified.protected, "kid": ""} == {**recorded_header, "kid": ""}
