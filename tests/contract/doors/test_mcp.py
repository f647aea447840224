"""`/mcp`, as the official client sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from mcp import ClientSession, McpError, types
from mcp.client.streamable_http import streamable_http_client

from backend.bounds import MAX_BODY
from backend.runner.ports import Failed, Finished, Token
from tests.api.gateway.conftest import Door, Open
from tests.contract.doors.conftest import HOME, key

QUESTION = "Can I return a lamp?"
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def assistant(ann: Door, server: str) -> AsyncIterator[ClientSession]:
    """The official client, initialized."""
    head = {"Authorization": f"Bearer {key(ann)}"}
    async with (
        httpx.AsyncClient(headers=head, timeout=20) as http,
        streamable_http_client(f"{server}/mcp", http_client=http) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


async def only_tool(session: ClientSession) -> types.Tool:
    [tool] = (await session.list_tools()).tools
    return tool


def refusal(result: types.CallToolResult) -> dict[str, Any]:
    """The error of a refused call, which is also in its words."""
    assert result.isError
    assert result.structuredContent is not None
    error: dict[str, Any] = result.structuredContent["error"]
    [said] = result.content
    assert isinstance(said, types.TextContent)
    assert said.text == f"{error['code']}: {error['detail']}"
    return error


async def test_an_agent_is_a_tool_that_says_what_it_is_and_what_it_takes(door: Open, server: str) -> None:
    ann = await door(sku="CSA-PRO")
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        assert await session.send_ping()
    assert tool.name == f"customer_support_agent_{ann.agent.id[-8:].lower()}"
    assert (tool.title, "up to 1 credit;" in (tool.description or "")) == (ann.agent.name, True)
    assert set(tool.inputSchema["properties"]) == {"query", "session_id", "max_credits"}
    assert tool.inputSchema["required"] == ["query"]
    assert tool.outputSchema is not None
    assert "text" in tool.outputSchema["required"]


async def test_a_call_answers_with_its_sources_and_what_it_cost(door: Open, server: str) -> None:
    ann = await door(sku="CSA-PRO")
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        result = await session.call_tool(tool.name, {"query": QUESTION})
    assert not result.isError
    [said] = result.content
    assert isinstance(said, types.TextContent)
    assert said.text == "Within 30 days [1].\n\nSources:\n[1] handbook.md, Returns"
    told = result.structuredContent
    assert told is not None
    assert (told["text"], told["charged"], told["available"]) == ("Within 30 days [1].", "1", "4")
    run = (await ann.http.get(f"/v1/runs/{told['run_id']}")).json()
    assert (run["door"], run["status"], run["session_id"]) == ("mcp", "succeeded", told["session_id"])


async def test_progress_is_told_while_the_agent_still_writes(door: Open, server: str) -> None:
    ann, rest = await door(sku="CSA-PRO"), asyncio.Event()
    ann.house.runner.script = [Token("Within 30 days "), rest, Token("[1]."), Finished("Within 30 days [1].")]
    told: list[tuple[float, str | None]] = []

    async def progress(done: float, _: float | None, message: str | None) -> None:
        told.append((done, message))
        # Only what has already been told lets the run go on.
        rest.set()

    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        result = await session.call_tool(tool.name, {"query": QUESTION}, progress_callback=progress)
    assert not result.isError
    assert told == [(15, "Within 30 days "), (19, "[1].")]


async def test_a_conversation_goes_on_by_its_session(door: Open, server: str) -> None:
    ann = await door(sku="CSA-PRO")
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        first = await session.call_tool(tool.name, {"query": "Do you sell lamps?"})
        assert first.structuredContent is not None
        await session.call_tool(tool.name, {"query": QUESTION, "session_id": first.structuredContent["session_id"]})
        await session.call_tool(tool.name, {"query": "Hello"})
    assert [len(job.history) for job in ann.house.runner.jobs] == [0, 2, 0]


async def test_a_tool_keeps_its_agent_when_that_is_renamed(door: Open, server: str) -> None:
    ann = await door(sku="CSA-PRO")
    twin = await ann.house.town.agent(ann.caller, "CSA-PRO", source_key="ann:2")
    async with assistant(ann, server) as session:
        before = {tool.title: tool.name for tool in (await session.list_tools()).tools}
        names = [tool.name for tool in (await session.list_tools()).tools]
        assert len(set(names)) == 2
        await ann.house.town.instances.rename(ann.caller, twin.id, "Küche & Bad")
        await ann.house.town.instances.rename(ann.caller, ann.agent.id, "お客様")
        after = {tool.title: tool.name for tool in (await session.list_tools()).tools}
        assert after == {"Küche & Bad": f"kuche_bad_{twin.id[-8:].lower()}", "お客様": f"agent_{ann.agent.id[-8:].lower()}"}
        old = next(name for name in names if name.endswith(twin.id[-8:].lower()))
        assert old in before.values()
        result = await session.call_tool(old, {"query": QUESTION})
    assert not result.isError
    assert ann.house.runner.jobs[0].session_id.startswith(twin.id)


async def test_agents_without_mcp_and_resting_ones_are_not_listed_and_refused_with_the_reason(door: Open, server: str) -> None:
    ann = await door(sku="CSA-BASIC")
    resting = await ann.house.town.agent(ann.caller, "KBA-PRO", source_key="ann:2")
    await ann.house.town.instances.pause(ann.caller, resting.id)
    async with assistant(ann, server) as session:
        assert (await session.list_tools()).tools == []
        refused = [refusal(await session.call_tool(f"x_{agent.id[-8:].lower()}", {"query": QUESTION})) for agent in (ann.agent, resting)]
    assert [error["code"] for error in refused] == ["door_not_in_plan", "instance_paused"]
    assert ann.house.runner.jobs == []


async def test_another_workspaces_tool_does_not_exist(door: Open, server: str) -> None:
    ann, bob = await door(sku="CSA-PRO"), await door("bob@example.com", sku="CSA-PRO")
    async with assistant(ann, server) as session:
        theirs = (await only_tool(session)).name
    async with assistant(bob, server) as session:
        for name in (theirs, "", "x", "x_", "\N{PILE OF POO}"):
            with pytest.raises(McpError) as caught:
                await session.call_tool(name, {"query": QUESTION})
            assert caught.value.error.code == types.INVALID_PARAMS


async def test_refusals_are_results_with_our_code_words(door: Open, server: str) -> None:
    ann, poor = await door(sku="CSA-PRO"), await door("poor@example.com", credits_="0", sku="CSA-PRO")
    async with assistant(poor, server) as session:
        tool = await only_tool(session)
        assert refusal(await session.call_tool(tool.name, {"query": QUESTION}))["code"] == "insufficient_credits"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "invalid"),
        ({"query": ""}, "invalid"),
        ({"query": " "}, "invalid"),
        ({"query": 7}, "invalid"),
        ({"query": "x" * 16_001}, "invalid"),
        ({"query": QUESTION, "tone": "kind"}, "invalid"),
        ({"query": QUESTION, "max_credits": "NaN"}, "invalid"),
        ({"query": QUESTION, "max_credits": "-1"}, "invalid"),
        ({"query": QUESTION, "max_credits": "0.5"}, "quote_exceeds_cap"),
        ({"query": QUESTION, "session_id": "conv_unknown"}, "not_found"),
    ]
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        for arguments, code in wrong:
            assert refusal(await session.call_tool(tool.name, arguments))["code"] == code
    assert ann.house.runner.jobs == []


@pytest.mark.usefixtures("one_moment")
async def test_too_many_calls_say_how_long_to_wait(door: Open, server: str) -> None:
    ann = await door(credits_="0", sku="CSA-PRO")
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        counted = [refusal(await session.call_tool(tool.name, {"query": QUESTION}))["code"] for _ in range(3)]
        # The rest of the minute's calls from nearer by: through this door they may take longer than the minute.
        limits, rpm = ann.house.gateway._admission._limits, ann.agent.terms.rpm
        for _ in range(rpm - len(counted)):
            await limits.per_minute(f"instance:{ann.agent.id}", rpm)
        refused = refusal(await session.call_tool(tool.name, {"query": QUESTION}))
    assert counted == ["insufficient_credits"] * 3
    assert (refused["code"], 1 <= refused["retry_after"] <= 60) == ("rate_limited", True)


async def test_a_run_that_fails_costs_nothing_and_says_so(door: Open, server: str) -> None:
    ann = await door(sku="CSA-PRO")
    ann.house.runner.script = [Failed("flow_failed", "a detail of ours")]
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        error = refusal(await session.call_tool(tool.name, {"query": QUESTION}))
    assert (error["code"], "cost nothing" in error["detail"], "ours" in error["detail"]) == ("flow_failed", True, False)
    assert (await ann.http.get(f"/v1/runs/{error['run_id']}")).json()["receipt"]["charged"] == "0"


async def test_a_fault_of_ours_keeps_its_cause_to_us(door: Open, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await door(sku="CSA-PRO")

    async def breaks(*_: object) -> object:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(ann.house.gateway, "begin", breaks)
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        error = refusal(await session.call_tool(tool.name, {"query": QUESTION}))
    assert error == {"code": "internal", "detail": "Something went wrong on our side."}


async def test_a_call_that_is_given_up_settles_on_its_own(door: Open, server: str) -> None:
    ann, rest = await door(sku="CSA-PRO"), asyncio.Event()
    ann.house.runner.script = [Token("Within "), rest, Finished("Within 30 days [1].")]
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        call = asyncio.create_task(session.call_tool(tool.name, {"query": QUESTION}))
        await ann.house.runner.reached.wait()
        call.cancel()
    [run] = (await ann.http.get("/v1/runs")).json()["items"]
    rest.set()
    await ann.house.gateway._execution.ended(run["id"])
    run = (await ann.http.get(f"/v1/runs/{run['id']}")).json()
    assert (run["status"], run["receipt"]["charged"]) == ("succeeded", "1")


async def test_many_calls_in_one_session_are_answered_each(door: Open, server: str) -> None:
    ann = await door(sku="CSA-PRO")
    async with assistant(ann, server) as session:
        tool = await only_tool(session)
        results = await asyncio.gather(*[session.call_tool(tool.name, {"query": f"Question {n}"}) for n in range(5)])
    assert len({(result.structuredContent or {})["run_id"] for result in results}) == 5


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer cmp_forged", "Bearer cmpw_forged", "Basic YTpi"])
async def test_no_key_or_a_forged_one_is_401(app: FastAPI, token: str) -> None:
    head = {**HEADERS, **({"Authorization": token} if token else {})}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOME, headers=head) as nobody:
        answer = await nobody.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_page_of_another_site_is_refused_whatever_name_it_found_us_by(door: Open) -> None:
    ann = await door(sku="CSA-PRO")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for origin in ("https://evil.example.com", "http://localhost:3001", "null", "http://["):
        rebound = {"Origin": origin, "Host": origin.partition("//")[2] or "x"}
        answer = await ann.http.post("/mcp", json=ping, headers=HEADERS | rebound)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert (await ann.http.post("/mcp", json=ping, headers=HEADERS | {"Origin": HOME})).status_code == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 10_000, 400),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ' + b'{"a":' * 5_000, 400),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "\\ud800"}', 400),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}', 400),
        (b'{"jsonrpc": "2.0", "id": 1' + b"0" * 5_000 + b', "method": "ping"}', 400),
        (b"[]", 400),
        (b"7", 400),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', 400),
        (b'{"jsonrpc": "2.0", "method": "notifications/initialized"}', 202),
        (b'{"jsonrpc": "2.0", "method": "notifications/unheard"}', 202),
        (b" " * (MAX_BODY + 1), 413),
    ],
)
async def test_hostile_messages_are_refused_and_never_a_fault_of_ours(door: Open, content: bytes, status: int) -> None:
    ann = await door(sku="CSA-PRO")
    assert (await ann.http.post("/mcp", content=content, headers=HEADERS)).status_code == status


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1, "method": "no/such"},
        {"id": 1, "method": "tools/call"},
        {"id": 1, "method": "tools/call", "params": {"name": 7}},
        {"id": 1, "method": "tools/call", "params": {"name": "x", "arguments": []}},
        {"id": 1, "method": "initialize", "params": {}},
        {"id": 1, "method": "prompts/list"},
        {"id": "a" * 10_000, "method": "resources/read", "params": {"uri": "x"}},
    ],
)
async def test_messages_that_mean_nothing_are_errors_of_the_protocol(door: Open, message: dict[str, Any]) -> None:
    ann = await door(sku="CSA-PRO")
    answer = await ann.http.post("/mcp", json={"jsonrpc": "2.0", **message}, headers=HEADERS)
    assert answer.status_code == 200
    assert '"error"' in answer.text


async def test_only_posts_of_json_that_accept_events_are_answered(door: Open) -> None:
    ann = await door(sku="CSA-PRO")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for answer in (await ann.http.get("/mcp", headers={"Accept": "text/event-stream"}), await ann.http.delete("/mcp")):
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await ann.http.post("/mcp", json=ping, headers={"Accept": "application/json"})).status_code == 406
    other = HEADERS | {"Content-Type": "text/plain"}
    assert (await ann.http.post("/mcp", content=b"{}", headers=other)).status_code == 415
    bad = HEADERS | {"MCP-Protocol-Version": "1999-01-01"}
    assert (await ann.http.post("/mcp", json=ping, headers=bad)).status_code == 400
