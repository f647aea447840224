"""A whole visit, with every logger of ours at DEBUG: nothing that opens a door is written down."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text

from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES
from backend.main import System
from tests.api.test_whole_way import VISITOR, buy

EMAIL, PASSWORD = "ann@example.com", "a few unrelated words"
OURS = ("backend", "cmp_web", "httpx", "gql", "dbos", "uvicorn")


@pytest.fixture
async def started(system: System) -> AsyncIterator[System]:
    await system.start()
    yield system
    await system.stop()


async def delivered(system: System, ref: str) -> None:
    deadline = time.monotonic() + 60
    while (await system.services.orders.view(ref, visitor=VISITOR)).status not in {"ready", "unclaimed"}:
        assert time.monotonic() < deadline, "the order was not dealt with in time"
        await asyncio.sleep(0.05)


async def visit(system: System, http: httpx.AsyncClient) -> dict[str, str]:
    """Register, sign in, prove the address, buy, make a key, run, open a widget, and do each wrongly once. The secrets that were in it."""
    form = {"email": EMAIL, "password": PASSWORD}
    assert (await http.post("/auth/register", json=form)).status_code == 201
    assert (await http.post("/auth/login", json={**form, "password": PASSWORD + "!"})).status_code == 401
    assert (await http.post("/auth/login", json=form)).status_code == 204
    [letter] = (system.services.settings.data_dir / "mail").glob("*.eml")
    mailed = re.findall(r"token=3D(\S+)|token=(\S+)", letter.read_text())
    proof = "".join(mailed[0])
    ref = await buy(system, "CSA-PRO", email="demo@example.com")
    await delivered(system, ref)
    demo = await system.services.accounts.by_email("demo@example.com")
    assert demo is not None
    [home] = await system.services.workspaces.of(demo.id)
    key = (await system.services.keys.create(home.workspace.id, demo.id, "a test", KeyLimits(ALL_SCOPES))).secret
    bearer = {"Authorization": f"Bearer {key}"}
    [agent] = (await http.get("/v1/instances", headers=bearer)).json()["items"]
    run = await http.post("/v1/runs", json={"instance_id": agent["id"], "input": {"query": "Hello?"}}, headers=bearer)
    assert run.status_code == 200
    assert (await http.get("/v1/runs", headers={"Authorization": f"Bearer {key}x"})).status_code == 401
    widget = (await http.get(f"/v1/instances/{agent['id']}/widget", headers=bearer)).json()["id"]
    opened = await http.post("/v1/widget/session:init", json={"widget_id": widget}, headers={"Origin": "http://localhost:3000"})
    async with system.services.database.read() as tx:
        order_id = (await tx.execute(text("SELECT saleor_order_id FROM provision_order"))).scalar_one()
    app_token = await system.services.connection.token()
    session = http.cookies["cmp_session"]
    return {
        "password": PASSWORD,
        "session": session,
        "key": key,
        "widget token": opened.json()["token"],
        "mailed proof": proof,
        "order id": order_id,
        "app token": app_token,
        "visitor": VISITOR,
    }


async def test_no_key_token_password_or_order_id_is_logged(started: System, caplog: pytest.LogCaptureFixture) -> None:
    for name in OURS:
        caplog.set_level(logging.DEBUG, name)
    transport = httpx.ASGITransport(started.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as http:
        secrets = await visit(started, http)
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    assert logged, "something is logged"
    assert all(len(secret) > 15 for secret in secrets.values()), secrets
    assert [name for name, secret in secrets.items() if secret in logged] == []


async def test_only_fingerprints_of_them_are_kept(started: System) -> None:
    transport = httpx.ASGITransport(started.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as http:
        secrets = await visit(started, http)
    files = list(started.services.settings.data_dir.glob("cmp.db*"))
    kept = b"".join(file.read_bytes() for file in files)
    # Saleor's order id is needed to ask Saleor; everything else is checked by its hash, or sealed.
    assert [name for name, secret in secrets.items() if name != "order id" and secret.encode() in kept] == []
