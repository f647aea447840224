"""Checks every part that is configured, without starting any: a server may be running beside it on the same data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

import httpx
from sqlalchemy.exc import OperationalError

from backend.commerce.errors import NotPermitted
from backend.commerce.gateways import Gateways
from backend.commerce.session import Session
from backend.db.migrate import standing
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable
from backend.operator.doctor import policy, reading
from backend.operator.doctor.schemas import Finding, Level
from backend.operator.setup.advice import unreachable
from backend.operator.setup.policy import version_of
from backend.operator.setup.schemas import WantedApp
from backend.provisioner.desk_views import Report
from backend.provisioner.signature import jwks_url
from backend.settings import Settings


class Connection(Protocol):
    async def token(self) -> str: ...


@dataclass(slots=True)
class Doctor:
    """http: the network. session: Saleor; None while the embedded shop serves. skus: those that something is given for.
    gateways: what the checkout can use. last_report: of the reconciliation of orders with Saleor.
    """

    settings: Settings
    clock: Clock
    http: httpx.AsyncClient
    session: Session | None
    connection: Connection
    app: WantedApp
    oldest: tuple[int, int]
    skus: Collection[str]
    gateways: Gateways
    last_report: Callable[[], Awaitable[Report | None]]

    async def examine(self) -> list[Finding]:
        """In the order in which they are best mended."""
        database = await self._database()
        findings = [database, *(await self._reach())]
        if database.level is Level.OK:
            findings.append(policy.grants(await self.last_report(), f"{self.settings.base_url}/operator/orders"))
        if self.session is None:
            return [*findings, policy.ok("shop", "the embedded one; the server's own line tells how it is")]
        try:
            async for found in self._saleor(self.session, known=database.level is Level.OK):
                findings.append(found)
        except DomainError as fault:
            findings.append(policy.fail("Saleor", fault.detail, "What follows could not be told. Run this again; Saleor's log says more."))
        return findings

    async def close(self) -> None:
        await self.http.aclose()
        if self.session is not None:
            await self.session.close()

    async def _database(self) -> Finding:
        try:
            return policy.database(*await asyncio.to_thread(standing, self.settings.database))
        except OperationalError as fault:
            return policy.fail("database", f"cannot be reached: {fault.orig}", "Start it, or mend CMP_DATABASE_URL.")

    async def _reach(self) -> list[Finding]:
        """The server as it is seen from here, and as others see it."""
        host = "127.0.0.1" if self.settings.host in {"0.0.0.0", "::"} else self.settings.host  # noqa: S104
        here = f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"
        ready = await reading.look(self.http, f"{here}/ready")
        health = await reading.look(self.http, f"{self.settings.base_url}/health")
        public = policy.public_url(
            health,
            self.settings.base_url,
            local=self.settings.local,
            saleor_elsewhere=self.session is not None and unreachable(self.settings),
            running=bool(ready.status),
        )
        return [*policy.server(ready, here), *public]

    async def _saleor(self, session: Session, *, known: bool) -> AsyncIterator[Finding]:
        """known: whether our database can be asked for the app's token."""
        url = self.settings.saleor_url
        try:
            own = (await session.ask("Hello", {}))["shop"]["domain"]["url"]
        except DomainError as fault:
            mend = "Start it, let this computer reach it, or mend CMP_SALEOR_API_URL; the address ends in /graphql/."
            yield policy.fail("Saleor", f"{url}: {fault.detail}", mend)
            return
        yield policy.own_name(f"{own.rstrip('/')}/graphql/", url)
        keys = await reading.look(self.http, jwks_url(url))
        yield policy.clock(keys.date, self.clock.now())
        if self.settings.saleor_webhook_secret.get_secret_value():
            yield policy.ok("signing keys", "not needed: CMP_SALEOR_WEBHOOK_SECRET is set")
        else:
            yield policy.keys(keys, jwks_url(url))
        async for found in self._as_app(session, known=known):
            yield found
        offered = [product async for product in reading.on_sale(session, self.settings.saleor_channel)]
        for found in policy.on_sale(offered, self.skus, self.settings.saleor_channel, self._fix):
            yield found

    async def _as_app(self, session: Session, *, known: bool) -> AsyncIterator[Finding]:
        """What takes our app's token."""
        try:
            if not (token := await self._token(known=known)):
                raise Unavailable("The app is not installed: no token of it is held.")
            app = await reading.own_app(session, token)
        except NotPermitted:
            app = None
        except DomainError as fault:
            yield policy.fail("app", fault.detail, self._fix)
            return
        if app is None:
            yield policy.fail("app", "Saleor does not know the token we hold", f"Take CMP_SALEOR_APP_TOKEN out of .env. {self._fix}")
            return
        secret = self.settings.saleor_webhook_secret.get_secret_value()
        for found in policy.app(app, self.app, secret, self.clock.now(), self._fix):
            yield found
        channel = self.settings.saleor_channel
        place = await reading.place(session, token, channel)
        for found in policy.place(place, channel, self._fix):
            yield found
        if place is not None:
            shop = (await session.ask("ShopFront", {"channel": channel, "currency": place.currency}, token=token))["shop"]
            yield policy.version(version_of(shop["version"]), shop["version"], self.oldest)
            for found in policy.gateways([gateway["id"] for gateway in shop["availablePaymentGateways"]], self.gateways):
                yield found

    async def _token(self, *, known: bool) -> str:
        if given := self.settings.saleor_app_token.get_secret_value():
            return given
        return await self.connection.token() if known else ""

    @property
    def _fix(self) -> str:
        return policy.SETUP.format(url=self.settings.saleor_url)
