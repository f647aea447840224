"""While every place is taken: refused at once, each door in its own shape, and nothing of the request is read that need not be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message

from backend.doors import Who
from backend.gateway.door import RunDoor
from backend.settings import Settings
from tests.api.gateway.conftest import Door, Open
from tests.contract.doors.conftest import client, key
from tests.contract.doors.test_mcp import assistant, only_tool, refusal
from tests.service.gateway.house import ANSWER, House

QUESTION = "Can I return a lamp?"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"gateway_capacity": 1})


@pytest.fixture
async def busy(door: Open) -> AsyncIterator[Door]:
    """Whose one run takes the only place, until the test is over or sets it free."""
    ann, rest = await door(sku="CSA-PRO"), asyncio.Event()
    ann.house.runner.script = [rest, *ANSWER]
    run = asyncio.create_task(ann.ask())
    await ann.house.runner.reached.wait()
    yield ann
    rest.set()
    assert (await run).json()["status"] == "succeeded"


def whole(app: FastAPI, house: House) -> ASGIApp:
    access = house.town.access
    return RunDoor(app, house.gateway, Who(access.resolve).runs, access.known)


async def unread(app: ASGIApp, path: str, secret: str) -> tuple[int, dict[str, str], Any]:
    """The answer to a request whose body never comes: to wait for it fails."""
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was asked for")

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {secret}".encode()), (b"content-type", b"application/json"), (b"content-length", b"900000")]
    scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"}
    scope |= {"path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": headers}
    scope |= {"client": ("127.0.0.1", 1), "server": ("localhost", 3000), "state": {}}
    await app(scope, receive, send)
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], head, json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


async def test_a_run_is_refused_before_its_body_is_read(busy: Door, app: FastAPI) -> None:
    status, head, told = await unread(whole(app, busy.house), "/v1/runs", key(busy))
    assert (status, head["retry-after"], head["content-type"]) == (503, "1", "application/problem+json")
    assert (told["code"], told["status"]) == ("overloaded", 503)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_openais_door_refuses_before_the_body_is_read_in_openais_shape(busy: Door, app: FastAPI, path: str) -> None:
    status, head, told = await unread(whole(app, busy.house), path, key(busy))
    assert (status, head["retry-after"]) == (503, "1")
    assert (told["error"]["code"], told["error"]["type"], told["error"]["cmp_code"]) == ("overloaded", "server_error", "overloaded")


async def test_openais_client_is_told_and_may_still_look_around(busy: Door, server: str) -> None:
    async with client(busy, server) as ai:
        with pytest.raises(openai.InternalServerError) as caught:
            await ai.chat.completions.create(model=busy.agent.id, messages=[{"role": "user", "content": QUESTION}])
        assert [model.id for model in (await ai.models.list()).data] == [busy.agent.id]
    assert (caught.value.status_code, caught.value.code, caught.value.response.headers["retry-after"]) == (503, "overloaded", "1")


async def test_an_assistant_reads_it_in_the_tools_result_and_may_still_look_around(busy: Door, server: str) -> None:
    async with assistant(busy, server) as session:
        tool = await only_tool(session)
        refused = refusal(await session.call_tool(tool.name, {"query": QUESTION}))
    assert (refused["code"], refused["retry_after"]) == ("overloaded", 1)


async def test_what_was_turned_away_left_nothing_and_the_freed_place_is_given_again(busy: Door, app: FastAPI) -> None:
    for _ in range(3):
        await unread(whole(app, busy.house), "/v1/runs", key(busy))
    [rest] = [step for step in busy.house.runner.script if isinstance(step, asyncio.Event)]
    rest.set()
    [first] = (await busy.http.get("/v1/runs")).json()["items"]
    await busy.house.gateway._execution.ended(first["id"])
    while busy.house.gateway.full:
        await asyncio.sleep(0)
    assert (await busy.ask()).json()["status"] == "succeeded"
    assert len((await busy.http.get("/v1/runs")).json()["items"]) == 2
