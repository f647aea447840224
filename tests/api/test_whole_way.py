"""The main job, through the real doors: buy, be provisioned, give a document, ask, read the receipt. Real shop, real flow, real worker."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend import container
from backend.commerce.schemas import Address
from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES
from backend.main import System
from tests.service.gateway.house import ScriptedRunner

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
def unmanned(monkeypatch: pytest.MonkeyPatch) -> None:
    """No workers, which take seconds to start: before `started`, for what no agent is asked in."""
    monkeypatch.setattr(container, "local_runner", lambda *_: ScriptedRunner())


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
    key = await started.services.keys.create(membership.workspace.id, account.id, "test", KeyLimits(ALL_SCOPES))
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


async def test_a_guests_order_waits_until_the_e_mail_is_proven_and_is_then_delivered(
    unmanned: None, started: System, http: httpx.AsyncClient
) -> None:
    ref = await buy(started, "KBA-BASIC", email="guest@example.com")

    async def status() -> str:
        return (await started.services.orders.view(ref, visitor=VISITOR)).status

    async def waits() -> bool:
        return await status() == "unclaimed"

    async def delivered() -> bool:
        return await status() == "ready"

    await eventually(waits)
    form = {"email": "guest@example.com", "password": "a-long-password-of-a-guest"}
    assert (await http.post("/auth/register", json=form)).status_code == 201
    assert await status() == "unclaimed", "an address that anyone can type proves nothing"

    letters = sorted((started.services.settings.data_dir / "mail").glob("*.eml"))
    links = [link for letter in letters for link in re.findall(r"http://localhost:3000(/auth/verify\?token=\S+)", body_of(letter))]
    assert (await http.get(links[-1])).status_code == 303
    await eventually(delivered)
    account = await started.services.accounts.by_email("guest@example.com")
    assert account is not None
    [membership] = await started.services.workspaces.of(account.id)
    assert str((await started.services.ledger.balance(membership.workspace.id)).available) == "50"


async def test_repeated_and_forged_deliveries_change_nothing(unmanned: None, started: System, http: httpx.AsyncClient) -> None:
    ref = await buy(started, "CREDITS-100", email="demo@example.com")
    account = await started.services.accounts.by_email("demo@example.com")
    assert account is not None
    [membership] = await started.services.workspaces.of(account.id)

    async def ready() -> bool:
        return (await started.services.orders.view(ref, visitor=VISITOR)).status == "ready"

    await eventually(ready)
    forged = {
        "__typename": "OrderFullyPaid",
        "recipient": {"id": await started.services.connection.app_id()},
        "order": {"id": "T3JkZXI6eA=="},
    }
    headers = {"Saleor-Event": "order_fully_paid", "Saleor-Api-Url": started.services.settings.saleor_url, "Saleor-Signature": "e30..e30"}
    answer = await http.post("/webhooks/saleor/order-paid", json=forged, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    await started.services.reconciler.reconcile(started.services.clock.now() - timedelta(days=1))
    assert str((await started.services.ledger.balance(membership.workspace.id)).balance) == "125"
    assert await started.services.ledger.prove() == []


def body_of(letter: Path) -> str:
    part = BytesParser(policy=policy.default).parsebytes(letter.read_bytes()).get_body(("plain",))
    assert part is not None
    return str(part.get_content())
