"""`notifications/cancelled` stops the run it names, and no other, as the official client sends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from mcp import ClientSession, types

from backend.gateway.mcp import sessions
from backend.kernel.ids import new_id
from backend.runner.ports import Finished, Token
from tests.api.gateway.conftest import Door, Open
from tests.contract.doors.test_mcp import HEADERS, QUESTION, assistant, only_tool

Calling = asyncio.Task[types.CallToolResult]


@pytest.fixture
async def ann(door: Open) -> AsyncIterator[Door]:
    """Whose agent has said half of what counts as a whole answer, and says no more until the test is over."""
    ann, rest = await door(sku="CSA-PRO", credits_="20"), asyncio.Event()
    ann.house.runner.script = [Token("x" * 400), rest, Finished("x" * 400 + " [1].")]
    yield ann
    rest.set()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions that were begun: a client keeps its own to itself."""
    begun: list[str] = []

    def noted(prefix: str) -> str:
        begun.append(new_id(prefix))
        return begun[-1]

    monkeypatch.setattr(sessions, "new_id", noted)
    return begun


async def call(session: ClientSession, ann: Door) -> tuple[int, Calling]:
    """The number of the request, and what will come of it; the run is under way."""
    tool, number = await only_tool(session), session._request_id
    calling = asyncio.create_task(session.call_tool(tool.name, {"query": QUESTION}))
    jobs = len(ann.house.runner.jobs)
    while len(ann.house.runner.jobs) == jobs:
        await asyncio.sleep(0.01)
    await ann.house.runner.reached.wait()
    return number, calling


async def give_up(session: ClientSession, number: int) -> None:
    cancelled = types.CancelledNotificationParams(requestId=number, reason="The user pressed Stop.")
    await session.send_notification(types.ClientNotification(types.CancelledNotification(params=cancelled)))


async def statuses(ann: Door) -> dict[str, str]:
    return {run["id"]: run["status"] for run in (await ann.http.get("/v1/runs")).json()["items"]}


async def test_the_run_is_stopped_and_charged_for_the_part_that_was_delivered(ann: Door, server: str) -> None:
    async with assistant(ann, server) as session:
        number, calling = await call(session, ann)
        await give_up(session, number)
        told = (await calling).structuredContent
    assert told is not None
    assert (told["status"], told["charged"], told["text"]) == ("cancelled", "0.5", "x" * 400)
    assert await statuses(ann) == {told["run_id"]: "cancelled"}


async def test_another_clients_request_with_the_same_number_and_key_goes_on(ann: Door, server: str) -> None:
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(assistant(ann, server)) for _ in range(2)]
        number, calling = await call(one, ann)
        same, others = await call(two, ann)
        assert number == same
        await give_up(one, number)
        told = (await calling).structuredContent or {}
        assert (told["status"], others.done()) == ("cancelled", False)
        # Nor is it by one who names a request there is not, or one that has ended.
        for gone in (number, 999):
            await give_up(one, gone)
        assert sorted((await statuses(ann)).values()) == ["cancelled", "running"]
        await give_up(two, same)
        assert ((await others).structuredContent or {})["status"] == "cancelled"


async def test_another_key_stops_nothing_even_with_the_same_session(ann: Door, server: str, door: Open, names: list[str]) -> None:
    bob = await door("bob@example.com", sku="CSA-PRO")
    async with assistant(ann, server) as session:
        number, calling = await call(session, ann)
        name = names[-1]
        stop = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
        for who, head in (
            (bob, {sessions.HEADER: name}),
            (ann, {}),
            (ann, {sessions.HEADER: "mcps_" + "0" * 26}),
            (ann, {sessions.HEADER: "x"}),
        ):
            assert (await who.http.post("/mcp", json=stop, headers=HEADERS | head)).status_code == 202
        assert list((await statuses(ann)).values()) == ["running"]
        assert (await ann.http.post("/mcp", json=stop, headers=HEADERS | {sessions.HEADER: name})).status_code == 202
        assert ((await calling).structuredContent or {})["status"] == "cancelled"


async def test_a_run_that_another_process_carries_is_stopped_when_that_one_looks(ann: Door, server: str, names: list[str]) -> None:
    async with assistant(ann, server) as session:
        number, calling = await call(session, ann)
        name = sessions.called(names[-1], number)
        caller = await ann.house.town.access.caller(None, ann.http.headers["authorization"].removeprefix("Bearer "))
        assert caller is not None
        await ann.house.another_process().give_up(caller, name)
        assert not calling.done()
        await ann.house.gateway._execution.heed()
        assert ((await calling).structuredContent or {})["status"] == "cancelled"


async def test_two_calls_of_one_number_are_told_apart_by_nobody_and_go_on(ann: Door, server: str) -> None:
    head = HEADERS | {sessions.HEADER: "mcps_" + "7" * 26}
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool.name, "arguments": {"query": QUESTION}}}
    calls = [asyncio.create_task(ann.http.post("/mcp", json=ask, headers=head)) for _ in range(2)]
    while len(ann.house.runner.jobs) < 2:
        await asyncio.sleep(0.01)
    stop = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    await ann.http.post("/mcp", json=stop, headers=head)
    assert list((await statuses(ann)).values()) == ["running"] * 2
    [rest] = [step for step in ann.house.runner.script if isinstance(step, asyncio.Event)]
    rest.set()
    assert [answer.status_code for answer in await asyncio.gather(*calls)] == [200, 200]


@pytest.mark.parametrize(
    "message",
    [
        {"method": "notifications/cancelled"},
        {"method": "notifications/cancelled", "params": []},
        {"method": "notifications/cancelled", "params": {"requestId": None}},
        {"method": "notifications/cancelled", "params": {"requestId": [1]}},
        {"method": "notifications/cancelled", "params": {"requestId": 1.5}},
        {"method": "notifications/cancelled", "params": {"requestId": "\U0001f4a9" * 1000}},
        {"method": ["notifications/cancelled"], "params": {"requestId": 1}},
    ],
)
async def test_one_that_means_nothing_is_no_fault_of_ours(door: Open, message: dict[str, Any]) -> None:
    ann = await door(sku="CSA-PRO")
    answer = await ann.http.post("/mcp", json={"jsonrpc": "2.0", **message}, headers=HEADERS | {sessions.HEADER: "mcps_" + "0" * 26})
    assert answer.status_code in {202, 400}
