"""The workspace's States over the real services on a temporary database. Only the runner plays a script: it is a port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeVar

import httpx
import pytest
import reflex as rx
from reflex.istate.data import RouterData
from reflex.state import BaseState

from backend import container
from backend.control_plane.instances import InstanceView
from backend.db.engine import Database
from backend.durable import Durable
from backend.identity.sessions import COOKIE
from backend.kernel.caller import Caller
from backend.kernel.clock import FrozenClock
from backend.kernel.money import Credits
from backend.ledger.views import LotSource
from backend.settings import Settings
from tests.service.gateway.house import ScriptedRunner

S = TypeVar("S", bound=rx.State)
PASSWORD = "correct horse battery"


class Desk:
    """A member at a browser: a session, an agent, some credits; and tabs, which are States."""

    def __init__(self, services: container.Services, runner: ScriptedRunner) -> None:
        self.services, self.runner = services, runner
        self.caller: Caller
        self.agent: InstanceView
        self.token = ""

    async def move(self, email: str) -> None:
        """From now on a new person, in a workspace that has nothing yet."""
        account = await self.services.sign_up.register(email, PASSWORD, "Ann")
        self.token = await self.services.sessions.open(account.id, "a test")
        caller = await self.services.access.caller(self.token, None)
        assert caller is not None
        self.caller = caller

    async def sit_down(self) -> None:
        house = self.services
        await house.offerings.sync(house.products)
        await self.move("ann@example.com")
        caller = self.caller
        offering = await house.offerings.by_sku("CSA-BASIC")
        assert offering is not None
        async with house.database.write() as tx:
            self.agent = await house.instances.create(tx, workspace_id=caller.workspace_id, offering=offering, source_key="a")
        await self.gift("5")

    async def gift(self, amount: str) -> None:
        async with self.services.database.write() as tx:
            await self.services.ledger.grant(
                tx,
                workspace_id=self.caller.workspace_id,
                amount=Credits.of(amount),
                source=LotSource.GIFT,
                ref="g",
                key=amount,
                label="Welcome",
            )

    async def document(self, name: str = "handbook.md", text: str = "# Returns\n\nYou can return a lamp within 30 days.\n") -> None:
        await self.services.knowledge.add(self.caller, self.agent.id, name, text.encode())

    def tab(self, state: type[S], url: str = "/app", *, signed_in: bool = True) -> S:
        """The State of a fresh tab at `url`; with a cookie unless told otherwise."""
        root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
        cookie = f"{COOKIE}={self.token}" if signed_in else ""
        root.router = RouterData.from_router_data({"headers": {"cookie": cookie}, "pathname": url, "asPath": url, "query": {}})
        found = root.get_substate(state.get_full_name().split("."))
        assert isinstance(found, state)
        return found

    def at_agent(self, state: type[S], instance_id: str = "") -> S:
        """The State of a tab that shows the agent's page."""
        tab = self.tab(state, f"/app/agents/{self.agent.id}")
        object.__setattr__(tab, "instance_id", instance_id or self.agent.id)
        return tab


async def call(handler: Any, state: rx.State, *values: Any) -> Any:
    """What the handler returned, or all that it yielded."""
    made = handler.fn(state, *values)
    return [event async for event in made] if hasattr(made, "__aiter__") else await made


async def _entered(state: BaseState) -> BaseState:
    return state


async def _left(_state: BaseState, *_error: object) -> None:
    return None


async def _closed(_scope: Any, _receive: Any, send: Any) -> None:
    """A shop that answers nothing but 503."""
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def desk(sqlite_url: str, clock: FrozenClock, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    runner = ScriptedRunner()
    # The gateway is built with the services, so the port must be filled before them.
    monkeypatch.setattr(container, "local_runner", lambda *_: runner)
    database, durable = Database(sqlite_url), Durable(settings.durable_database)
    # Before the services are wired: the gateway is, with its runner, as soon as they are, so that background runs can be taken up.
    monkeypatch.setattr(container.Services, "runner", runner)
    services = container.Services(settings, database=database, durable=durable, clock=clock, saleor=httpx.ASGITransport(_closed))
    monkeypatch.setattr(container, "_current", services)

    async def at_once(_workflow: str, _key: str, document_id: str) -> None:
        await services.knowledge.index(document_id)

    # Documents are indexed at once instead of durably; the lock around a background handler is Reflex's own.
    monkeypatch.setattr(durable, "begin", at_once)
    monkeypatch.setattr(BaseState, "__aenter__", _entered)
    monkeypatch.setattr(BaseState, "__aexit__", _left)
    desk = Desk(services, runner)
    await desk.sit_down()
    yield desk
    await services.gateway.stop()
    await services.http.aclose()
    await database.dispose()
