"""The gateway's routes over HTTP, with the owner's API key, and a real server for what must be seen as it comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from backend import problem
from backend.control_plane import api as owned
from backend.control_plane.instances import InstanceView
from backend.doors import Who
from backend.gateway import api as gateway
from backend.gateway import quotes_api as quotes
from backend.gateway import reading_api as reading
from backend.gateway import receipts_api
from backend.gateway.cors import WidgetCors
from backend.gateway.door import RunDoor
from backend.gateway.quotes import Quotes
from backend.gateway.receipts import Receipts
from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES, Caller
from backend.kernel.secrets import SecretBox
from backend.ledger import api as credits_
from backend.ledger.signing import Keyring
from tests.service.gateway.conftest import house as house
from tests.service.gateway.house import House


class Door:
    """An owner with an agent, and a client that carries their key."""

    def __init__(self, house: House, caller: Caller, agent: InstanceView, http: httpx.AsyncClient) -> None:
        self.house, self.caller, self.agent, self.http = house, caller, agent, http

    async def ask(self, query: str = "Can I return a lamp?", *, headers: dict[str, str] | None = None, **more: object) -> httpx.Response:
        body = {"instance_id": self.agent.id, "input": {"query": query}, **more}
        return await self.http.post("/v1/runs", json=body, headers=headers)


Open = Callable[..., Awaitable[Door]]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """HTTP is the same on either database; the service tests run on both."""
    return sqlite_url


@pytest.fixture
def app(house: House) -> FastAPI:
    app = FastAPI()
    who = Who(house.town.access.resolve)
    app.include_router(gateway.routes(house.gateway, who))
    town = house.town
    app.include_router(quotes.routes(Quotes(house.database, house.clock, house.ledger, town.instances, house.settings), who))
    app.include_router(owned.routes(town.instances, town.offerings, who))
    app.include_router(reading.routes(house.gateway.sheets, house.gateway.usage, who))
    app.include_router(credits_.routes(house.ledger, who))
    keyring = Keyring(house.database, house.clock, SecretBox("a secret", "receipts"))
    receipts = Receipts(house.database, house.ledger, keyring, "http://test")
    app.include_router(receipts_api.routes(receipts, keyring, who))
    problem.install(app)
    app.add_middleware(RunDoor, runs=house.gateway, who=who.runs, known=house.town.access.known)
    app.add_middleware(WidgetCors, allows=house.town.widgets.allows)
    return app


@pytest.fixture
async def door(app: FastAPI, house: House) -> AsyncIterator[Open]:
    async with contextlib.AsyncExitStack() as stack:

        async def door(email: str = "ann@example.com", credits_: str = "5", sku: str = "CSA-BASIC") -> Door:
            caller, agent = await house.owner(email, credits_, sku)
            key = await house.town.keys.create(caller.workspace_id, caller.account_id, "a test", KeyLimits(ALL_SCOPES))
            transport, bearer = httpx.ASGITransport(app), {"Authorization": f"Bearer {key.secret}"}
            http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer))
            return Door(house, caller, agent, http)

        yield door


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[str]:
    """The address of a real server."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task
