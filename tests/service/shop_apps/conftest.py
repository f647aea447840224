"""A shop on a fresh database with durable work of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import FrozenClock
from backend.shop.apps.hub import ShopApps
from tests.service.shop_apps.factory import URL, Receiver, Shop, schema_with

FAST = (0.01, 0.01)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def idle_shop(
    database: Database, clock: FrozenClock, receiver: Receiver, signing_key: Path, tmp_path: Path
) -> AsyncIterator[tuple[Shop, Durable]]:
    """A stocked shop whose durable work has not begun."""
    durable = Durable(f"sqlite:///{tmp_path / 'durable.db'}")
    transport = httpx.ASGITransport(receiver.asgi())
    shutil.copytree(signing_key, tmp_path / "shop")
    apps = ShopApps(database, clock, durable, folder=tmp_path / "shop", public_url=URL, transport=transport, delays=FAST, seconds=1.0)
    shop = Shop(database, clock, apps, schema_with(apps))
    await shop.stock()
    yield shop, durable
    await apps.stop()


@pytest.fixture
async def shop(idle_shop: tuple[Shop, Durable]) -> AsyncIterator[Shop]:
    shop, durable = idle_shop
    await durable.start()
    yield shop
    await shop.apps.events.settle()
    await durable.stop()


@pytest.fixture
def quiet(idle_shop: tuple[Shop, Durable]) -> Shop:
    """For what needs no deliveries."""
    return idle_shop[0]
