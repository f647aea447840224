"""Hostile requests at the doors of the whole backend: refused by name, never a fault of ours, and soon."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from backend.bounds import MAX_BODY
from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES
from backend.main import System
from backend.settings import Settings
from tests.wired import wired

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "http://localhost:3000"
JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 10_000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, signing_key: Path) -> AsyncIterator[tuple[FastAPI, str]]:
    """The application and a member's key. One for all: what is refused leaves nothing behind."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("hostile") / "var", secret_key=SecretStr("a"), public_url=HOME)  # type: ignore[call-arg]
    system = wired(settings, sqlite_template, signing_key)
    services = system.services
    account = await services.sign_up.register("ann@example.com", "a few unrelated words")
    [membership] = await services.workspaces.of(account.id)
    key = await services.keys.create(membership.workspace.id, account.id, "a test", KeyLimits(ALL_SCOPES))
    yield system.app, key.secret
    await services.database.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def http(door: tuple[FastAPI, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A member with a key, without cookies."""
    app, key = door
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOME, headers=headers) as client:
        yield client


async def grows() -> AsyncIterator[bytes]:
    """A body whose length is not told."""
    for _ in range(MAX_BODY // 65_536 + 2):
        yield b" " * 65_536


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/keys", "/auth/login", "/v1/widget/session:init", "/api/saleor/register", "/graphql/"])
async def test_a_body_too_large_is_413_at_every_door(http: httpx.AsyncClient, path: str) -> None:
    told = await http.post(path, content=b" " * (MAX_BODY + 1), headers=JSON)
    untold = await http.post(path, content=grows(), headers=JSON)
    assert (told.status_code, told.json()["code"], untold.status_code) == (413, "too_large", 413)


async def test_a_document_may_be_larger_than_other_bodies(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/instances/inst_x/knowledge", files={"file": ("a.txt", b"a" * 2 * MAX_BODY)})
    assert answer.status_code == 404


@pytest.mark.parametrize("body", [b"\xff\xfe", DEEP, b"{", '{"é": 1}'.encode("latin-1")])
@pytest.mark.parametrize("path", ["/v1/runs", "/auth/login", "/auth/register", "/v1/keys"])
async def test_what_is_no_json_is_malformed_json(http: httpx.AsyncClient, path: str, body: bytes) -> None:
    answer = await http.post(path, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/runs", b'{"\\ud800": 1}'),
        ("/auth/register", b'{"email": "a@example.com", "password": "a few unrelated words", "name": "\\ud800"}'),
        ("/auth/register", b'{"email": "a@example.com", "password": "\\ud800"}'),
        ("/v1/runs", b'{"instance_id": "x", "input": {"query": "x"}, "max_credits": "1e900000"}'),
        ("/v1/runs", b'{"instance_id": "x", "input": {"query": "x"}, "max_credits": "1e999999"}'),
    ],
)
async def test_text_and_numbers_that_cannot_be_kept_are_422(http: httpx.AsyncClient, path: str, body: bytes) -> None:
    answer = await http.post(path, content=body, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_an_origin_that_is_no_address_is_a_foreign_one(http: httpx.AsyncClient) -> None:
    del http.headers["Authorization"]
    headers = {"Origin": "http://[", "Cookie": "cmp_session=x"}
    for path in ("/v1/keys", "/auth/login", "/auth/logout"):
        answer = await http.post(path, json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


async def test_a_signature_nested_without_end_is_refused(http: httpx.AsyncClient) -> None:
    signature = base64.urlsafe_b64encode(b"[" * 30_000).decode() + "..x"
    answer = await http.post("/webhooks/saleor/order-paid", content=b"{}", headers={"Saleor-Signature": signature})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")


async def test_a_fault_of_ours_is_a_problem_document_without_a_word_of_its_cause(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks() -> list[object]:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(system.services.offerings, "all", breaks)
    transport = httpx.ASGITransport(system.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        answer = await client.get("/v1/offerings")
    assert (answer.status_code, answer.json()["code"], "secret" in answer.text) == (500, "internal", False)
    await system.services.database.dispose()
