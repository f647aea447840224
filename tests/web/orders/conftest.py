"""The operator's States over the real services on a temporary database, in front of a Saleor reached over HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
import pytest
import reflex as rx
from dbos import DBOS
from reflex.istate.data import RouterData
from reflex.state import BaseState

from backend import container
from backend.commerce.attempts import Stage
from backend.commerce.models import AttemptRow
from backend.db.engine import Database
from backend.durable import Durable
from backend.identity.sessions import COOKIE
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import Sku
from backend.provisioner import repository
from backend.settings import Settings
from cmp_web import routes
from cmp_web.state import operator_order
from tests.service.gateway.house import ScriptedRunner
from tests.service.provisioner.saleor import API_URL, APP_ID, APP_TOKEN, FakeSaleor

S = TypeVar("S", bound=rx.State)
OPERATOR, MEMBER = "operator@example.com", "buyer@example.com"


class Market:
    """A market with an operator and a buyer, each at a browser with a session; tabs are States."""

    def __init__(self, services: container.Services, saleor: FakeSaleor) -> None:
        self.services, self.saleor = services, saleor
        self.tokens: dict[str, str] = {}

    async def person(self, email: str, *, proven: bool = True) -> None:
        account = await self.services.sign_up.register(email, "four plain words", "")
        if proven:
            async with self.services.database.write() as tx:
                await self.services.accounts.mark_verified(tx, account.id)
        self.tokens[email] = await self.services.sessions.open(account.id, "a test")

    async def order(self, *skus: str, email: str = MEMBER) -> str:
        """Our ref of a fresh order, once everything that could be done about it was done."""
        return await self.deliver(self.saleor.place(*skus, email=email))

    async def deliver(self, order_id: str, event: str = "OrderFullyPaid", issued: str = "2026-11-22T12:00:00+00:00") -> str:
        cause = {"OrderFullyPaid": "paid", "OrderRefunded": "refunded", "OrderFullyRefunded": "refunded"}[event]
        raw, headers = self.saleor.delivery(order_id, event, issued)
        ref = await self.services.provisioner.receive(cause, raw, headers)
        await self.settled()
        return ref

    async def settled(self) -> None:
        """Until no durable work is left."""
        for work in await DBOS.list_workflows_async(status=["PENDING", "ENQUEUED"]):
            await (await DBOS.retrieve_workflow_async(work.workflow_id)).get_result(polling_interval_sec=0.02)

    async def offer_shirts(self) -> None:
        """From now on something stands behind T-SHIRT."""
        pack = next(product for product in self.services.products if not product.is_agent)
        shirt = dataclasses.replace(pack, slug="t-shirt", variants=(dataclasses.replace(pack.variants[0], sku=Sku("T-SHIRT")),))
        await self.services.offerings.sync((*self.services.products, shirt))

    async def strand(self, name: str = "pay_1") -> str:
        """A payment whose order the shop refuses."""
        now = self.services.clock.now()
        facts = {"email": MEMBER, "gateway": "app.saleor.stripe", "transaction_id": "VHI6MQ==", "reason": "It is sold out."}
        money = {"amount_minor": 4999, "currency": "USD", "created_at": now, "updated_at": now}
        row = AttemptRow(id=name, checkout_id=name, number=1, key=name, stage=Stage.STRANDED, visitor_hash="v", **facts, **money)
        async with self.services.database.write() as tx:
            tx.add(row)
        return name

    async def status(self, ref: str) -> str:
        async with self.services.database.read() as tx:
            return (await repository.get(tx, ref)).status

    def tab(self, kind: type[S], email: str = OPERATOR, path: str = routes.OPERATOR_ORDERS, **query: str) -> S:
        """The State of a fresh tab. email: "" for nobody."""
        root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
        cookie = f"{COOKIE}={self.tokens[email]}" if email else ""
        turn_to(root, cookie, path, query)
        found = root.get_substate(kind.get_full_name().split("."))
        assert isinstance(found, kind)
        return found

    def go(self, tab: rx.State, **query: str) -> None:
        """Another address in the same tab."""
        root = tab._get_root_state()
        turn_to(root, root.router.headers.cookie, routes.OPERATOR_ORDERS, query)


def turn_to(root: BaseState, cookie: str, path: str, query: Mapping[str, str]) -> None:
    asked = f"?{urlencode(query)}" if query else ""
    root.router = RouterData.from_router_data(
        {"headers": {"cookie": cookie}, "pathname": path, "asPath": path + asked, "query": dict(query)}
    )


async def call(handler: Any, state: rx.State, *values: Any) -> list[Any]:
    """All the events a handler returned or yielded."""
    made = handler.fn(state, *values)
    if hasattr(made, "__aiter__"):
        return [event async for event in made if event is not None]
    returned = await made
    return returned if isinstance(returned, list) else [returned] if returned is not None else []


async def _entered(state: BaseState) -> BaseState:
    return state


async def _left(_state: BaseState, *_error: object) -> None:
    return None


@pytest.fixture
async def market(
    sqlite_url: str, clock: FrozenClock, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Market]:
    saleor = FakeSaleor()
    given = settings.model_copy(update={"saleor_api_url": API_URL, "operator_emails": (OPERATOR,)})
    database, durable = Database(sqlite_url), Durable(f"sqlite:///{tmp_path / 'durable.db'}")
    services = container.Services(given, database=database, durable=durable, clock=clock, saleor=httpx.ASGITransport(saleor))
    services.runner = ScriptedRunner()
    monkeypatch.setattr(container, "_current", services)
    monkeypatch.setattr(operator_order, "FIRST", 0.01)
    # The lock around a background handler is Reflex's own.
    monkeypatch.setattr(BaseState, "__aenter__", _entered)
    monkeypatch.setattr(BaseState, "__aexit__", _left)
    await services.offerings.sync(services.products)
    await services.connection.store(APP_ID, APP_TOKEN)
    await durable.start()
    market = Market(services, saleor)
    await market.person(OPERATOR)
    await market.person(MEMBER)
    yield market
    await durable.stop()
    await services.commerce.close()
    await services.http.aclose()
    await database.dispose()
