"""A process that sells one order, sees its delivery refused once, and dies without a word. Arguments: database URL, folder."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx

from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import FrozenClock
from backend.shop.apps.hub import ShopApps
from tests.service.shop_apps.factory import URL, Receiver, Shop, schema_with

QUERY = "subscription{event{... on OrderFullyPaid{__typename order{id}}}}"
PAUSE = (1.0,)


def shop_apps(database: Database, receiver: Receiver, folder: Path) -> tuple[ShopApps, Durable]:
    clock = FrozenClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    durable = Durable(f"sqlite:///{folder / 'crash.db'}")
    transport = httpx.ASGITransport(receiver.asgi())
    apps = ShopApps(database, clock, durable, folder=folder / "shop", public_url=URL, transport=transport, delays=PAUSE)
    return apps, durable


async def main(url: str, folder: Path) -> None:
    database, receiver = Database(url), Receiver(answers=[503])
    apps, durable = shop_apps(database, receiver, folder)
    shop = Shop(database, FrozenClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC)), apps, schema_with(apps))
    await shop.stock()
    await durable.start()
    await shop.hook(await shop.app(), QUERY, "ORDER_FULLY_PAID")
    await shop.buy()
    while not receiver.told:
        await asyncio.sleep(0.01)
    os._exit(9)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
