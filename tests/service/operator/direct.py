"""The set-up against a Saleor, without a database of ours, for tests that carry plans out by the hundred."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from backend import catalogue
from backend.commerce.schemas import AppView
from backend.commerce.session import Session
from backend.commerce.transport import HttpxTransport
from backend.kernel.clock import SystemClock
from backend.kernel.errors import Unauthenticated
from backend.operator.admin import OPERATIONS, Admin
from backend.operator.setup import reading
from backend.operator.setup.schemas import Present, Step, Wanted
from backend.operator.setup.service import Setup
from backend.provisioner.manifest import manifest
from backend.settings import Settings
from tests.service.operator.house import LOGIN
from tests.service.operator.saleor import URL, FakeSaleor


@dataclass
class Pocket:
    """Keeps the app's token, and asks this Saleor whose it is."""

    saleor: FakeSaleor
    held: str = ""

    async def token(self) -> str:
        return self.held

    async def store(self, app_id: str, token: str) -> None:
        self.held = token

    async def app(self, token: str) -> AppView:
        if token not in self.saleor.app_tokens:
            raise Unauthenticated("unknown")
        return AppView(self.saleor.app_tokens[token], "")


def carry_out(saleor: FakeSaleor, goal: Wanted, pocket: Pocket) -> None:
    def unseen(_number: int, _total: int, _step: Step) -> None:
        """Nobody watches."""

    async def act(admin: Admin) -> None:
        settings = Settings(_env_file=None, saleor_api_url=URL)  # type: ignore[call-arg]
        await Setup(admin, settings, catalogue.load(), manifest("https://market.test", "1.0"), pocket, pocket).run(goal, unseen)

    _with_admin(saleor, act)


def present(saleor: FakeSaleor, goal: Wanted, pocket: Pocket) -> Present:
    found: list[Present] = []

    async def act(admin: Admin) -> None:
        found.append(await reading.read(admin, goal, our_app=saleor.app_tokens.get(pocket.held, ""), company=None))

    _with_admin(saleor, act)
    return found[0]


def _with_admin(saleor: FakeSaleor, act: Callable[[Admin], Awaitable[None]]) -> None:
    async def whole() -> None:
        admin = Admin(Session(HttpxTransport(URL, httpx.ASGITransport(app=saleor.asgi())), OPERATIONS), URL, LOGIN, SystemClock())
        await act(admin)
        await admin.close()

    asyncio.run(whole())
