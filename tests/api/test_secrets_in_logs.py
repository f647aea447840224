"""A whole visit, with every logger of ours at DEBUG: nothing that opens a door is written down."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import text

from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES
from backend.main import System
from backend.settings import Settings
from tests.api.test_whole_way import VISITOR, buy
from tests.wired import wired

EMAIL, PASSWORD = "ann@example.com", "a few unrelated words"
OURS = ("backend", "cmp_web", "httpx", "gql", "dbos", "uvicorn")


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


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.said.append(f"{record.getMessage()} {said}")


@dataclass(frozen=True)
class Visited:
    """kept: the bytes of the database's files while the system ran."""

    secrets: dict[str, str]
    logged: str
    kept: bytes


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def visited(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, signing_key: Path) -> Visited:
    """One visit, for all that is asked of it."""
    folder = tmp_path_factory.mktemp("visit") / "var"
    settings = Settings(_env_file=None, data_dir=folder, secret_key=SecretStr("a-secret-for-tests"), public_url="http://localhost:3000")  # type: ignore[call-arg]
    heard = Heard()
    with pytest.MonkeyPatch.context() as patch:
        for logger in map(logging.getLogger, OURS):
            patch.setattr(logger, "level", logging.DEBUG)
        logging.getLogger().addHandler(heard)
        system = wired(settings, sqlite_template, signing_key)
        await system.start()
        try:
            transport = httpx.ASGITransport(system.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as http:
                secrets = await visit(system, http)
            kept = b"".join(file.read_bytes() for file in folder.glob("cmp.db*"))
        finally:
            await system.stop()
            logging.getLogger().removeHandler(heard)
    return Visited(secrets, "\n".join(heard.said), kept)


def test_no_key_token_password_or_order_id_is_logged(visited: Visited) -> None:
    assert visited.logged, "something is logged"
    assert all(len(secret) > 15 for secret in visited.secrets.values()), visited.secrets
    assert [name for name, secret in visited.secrets.items() if secret in visited.logged] == []


def test_only_fingerprints_of_them_are_kept(visited: Visited) -> None:
    # Saleor's order id is needed to ask Saleor; everything else is checked by its hash, or sealed.
    assert [name for name, secret in visited.secrets.items() if name != "order id" and secret.encode() in visited.kept] == []
