"""What the HTTP adapter makes of a server that is not well, not the right one, or not there. One typed end each, in words to act on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr

from backend.runner import ports
from backend.runner.langflow import LangflowRunner
from backend.runner.langflow_answers import base_url
from backend.runner.ports import Event, Failed, Finished, Token
from backend.settings import Settings
from tests.contract.runner.fake_langflow import UI, message, raw
from tests.contract.runner.flows import flow, job

RECORDED = Path(__file__).resolve().parents[3].parent / "shared" / "langflow" / "transcripts"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
END = {"event": "end", "data": {"result": {"outputs": [{"outputs": [{"results": {"message": message("Hello", "s")}}]}]}}}


class Server:
    """Answers a run with whatever the test sets; `stream` makes a streamed answer of pieces of bytes."""

    answer: Answer
    version: Answer

    async def run(self, request: web.Request) -> web.StreamResponse:
        return await self.answer(request)

    def replies(self, status: int, body: str, kind: str = "application/json") -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, text=body, content_type=kind)

        self.answer = answer

    def streams(self, *pieces: bytes, broken: bool = False) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"content-type": "text/event-stream"})
            await response.prepare(request)
            for piece in pieces:
                await response.write(piece)
                await asyncio.sleep(0)
            if broken:
                assert request.transport is not None
                request.transport.abort()
            return response

        self.answer = answer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_post("/api/v1/run/{flow}", made.run)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"  # type: ignore[attr-defined]
    yield made
    await runner.cleanup()


def settings(url: str) -> Settings:
    return Settings(_env_file=None, langflow_url=url, langflow_api_key=SecretStr("sk-langflow"))  # type: ignore[call-arg]


async def play(url: str) -> list[Event]:
    runner = LangflowRunner(settings(url))
    await runner.start()
    try:
        return [event async for event in runner.stream(job(flow(), timeout=20.0))]
    finally:
        await runner.stop()


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "words"),
    [
        (200, UI, "text/html", "unavailable", "without a path"),
        (404, UI, "text/html", "unavailable", "without a path"),
        (200, "{}", "application/json", "unavailable", "without a path"),
        (403, '{"detail":"Invalid or missing API key"}', "application/json", "unavailable", "CMP_LANGFLOW_API_KEY"),
        (404, '{"detail":"Flow identifier x not found"}', "application/json", "unavailable", "no flow “knowledge-base-agent”"),
        (503, "busy", "text/plain", "unavailable", "HTTP 503"),
        (
            500,
            json.dumps({"detail": json.dumps({"message": "the shelf is empty"})}),
            "application/json",
            "flow_failed",
            "the shelf is empty",
        ),
        (422, json.dumps({"detail": {"message": "The field is protected"}}), "application/json", "flow_failed", "The field is protected"),
        (500, "not json at all", "text/plain", "flow_failed", "not json at all"),
    ],
)
async def test_an_answer_that_is_no_stream_becomes_one_typed_failure(
    server: Server, status: int, body: str, kind: str, code: str, words: str
) -> None:
    server.replies(status, body, kind)
    (event,) = await play(server.url)
    assert isinstance(event, Failed)
    assert event.code == code
    assert words in event.detail


async def test_events_may_be_cut_anywhere_on_the_way(server: Server) -> None:
    token = {"event": "token", "data": {"chunk": "Grüße"}}
    whole = "".join(json.dumps(event, ensure_ascii=False) + "\n\n" for event in (token, END)).encode()
    server.streams(*(whole[n : n + 7] for n in range(0, len(whole), 7)))
    assert await play(server.url) == [Token("Grüße"), Finished("Hello")]


async def test_the_last_event_needs_no_line_end_and_a_data_prefix_is_understood(server: Server) -> None:
    server.streams(b"data: " + json.dumps(END).encode())
    assert await play(server.url) == [Token("Hello"), Finished("Hello")]


async def test_a_stream_that_ends_without_an_end_is_a_crash(server: Server) -> None:
    server.streams(json.dumps({"event": "token", "data": {"chunk": "Hel"}}).encode() + b"\n\n")
    events = await play(server.url)
    assert events == [Token("Hel"), Failed("crashed", "The Langflow server ended the stream in the middle of the run.")]


async def test_a_connection_that_breaks_is_a_crash(server: Server) -> None:
    server.streams(json.dumps({"event": "token", "data": {"chunk": "Hel"}}).encode() + b"\n\n", broken=True)
    last = (await play(server.url))[-1]
    assert isinstance(last, Failed)
    assert last.code == "crashed"


@pytest.mark.parametrize("kind", ["end", "token"])
async def test_a_long_answer_that_comes_whole_is_stopped_at_the_bound(server: Server, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(ports, "LONGEST", 4)
    token = {"event": "token", "data": {"chunk": "Hello"}}
    server.streams(*(json.dumps(one).encode() + b"\n\n" for one in ([END] if kind == "end" else [token, END])))
    assert await play(server.url) == [Failed("flow_failed", "The flow's answer is longer than 4 characters.")]


async def test_half_an_object_is_a_crash_and_not_an_answer(server: Server) -> None:
    server.streams(b'{"event": "end", "data": {"res\n\n')
    (event,) = await play(server.url)
    assert isinstance(event, Failed)
    assert event.code == "crashed"


async def test_a_server_that_is_not_there_is_unavailable_and_unhealthy(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    (event,) = await play(url)
    assert isinstance(event, Failed)
    assert (event.code, f"{url} cannot be reached" in event.detail) == ("unavailable", True)


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/flows",
        "/flow/123",
        "/flow/1-2/folder/3-4",
        "/all/folder/7",
        "/login?next=/",
        "/settings/api-keys#x",
    ],
)
def test_any_address_copied_from_the_browser_leads_to_the_server(tail: str) -> None:
    assert base_url(f" https://langflow.example.com/studio{tail}") == "https://langflow.example.com/studio"


def test_an_address_without_a_scheme_is_http() -> None:
    assert [base_url("langflow:7860/"), base_url(" ")] == ["http://langflow:7860", ""]


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded calls of a real Langflow are not in ../shared")
@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("run-stream-minimal", Finished("You said: hello")),
        ("run-llm-stream", Finished("Fake answer to: hi stream ", {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12})),
        ("run-component-failure-stream", Failed("flow_failed", "deliberate component failure")),
        ("run-llm-stream-bad-key", Failed("flow_failed", "Incorrect API key provided")),
    ],
)
async def test_a_recorded_stream_of_a_real_langflow_ends_as_it_did(server: Server, name: str, last: Event) -> None:
    server.streams(raw(RECORDED / f"{name}.txt"))
    assert (await play(server.url))[-1] == last
