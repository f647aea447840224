"""The shop's app part, wired: what the shop's server mounts and calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from ariadne import SchemaBindable
from fastapi import APIRouter, Depends
from graphql import GraphQLSchema

from backend.db.engine import Database
from backend.doors import Who
from backend.durable import Durable, Retry
from backend.kernel.clock import Clock
from backend.kernel.ids import new_id
from backend.shop.apps import policy, service
from backend.shop.apps.api import AppResolvers
from backend.shop.apps.delivery import Deliveries
from backend.shop.apps.events import Events
from backend.shop.apps.install import Installer, NotInstalled
from backend.shop.apps.models import FAILED, InstallationRow
from backend.shop.apps.payload import Payloads
from backend.shop.apps.signing import SigningKey
from backend.shop.apps.views import AppView
from backend.shop.apps.webhook_api import WebhookResolvers
from backend.shop.context import AppPrincipal

_INSTALL = "shop.install"


class ShopApps:
    """Built before `durable` starts, because it registers work there. folder: where the signing key is kept. transport: the way to the
    apps; the network when None. delays, seconds: the retry rule. Then `attach` the schema, and `start` once `durable` runs."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        durable: Durable,
        *,
        folder: Path,
        public_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        delays: tuple[float, ...] = policy.DELAYS,
        seconds: float = policy.ANSWER_SECONDS,
    ) -> None:
        self._database, self._clock, self._durable = database, clock, durable
        self.key = SigningKey.load(folder)
        self.events = Events(database, clock, durable)
        self._http = httpx.AsyncClient(transport=transport, timeout=seconds, headers={"User-Agent": policy.USER_AGENT})
        self._payloads = Payloads(database, clock, self.events, public_url)
        self._installer = Installer(database, clock, self._http, public_url)
        self._deliveries = Deliveries(
            database,
            clock,
            durable,
            self.events,
            self._payloads,
            self.key,
            self._http,
            public_url,
            delays=delays,
            seconds=seconds,
        )

        async def install(installation_id: int, manifest_url: str, active: bool) -> None:
            await durable.step("install", self._install_once, installation_id, manifest_url, active, retry=Retry())

        durable.workflow(_INSTALL, install)

    def bindables(self) -> list[SchemaBindable]:
        hooks = WebhookResolvers(self.events, self._payloads)
        return [*AppResolvers(self._installer, self._begin_install).bindables(), *hooks.bindables()]

    def attach(self, schema: GraphQLSchema) -> None:
        self._payloads.attach(schema)

    async def start(self) -> None:
        """Take up deliveries that an earlier process noted but did not begin."""
        await self.events.sweep()

    async def stop(self) -> None:
        await self.events.settle()
        await self._http.aclose()

    async def principal(self, token: str | None) -> AppPrincipal | None:
        """The active app a Bearer token belongs to."""
        if not token:
            return None
        async with self._database.read() as tx:
            return await service.principal(tx, token)

    async def install_app(self, manifest_url: str, *, replace: bool = True) -> AppView:
        """Install and wait for it. replace: an app of the same identifier gets a new token and the manifest's webhooks.

        Raises NotInstalled with the reason.
        """
        return await self._installer.install(self._payloads.schema, manifest_url, replace=replace)

    def routes(self, who: Who) -> APIRouter:
        router = APIRouter(tags=["shop"])

        @router.get("/.well-known/jwks.json", dependencies=[Depends(who.public)])
        async def jwks() -> dict[str, Any]:
            """The public keys that the shop's webhooks are signed with."""
            return self.key.jwks()

        return router

    async def _begin_install(self, installation_id: int, manifest_url: str, active: bool) -> None:
        await self._durable.begin(_INSTALL, new_id("ins"), installation_id, manifest_url, active)

    async def _install_once(self, installation_id: int, manifest_url: str, active: bool) -> None:
        """Its row goes when the app is there, and says why when it is not."""
        reason = None
        try:
            await self._installer.install(self._payloads.schema, manifest_url, active=active)
        except NotInstalled as fault:
            reason = str(fault)
        async with self._database.write() as tx:
            row = await tx.get(InstallationRow, installation_id)
            if row is not None and reason is None:
                await tx.delete(row)
            elif row is not None:
                row.status, row.message, row.updated = FAILED, reason, self._clock.now()
