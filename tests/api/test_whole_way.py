"""The main job, through the real doors: buy, be provisioned, give a document, ask, read the receipt. Real shop, real flow, real worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from backend.commerce.schemas import Address
from backend.main import System

VISITOR = "a-visitor-of-this-test"
HANDBOOK = (
    "# Returns\n\nOpened items may be returned within 45 days if they are complete.\n\n# Delivery\n\nDelivery takes two working days.\n"
)
ADDRESS = Address(
    first_name="Ada",
    last_name="Buyer",
    street_address_1="1 Market St",
    city="San Francisco",
    postal_code="94105",
    country_area="CA",
    country="US",
)


@pytest.fixture
async def started(system: System) -> AsyncIterator[System]:
    await system.start()
    yield system
    await system.stop()


@pytest.fixture
async def http(started: System) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=started.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        yield client


async def eventually(look: Callable[[], Awaitable[Any]], *, seconds: float = 60) -> Any:
    """What `look` returns once it is true. Fails when that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not (seen := await look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)
    return seen


async def buy(system: System, *skus: str, email: str) -> str:
    services = system.services
    products = (await services.commerce.products()).items
    for sku in skus:
        variant = next(found for product in products if (found := product.variant(sku)))
        checkout = await services.carts.add(VISITOR, variant.id)
    await services.commerce.set_email(checkout.id, email)
    await services.commerce.set_billing_address(checkout.id, ADDRESS)
    paid = await services.commerce.pay(checkout.id, checkout.gateways[0].id, {"event": {"type": "CHARGE_SUCCESS"}}, "pay-once")
    assert paid.status == "succeeded", paid
    placed = await services.commerce.complete(checkout.id)
    return await services.orders.track(placed.id, visitor=VISITOR)


async def test_a_paid_order_becomes_an_agent_that_answers_from_the_customers_document(started: System, http: httpx.AsyncClient) -> None:
    ref = await buy(started, "CSA-PRO", "CREDITS-100", email="demo@example.com")

    async def provisioned() -> Any:
        view = await started.services.orders.view(ref, visitor=VISITOR)
        return view if all(stage.status == "done" for stage in view.stages) else None

    order = await eventually(provisioned)
    assert [stage.key for stage in order.stages] == ["paid", "received", "granted", "fulfilled"]

    account = await started.services.accounts.by_email("demo@example.com")
    assert account is not None
    [membership] = await started.services.workspaces.of(account.id)
    key = await started.services.keys.create(membership.workspace.id, account.id, "test")
    http.headers["Authorization"] = f"Bearer {key.secret}"

    [agent] = (await http.get("/v1/instances")).json()["items"]
    assert (agent["sku"], agent["status"]) == ("CSA-PRO", "live")
    assert (await http.get("/v1/credits")).json()["available"] == "325"

    unknown = await http.post("/v1/runs", json={"instance_id": agent["id"], "input": {"query": "Can I return opened items?"}})
    assert unknown.status_code == 200, unknown.text
    assert unknown.json()["receipt"]["charged"] == "0"

    sent = await http.post(f"/v1/instances/{agent['id']}/knowledge", files={"file": ("handbook.md", HANDBOOK.encode(), "text/markdown")})
    assert sent.status_code in {201, 202}, sent.text

    async def indexed() -> Any:
        [document] = (await http.get(f"/v1/instances/{agent['id']}/knowledge")).json()["items"]
        assert document["status"] != "failed", document
        return document["status"] == "ready"

    await eventually(indexed)
    run = (await http.post("/v1/runs", json={"instance_id": agent["id"], "input": {"query": "Can I return opened items?"}})).json()
    assert run["status"] == "succeeded"
    assert "45 days" in run["output"]["text"]
    assert [source["document_name"] for source in run["output"]["sources"]] == ["handbook.md"]
    assert run["receipt"] == {**run["receipt"], "held": "1", "charged": "1", "available": "324"}
    assert await started.services.ledger.prove() == []
