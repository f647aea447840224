"""Payments without their order over HTTP: for operators alone, who try again or say how they were dealt with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI, Request

from backend import problem
from backend.commerce import api
from backend.commerce.attempts import Stage
from backend.commerce.models import AttemptRow
from backend.db.engine import Database
from backend.doors import Who
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import WorkspaceId
from tests.service.commerce.desk import Desk, open_desk
from tests.service.commerce.shop import open_mall

PAYMENTS = "/v1/operator/payments"
CALLERS = {
    "Bearer buyer": Caller(Door.WORKSPACE, WorkspaceId("ws_1"), Role.OWNER, email="buyer@example.com"),
    "Bearer operator": Caller(Door.WORKSPACE, WorkspaceId("ws_2"), Role.OWNER, email="operator@example.com", operator=True),
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: nothing here depends on which."""
    return sqlite_url


@pytest.fixture
async def desk(database: Database, clock: FrozenClock) -> AsyncIterator[Desk]:
    mall = await open_mall(database, clock)
    yield open_desk(mall, clock)
    await mall.commerce.close()


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async def resolve(request: Request) -> Caller | None:
        return CALLERS.get(request.headers.get("authorization", ""))

    app = FastAPI()
    problem.install(app)
    app.include_router(api.routes(desk.till, Who(resolve)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost:3000") as client:
        yield client


async def strand(desk: Desk) -> str:
    """A payment without its order, of a real checkout."""
    shown, now = await desk.cart("CSA-PRO"), desk.clock.now() - timedelta(hours=1)
    row = AttemptRow(
        id="pay_1",
        checkout_id=shown.checkout_id,
        number=1,
        key="k",
        stage=Stage.STRANDED,
        visitor_hash="v",
        email="ada@example.com",
        gateway="app.saleor.stripe",
        amount_minor=4999,
        currency="USD",
        transaction_id="VHI6MQ==",
        reason="There are not enough of this left.",
        created_at=now,
        updated_at=now,
    )
    async with desk.mall.database.write() as tx:
        tx.add(row)
    return "pay_1"


@pytest.mark.parametrize(("token", "status"), [("", 401), ("forged", 401), ("buyer", 403)])
async def test_payments_without_their_order_are_for_operators_alone(http: httpx.AsyncClient, desk: Desk, token: str, status: int) -> None:
    payment = await strand(desk)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for method, path in (("GET", ""), ("GET", "?view=settled"), ("POST", f"/{payment}:retry"), ("POST", f"/{payment}:settle")):
        answer = await http.request(method, PAYMENTS + path, headers=headers, json={"reason": "x"})
        assert (answer.status_code, "ada@example.com" in answer.text) == (status, False), path
    assert [one.id for one in await desk.till.stranded()] == [payment]
    assert desk.way.count("CheckoutComplete") == 0


async def test_an_operator_reads_tries_again_and_says_how_it_was_dealt_with(http: httpx.AsyncClient, desk: Desk) -> None:
    payment = await strand(desk)
    http.headers["Authorization"] = "Bearer operator"
    (row,) = (await http.get(PAYMENTS)).json()["items"]
    assert (row["id"], row["amount"], row["email"], row["transaction_id"]) == (payment, "$49.99", "ada@example.com", "VHI6MQ==")
    assert "checkout_id" not in row, "whoever holds a checkout's id holds the checkout"
    tried = await http.post(f"{PAYMENTS}/{payment}:retry")
    assert tried.json()["order_ref"] == ""
    assert tried.json()["words"].startswith("The shop still refuses: ")
    assert (await http.post(f"{PAYMENTS}/{payment}:settle", json={})).status_code == 422
    assert (await http.post(f"{PAYMENTS}/{payment}:settle", json={"reason": "x" * 501})).status_code == 422
    assert (await http.post(f"{PAYMENTS}/{payment}:settle", json={"reason": "Refunded in Stripe"})).status_code == 204
    assert (await http.get(PAYMENTS)).json() == {"items": []}
    (kept,) = (await http.get(PAYMENTS, params={"view": "settled"})).json()["items"]
    assert (kept["settled_by"], kept["settled_reason"]) == ("operator@example.com", "Refunded in Stripe")
    assert (await http.post(f"{PAYMENTS}/{payment}:retry")).status_code == 409
    assert (await http.post(f"{PAYMENTS}/{payment}:settle", json={"reason": "x"})).status_code == 409
    assert (await http.post(f"{PAYMENTS}/pay_nobodys:retry")).status_code == 404
    assert (await http.get(PAYMENTS, params={"view": "nonsense"})).status_code == 422
