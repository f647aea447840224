"""Deliveries arrive, are tried again by Saleor's rule, and are never lost."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from sqlalchemy import select

from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import FrozenClock
from backend.shop.apps.hub import ShopApps
from backend.shop.apps.models import AttemptRow, DeliveryRow
from backend.shop.apps.policy import DELAYS, verdict
from backend.shop.apps.signing import hmac_signature
from tests.service.shop_apps.conftest import FAST
from tests.service.shop_apps.crash import shop_apps
from tests.service.shop_apps.factory import URL, Receiver, Shop, schema_with

QUERY = "subscription{event{... on OrderFullyPaid{__typename issuedAt version recipient{id} order{id number isPaid}}}}"


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await done():
            await asyncio.sleep(0.02)


async def _deliveries(database: Database) -> list[DeliveryRow]:
    async with database.read() as tx:
        return list((await tx.scalars(select(DeliveryRow))).all())


async def _attempts(database: Database) -> list[AttemptRow]:
    async with database.read() as tx:
        return list((await tx.scalars(select(AttemptRow).order_by(AttemptRow.id))).all())  # type: ignore[arg-type]


async def _settled(database: Database) -> None:
    async def done() -> bool:
        return all(row.status != "PENDING" for row in await _deliveries(database))

    await _until(done)


def test_the_retry_rule_is_saleors() -> None:
    assert DELAYS == (10.0, 20.0, 40.0, 80.0, 160.0)
    again = [status for status in (None, 200, 202, 204, 301, 302, 400, 401, 404, 429, 500, 502, 503) if verdict(status) == "again"]
    never = [status for status in (None, 200, 202, 204, 301, 302, 400, 401, 404, 429, 500, 502, 503) if verdict(status) == "never"]
    assert again == [None, 500, 502, 503]
    assert never == [301, 302, 400, 401, 404, 429]


async def test_a_paid_order_is_told_with_saleors_headers_and_a_signature_that_verifies(shop: Shop, receiver: Receiver) -> None:
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    order = await shop.buy()
    await _settled(shop.database)
    (told,) = receiver.told
    assert told.json["__typename"] == "OrderFullyPaid"
    assert told.json["order"] == {"id": order, "number": "1", "isPaid": True}
    signature = told.headers["saleor-signature"]
    jws.deserialize_compact(signature, KeySet.import_key_set(shop.apps.key.jwks()), algorithms=["RS256"], payload=told.body)
    expected = {"event": "order_fully_paid", "domain": "shop.test", "signature": signature}
    assert {name: told.headers[f"saleor-{name}"] for name in expected} == expected
    assert {name: told.headers[f"x-saleor-{name}"] for name in expected} == expected
    assert told.headers["saleor-api-url"] == f"{URL}/graphql/"
    assert told.headers["content-type"] == "application/json"
    assert told.headers["user-agent"] == "Saleor/3.23"


async def test_a_webhook_with_a_secret_is_signed_with_hmac_and_carries_its_own_headers(shop: Shop, receiver: Receiver) -> None:
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID", secret_key="topsecret", custom_headers={"x-env": "test"})
    await shop.buy()
    await _settled(shop.database)
    (told,) = receiver.told
    assert told.headers["saleor-signature"] == hmac_signature("topsecret", told.body)
    assert told.headers["x-env"] == "test"


async def test_what_arrived_leaves_nothing_behind(shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [503, 202]
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    await shop.buy()
    await _until(lambda: _gone(shop.database))
    assert len(receiver.told) == 2
    assert receiver.told[0].body == receiver.told[1].body
    assert await _attempts(shop.database) == []


async def _gone(database: Database) -> bool:
    return not await _deliveries(database)


async def test_after_the_last_try_a_delivery_has_failed_for_good(shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [500, 502, 503, 200]
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    await shop.buy()
    await _settled(shop.database)
    assert len(receiver.told) == 1 + len(FAST)
    assert [row.status for row in await _deliveries(shop.database)] == ["FAILED"]
    assert [row.response_status for row in await _attempts(shop.database)] == [500, 502, 503]


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429])
async def test_a_refusal_is_never_tried_again(shop: Shop, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    await shop.buy()
    await _settled(shop.database)
    assert len(receiver.told) == 1
    assert [row.status for row in await _deliveries(shop.database)] == ["FAILED"]


async def test_an_event_nobody_asked_for_is_not_noted(shop: Shop, receiver: Receiver) -> None:
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_CANCELLED")
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID", is_active=False)
    await shop.buy()
    await shop.apps.events.settle()
    assert await _deliveries(shop.database) == []
    assert receiver.told == []


async def test_a_change_that_is_rolled_back_tells_nobody(shop: Shop, receiver: Receiver) -> None:
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    with pytest.raises(RuntimeError, match="changed its mind"):
        await _emit_and_fail(shop)
    await shop.apps.events.settle()
    assert await _deliveries(shop.database) == []
    assert receiver.told == []


async def _emit_and_fail(shop: Shop) -> None:
    async with shop.database.write() as tx:
        await shop.apps.events.emit(tx, "ORDER_FULLY_PAID", "T3JkZXI6MQ==")
        raise RuntimeError("changed its mind")


async def test_a_delivery_that_was_noted_but_never_begun_is_taken_up_at_the_next_start(
    idle_shop: tuple[Shop, Durable], receiver: Receiver
) -> None:
    shop, durable = idle_shop
    app = await shop.app()
    await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    await shop.buy()
    await shop.apps.events.settle()
    assert receiver.told == []
    await durable.start()
    try:
        await shop.apps.start()
        await _until(lambda: _gone(shop.database))
        await shop.apps.start()
        assert len(receiver.told) == 1
    finally:
        await durable.stop()


async def test_a_delivery_survives_the_death_of_its_process(database: Database, receiver: Receiver, tmp_path: Path) -> None:
    url = database.url.replace("+aiosqlite", "").replace("+psycopg", "")
    died = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.service.shop_apps.crash", url, str(tmp_path))
    assert await died.wait() == 9
    assert [row.status for row in await _deliveries(database)] == ["PENDING"]
    apps, durable = shop_apps(database, receiver, tmp_path)
    schema_with(apps)
    await durable.start()
    try:
        await _until(lambda: _gone(database))
    finally:
        await apps.stop()
        await durable.stop()
    assert [told.json["__typename"] for told in receiver.told] == ["OrderFullyPaid"]


async def test_a_consumer_that_refuses_connections_is_tried_again(
    database: Database, clock: FrozenClock, tmp_path: Path, unused_tcp_port: int
) -> None:
    durable = Durable(f"sqlite:///{tmp_path / 'durable.db'}")
    apps = ShopApps(database, clock, durable, folder=tmp_path / "shop", public_url=URL, delays=FAST)
    shop = Shop(database, clock, apps, schema_with(apps))
    await shop.stock()
    await durable.start()
    try:
        await shop.hook(await shop.app(), QUERY, "ORDER_FULLY_PAID", url=f"http://127.0.0.1:{unused_tcp_port}/hook")
        await shop.buy()
        await _settled(database)
    finally:
        await apps.stop()
        await durable.stop()
    tries = await _attempts(database)
    assert [row.response_status for row in tries] == [None] * (1 + len(FAST))
    assert "ConnectError" in tries[0].response


async def test_what_cannot_be_told_is_tried_by_the_same_rule_and_says_why(shop: Shop, receiver: Receiver) -> None:
    await shop.hook(await shop.app(), None, "ORDER_FULLY_PAID")
    async with shop.database.write() as tx:
        await shop.apps.events.emit(tx, "ORDER_FULLY_PAID", "T3JkZXI6MDU4NWRjYWQtODkxYS00ZmRmLWFlYjEtNzVhNzM1MjRiYmY3")
    await _settled(shop.database)
    assert [row.status for row in await _deliveries(shop.database)] == ["FAILED"]
    assert {row.response[:18] for row in await _attempts(shop.database)} == {"not sent: no order"}
    assert receiver.told == []
