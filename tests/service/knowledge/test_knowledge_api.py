"""The documents' HTTP interface over the real service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from backend import problem
from backend.control_plane.knowledge import api
from backend.control_plane.knowledge.service import Knowledge
from backend.doors import Who
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.ids import WorkspaceId
from tests.service.knowledge.conftest import ME, MINE, Ownership

PATH = f"/v1/instances/{MINE}/knowledge"
CALLERS = {
    "me": ME,
    "them": Caller(Door.WORKSPACE, WorkspaceId("ws_them"), Role.OWNER),
    "visitor": Caller(Door.WIDGET, WorkspaceId("ws_me"), Role.VIEWER, instances=frozenset({MINE})),
    "viewer": Caller(Door.API, WorkspaceId("ws_me"), Role.VIEWER),
}


async def resolve(request: Request) -> Caller | None:
    return CALLERS.get(request.headers.get("x-test-caller", ""))


@pytest.fixture
async def http(knowledge: Knowledge) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problem.install(app)
    app.include_router(api.routes(knowledge, Who(resolve)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers={"x-test-caller": "me"}) as client:
        yield client


async def test_a_document_is_added_listed_and_deleted(http: httpx.AsyncClient, knowledge: Knowledge) -> None:
    added = await http.post(PATH, files={"file": ("keys.md", b"## Keys\n\nThe blue key opens the cellar.")})
    assert (added.status_code, added.json()["status"], added.json()["name"]) == (202, "queued", "keys.md")
    await knowledge._durable.wait(f"knowledge-{added.json()['id']}")
    listed = (await http.get(PATH)).json()
    assert (listed["next"], listed["used"]) == (None, 39)
    assert [(item["status"], item["error"], item["passages"]) for item in listed["items"]] == [("ready", "", 1)]
    assert (await http.delete(f"{PATH}/{added.json()['id']}")).status_code == 204
    assert (await http.get(PATH)).json()["items"] == []


async def test_what_is_no_document_in_a_form_is_told_by_its_field(http: httpx.AsyncClient) -> None:
    for sent in (
        await http.post(PATH, json={"file": "words"}),
        await http.post(PATH, data={"other": "words"}, files={"wrong": ("a.txt", b"words")}),
        await http.post(PATH, files={"file": ("", b"words")}),
        await http.post(PATH, content=b"no form at all", headers={"content-type": "multipart/form-data; boundary=x"}),
        await http.post(PATH, content=b"no form at all", headers={"content-type": "multipart/form-data"}),
    ):
        assert sent.status_code == 422, sent.text
        assert sent.json()["errors"][0]["field"] == "file"
        assert sent.headers["content-type"] == "application/problem+json"


async def test_each_refusal_has_its_status(http: httpx.AsyncClient, instances: Ownership) -> None:
    instances.room = 100
    binary = await http.post(PATH, files={"file": ("a.txt", bytes(range(256)))})
    assert (binary.status_code, binary.json()["code"]) == (415, "unsupported_media")
    large = await http.post(PATH, files={"file": ("a.txt", b"word " * 40)})
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert (await http.post(PATH, files={"file": ("a.txt", b"words")})).status_code == 202
    again = await http.post(PATH, files={"file": ("b.txt", b"words")})
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_document")
    assert (await http.delete(f"{PATH}/doc_none")).status_code == 404


async def test_a_body_is_read_no_further_than_a_document_may_be_long(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_FILE", 100_000)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        while sent < 10_000_000:
            sent += 10_000
            yield b"word " * 2000

    refused = await http.post(PATH, content=endless(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert refused.status_code == 413
    assert sent < 300_000


@pytest.mark.parametrize(
    ("caller", "read", "write"), [("nobody", 401, 401), ("visitor", 403, 403), ("viewer", 200, 403), ("them", 404, 404)]
)
async def test_only_members_of_the_workspace_may(http: httpx.AsyncClient, caller: str, read: int, write: int) -> None:
    who = {"x-test-caller": caller}
    assert (await http.get(PATH, headers=who)).status_code == read
    assert (await http.post(PATH, headers=who, files={"file": ("a.txt", b"words")})).status_code == write
    assert (await http.delete(f"{PATH}/doc_none", headers=who)).status_code == write
