"""What needs a real connection: events as they come, silence, and a client that leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from backend.runner.ports import Finished, Token
from tests.api.gateway.conftest import Door, Open


async def events(answer: httpx.Response) -> AsyncIterator[tuple[int, str, Any]]:
    """(id, event, data) as they arrive; a comment is (0, "", text)."""
    block: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            yield 0, "", line[1:].strip()
        elif line:
            name, _, value = line.partition(": ")
            block[name] = value
        elif block:
            yield int(block["id"]), block["event"], json.loads(block["data"])
            block = {}


def streaming(ann: Door, server: str) -> Any:
    http = httpx.AsyncClient(base_url=server, headers=ann.http.headers, timeout=30)
    return http, http.stream(
        "POST", "/v1/runs", json={"instance_id": ann.agent.id, "input": {"query": "Can I return a lamp?"}, "stream": True}
    )


async def test_tokens_arrive_before_the_run_has_ended_and_ids_count_up(door: Open, server: str) -> None:
    ann, rest = await door(), asyncio.Event()
    ann.house.runner.script = [Token("Within "), rest, Token("30 days [1]."), Finished("Within 30 days [1].")]
    http, request = streaming(ann, server)
    seen = []
    async with http, request as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        async for event in events(answer):
            seen.append(event)
            if event[1] == "token":
                # Only what has already been read lets the run go on.
                rest.set()
    assert [number for number, _, _ in seen] == [1, 8, 20, 21, 22]
    assert [name for _, name, _ in seen] == ["run.started", "token", "token", "source", "run.completed"]
    assert seen[0][2]["id"] == seen[-1][2]["id"]
    assert seen[-1][2]["receipt"]["charged"] == "1"


async def test_silence_is_filled_with_comments(door: Open, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.gateway.sse.HEARTBEAT", 0.05)
    ann, rest = await door(), asyncio.Event()
    ann.house.runner.script = [rest, Finished("Within 30 days [1].")]
    http, request = streaming(ann, server)
    comments = 0
    async with http, request as answer:
        async for number, _, _ in events(answer):
            comments += number == 0
            if comments == 2:
                rest.set()
    assert comments >= 2


async def test_a_client_that_hangs_up_leaves_a_run_that_is_answered_charged_and_kept(door: Open, server: str) -> None:
    ann, rest = await door(), asyncio.Event()
    ann.house.runner.script = [Token("Within "), rest, Finished("Within 30 days [1].")]
    http, request = streaming(ann, server)
    async with http, request as answer:
        run_id = (await anext(events(answer)))[2]["id"]
        await ann.house.runner.reached.wait()
    assert (await ann.http.get(f"/v1/runs/{run_id}")).json()["status"] == "running"
    rest.set()
    await ann.house.gateway._execution.ended(run_id)
    run = (await ann.http.get(f"/v1/runs/{run_id}")).json()
    assert (run["status"], run["output"]["text"], run["receipt"]["charged"]) == ("succeeded", "Within 30 days [1].", "1")


async def test_a_run_in_the_background_is_read_later_and_can_be_stopped(door: Open) -> None:
    ann = await door()
    ann.house.runner.script = [Token("x" * 400), asyncio.Event()]
    answer = await ann.ask(background=True)
    assert (answer.status_code, answer.json()["status"], answer.json()["receipt"]["status"]) == (202, "running", "open")
    assert answer.headers["location"] == f"/v1/runs/{answer.json()['id']}"
    await ann.house.runner.reached.wait()
    stopped = (await ann.http.post(f"/v1/runs/{answer.json()['id']}:cancel")).json()
    assert (stopped["status"], stopped["receipt"]["charged"]) == ("cancelled", "0.5")
    assert (await ann.http.get(answer.headers["location"])).json() == stopped
