"""The embedded shop, put together: its GraphQL server, its apps and webhooks, its seed. `main` mounts it; nobody else imports the shop."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from fastapi import APIRouter
from starlette.applications import Starlette

from backend.catalogue import Product
from backend.db.engine import Database
from backend.doors import Who
from backend.durable import Durable
from backend.kernel.clock import Clock
from backend.settings import Settings
from backend.shop.apps.hub import ShopApps
from backend.shop.context import AppPrincipal
from backend.shop.seed import seed
from backend.shop.server import create_shop


class EmbeddedShop:
    """Built before `durable` starts, because it registers work there. deliver: the way to the apps' webhooks; the network when None."""

    def __init__(
        self, database: Database, clock: Clock, durable: Durable, settings: Settings, *, deliver: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._database, self._clock, self._channel = database, clock, settings.saleor_channel
        folder = settings.data_dir / "shop"
        self._apps = ShopApps(database, clock, durable, folder=folder, public_url=settings.base_url, transport=deliver)
        self.server: Starlette = create_shop(
            database,
            clock,
            events=self._apps.events,
            resolve_app=self._principal,
            public_url=settings.base_url,
            bindables=self._apps.bindables(),
        )
        self._apps.attach(self.server.state.schema)

    def routes(self, who: Who) -> APIRouter:
        """What the shop publishes beside its GraphQL server."""
        return self._apps.routes(who)

    async def seed(self, products: Sequence[Product]) -> None:
        await seed(self._database, products, self._channel, clock=self._clock)

    async def start(self) -> None:
        """Take up deliveries that a stopped process left. Once `durable` runs."""
        await self._apps.start()

    async def install(self, manifest_url: str) -> None:
        """Install the app of that manifest, or renew it. Raises NotInstalled with the reason."""
        await self._apps.install_app(manifest_url)

    async def stop(self) -> None:
        await self._apps.stop()

    async def _principal(self, token: str | None) -> AppPrincipal | None:
        return await self._apps.principal(token) if token else None
