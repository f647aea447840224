"""The backend's HTTP application, its start and its stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Receive, Scope, Send

from backend import __version__, container, documented, health, problem
from backend.bounds import BodyLimit
from backend.commerce import api as commerce
from backend.container import Services
from backend.control_plane import api as control_plane
from backend.control_plane import key_api as keys
from backend.control_plane.alerts import api as alerts
from backend.control_plane.knowledge import api as knowledge
from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.doors import Who
from backend.durable import Durable
from backend.gateway import api as gateway
from backend.gateway import quotes_api as quotes
from backend.gateway import reading_api as reading
from backend.gateway import receipts_api as receipts
from backend.gateway.cors import WidgetCors
from backend.gateway.door import RunDoor
from backend.gateway.mcp import api as mcp
from backend.gateway.openai import api as openai
from backend.identity import api as identity
from backend.kernel.clock import SystemClock
from backend.kernel.errors import Unavailable
from backend.ledger import api as ledger
from backend.provisioner import api as provisioner
from backend.provisioner import desk_api as provisioner_desk
from backend.settings import Settings
from backend.shop.embedded import EmbeddedShop
from backend.webhooks import api as webhooks
from backend.widget import api as widget
from backend.widget.cors import VisitorCors

Say = Callable[[str], None]


def silent(_words: str) -> None:
    """For programs that have nobody to tell."""


@dataclass(slots=True)
class System:
    """All of it: the services, the HTTP application and, while no Saleor is configured, the shop."""

    services: Services
    app: FastAPI
    shop: EmbeddedShop | None
    say: Say = silent

    async def prepare(self) -> None:
        """Migrate and seed. Safe to repeat; a second time it changes nothing."""
        services = self.services
        self.say("database: bringing the schema up to date")
        upgrade(services.settings.database)
        await services.offerings.sync(services.products)
        if self.shop is None:
            return
        if not services.settings.local:
            self.say("WARNING: the embedded shop takes no money: anyone who reaches it can have what it sells. Set CMP_SALEOR_API_URL.")
        self.say("shop: seeding the catalogue and the demo account")
        await self.shop.seed(services.products)
        demo = await services.demo.ensure(services.settings.demo_password.get_secret_value())
        if demo.password:
            self.say(f"demo account: {demo.account.email}, password {demo.password} (shown once)")

    async def start(self) -> None:
        """Prepare, then take up durable work, agents and what a stopped process left behind."""
        # First, because a worker takes seconds to import what it needs, on another core.
        self.say("agents: starting the workers")
        await self.services.runner.start()
        await self.prepare()
        self.say("durable work: starting")
        await self.services.durable.start()
        await self.services.knowledge.resume()
        if self.shop is not None:
            await self.shop.start()
            await self._introduce(self.shop)
        await self.services.gateway.start()
        await self.services.webhook_room.deliverer.start()

    async def _introduce(self, shop: EmbeddedShop) -> None:
        """Install our app in the shop the way a Saleor would: by its manifest, over HTTP. Once."""
        try:
            await self.services.connection.token()
        except Unavailable:
            await shop.install(f"{self.services.settings.base_url}/api/saleor/manifest")

    async def stop(self) -> None:
        """Stop in the other direction; runs under way are settled first."""
        await self.services.gateway.stop()
        await self.services.webhook_room.deliverer.stop()
        await self.services.runner.stop()
        await self.services.durable.stop()
        if self.shop is not None:
            await self.shop.stop()
        await self.services.commerce.close()
        await self.services.http.aclose()
        await self.services.database.dispose()

    def visited(self, inner: ASGIApp) -> ASGIApp:
        """`inner`, reachable for widgets on pages of other sites, and runs before it. Outermost: any server in between would refuse the
        preflights of pages elsewhere, and cost a run more than the run does."""
        runs = RunDoor(inner, self.services.gateway, Who(self.services.access.resolve).runs, self.services.access.known)
        return WidgetCors(VisitorCors(runs), self.services.widgets.allows)

    async def readiness(self) -> dict[str, str]:
        """Part → what is wrong with it; empty when nothing is."""
        return await health.parts(self.services)


def assemble(settings: Settings, say: Say = silent) -> System:
    """Build the whole backend for these settings. Nothing is started or written yet."""
    database, durable, clock = Database(settings.database), Durable(settings.durable_database), SystemClock()

    # The shop calls our webhooks and we call the shop, both over HTTP within this process; each exists before the application does.
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await system.app(scope, receive, send)

    front = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    shop = EmbeddedShop(database, clock, durable, settings, deliver=front) if settings.embedded_shop else None
    services = Services(settings, database=database, durable=durable, clock=clock, saleor=front if shop else None)
    system = System(services, create_app(services, shop), shop, say)
    system.app.router.lifespan_context = lambda _app: _lifespan(system)
    return system


def create_app(services: Services, shop: EmbeddedShop | None = None) -> FastAPI:
    """The HTTP doors. Without a lifespan: `assemble` adds it."""
    title, summary = f"{services.settings.brand_name} API", "Agents, runs, documents, credits and orders."
    app: FastAPI = FastAPIOffline(title=title, version=__version__, summary=summary)
    problem.install(app)
    app.add_middleware(BodyLimit)
    who = Who(services.access.resolve)
    for router in _routers(services, who):
        app.include_router(router)
    if shop is not None:
        app.include_router(shop.routes(who))
        app.router.routes.extend(shop.server.routes)
    documented.install(app)
    return app


def _routers(services: Services, who: Who) -> Sequence[APIRouter]:
    """Routes are tried in this order: deliveries come in crowds."""
    auth = identity.Auth(
        services.sign_up,
        services.sign_in,
        services.sessions,
        services.verification,
        services.settings,
        proven=services.orders.claim,
    )
    return (
        provisioner.routes(services.provisioner, services.orders, who, base_url=services.settings.base_url, version=__version__),
        health.routes(services, who),
        identity.routes(auth, who),
        control_plane.routes(services.instances, services.offerings, who),
        keys.routes(services.keyring, services.budgets, services.spending, who),
        knowledge.routes(services.knowledge, who),
        gateway.routes(services.gateway, who),
        quotes.routes(services.quotes, who),
        receipts.routes(services.proofs.receipts, services.proofs.keyring, who),
        alerts.routes(services.proofs.alerts, who),
        openai.routes(services.gateway, services.instances, who),
        mcp.routes(services.gateway, services.instances, who, services.settings),
        reading.routes(services.gateway.sheets, services.gateway.usage, who),
        ledger.routes(services.ledger, who),
        widget.routes(services.widgets, who),
        webhooks.routes(services.webhook_room.webhooks, who),
        provisioner_desk.routes(services.desk, who),
        commerce.routes(services.till, who),
    )


@asynccontextmanager
async def _lifespan(system: System) -> AsyncIterator[None]:
    container.make_current(system.services)
    try:
        await system.start()
        yield
    finally:
        await system.stop()
