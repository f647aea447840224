"""A runner in another process: who may ask it, what a gateway makes of one that is not well, and what a slow reader may cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from backend.kernel.secrets import token_for
from backend.runner import wire
from backend.runner.flows import FlowFiles
from backend.runner.outbox import MOST
from backend.runner.ports import Event, Failed, Finished, FlowRef, Job, Token
from backend.runner.remote import RemoteRunner
from backend.settings import Settings
from tests.contract.runner.flows import FLOWS, KBA, flow, job
from tests.contract.runner.served import served

SECRET = "the secret of this installation"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class Scripted:
    """A runner that says what the test gives it, and tells how many it carries and how often it was let go."""

    def __init__(self, *events: Event, trouble: str = "") -> None:
        self.events, self.trouble = events, trouble
        self.jobs: list[Job] = []
        self.closed = asyncio.Event()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def health(self) -> str:
        return self.trouble

    async def stream(self, job: Job) -> AsyncIterator[Event]:
        self.jobs.append(job)
        try:
            for event in self.events:
                await asyncio.sleep(0)
                yield event
        finally:
            self.closed.set()


class Flood(Scripted):
    """Never ends by itself."""

    said = 0

    async def stream(self, job: Job) -> AsyncIterator[Event]:
        try:
            while True:
                await asyncio.sleep(0)
                self.said += 10_000
                yield Token("x" * 10_000)
        finally:
            self.closed.set()


def remote(url: str, secret: str = SECRET, folder: Path = Path("var")) -> RemoteRunner:
    return RemoteRunner(Settings(_env_file=None, runner_url=url, secret_key=SecretStr(secret), data_dir=folder))  # type: ignore[call-arg]


async def play(url: str, asked: Job | None = None, secret: str = SECRET) -> list[Event]:
    runner = remote(url, secret)
    try:
        return [event async for event in runner.stream(asked or job(flow()))]
    finally:
        await runner.stop()


@asynccontextmanager
async def raw(*pieces: bytes) -> AsyncIterator[str]:
    """A server that answers with these bytes and then closes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_a_gateway_with_another_secret_is_refused_and_says_what_to_do() -> None:
    inner = Scripted(Finished("Yes"))
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        (event,) = await play(url, secret="another")
    assert isinstance(event, Failed)
    assert (event.code, "CMP_SECRET_KEY" in event.detail, inner.jobs) == ("unavailable", True, [])


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer nonsense", f"Basic {token_for(SECRET, wire.PURPOSE)}", SECRET])
async def test_nobody_but_the_gateway_is_answered(authorization: str) -> None:
    async with served(Scripted(), FlowFiles(FLOWS), SECRET) as url, aiohttp.ClientSession() as http:
        headers = {"Authorization": authorization} if authorization else {}
        async with http.post(f"{url}/run", data=b"{}", headers=headers) as answer:
            assert answer.status == 401
        async with http.get(f"{url}/ready", headers=headers) as answer:
            assert answer.status == 401
        async with http.get(f"{url}/health", headers=headers) as answer:
            assert answer.status == 200


async def test_a_job_arrives_as_it_was_sent() -> None:
    inner = Scripted(Token("Y"), Finished("Y", {"total_tokens": 3}))
    asked = job(flow(), "Grüße \U0001f600", variables={"A": "1"}, tweaks={"node": {"field": "2"}}, timeout=7.5)
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        assert await play(url, asked) == [Token("Y"), Finished("Y", {"total_tokens": 3})]
    assert inner.jobs == [asked]


async def test_another_version_of_a_flow_is_not_run() -> None:
    inner = Scripted(Finished("Yes"))
    other = FlowRef(KBA.slug, flow().path, "0" * 64)
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        for asked in (other, FlowRef("unknown", flow().path, flow().content_hash)):
            (event,) = await play(url, job(asked))
            assert isinstance(event, Failed)
            assert (event.code, "same release" in event.detail) == ("unavailable", True)
    assert inner.jobs == []


async def test_the_path_of_a_flow_is_never_taken_from_the_wire(tmp_path: Path) -> None:
    inner = Scripted(Finished("Yes"))
    asked = FlowRef(KBA.slug, tmp_path / "elsewhere.json", flow().content_hash)
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        await play(url, job(asked))
    assert inner.jobs[0].flow.path == KBA.flow()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"flow": 1}', b'{"flow": {"name": "x", "hash": []}}', b'{"run": "r"}'])
async def test_what_is_no_job_is_refused(body: bytes) -> None:
    async with served(Scripted(), FlowFiles(FLOWS), SECRET) as url, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {token_for(SECRET, wire.PURPOSE)}"}
        async with http.post(f"{url}/run", data=body, headers=headers) as answer:
            assert answer.status in {400, 409}


async def test_a_job_that_is_too_large_is_refused() -> None:
    async with served(Scripted(Finished("Yes")), FlowFiles(FLOWS), SECRET) as url:
        (event,) = await play(url, job(flow(), "x" * wire.MAX_JOB))
    assert isinstance(event, Failed)
    assert event.code in {"unavailable", "crashed"}


async def test_a_runner_that_is_not_there_is_unavailable_and_unhealthy(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    (event,) = await play(url)
    assert isinstance(event, Failed)
    assert (event.code, "cannot be reached" in event.detail) == ("unavailable", True)
    runner = remote(url)
    await runner.start()
    async with asyncio.timeout(5):
        while "cannot be reached" not in runner.health():
            await asyncio.sleep(0.01)
    await runner.stop()


async def test_health_says_what_the_runner_says() -> None:
    inner = Scripted(trouble="a worker ended by itself")
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        runner = remote(url)
        await runner.start()
        async with asyncio.timeout(5):
            while "a worker ended by itself" not in runner.health():
                await asyncio.sleep(0.01)
            inner.trouble = ""
            while runner.health():
                await asyncio.sleep(0.01)
        await runner.stop()


@pytest.mark.parametrize(
    ("pieces", "said", "words"),
    [
        ((HEAD, chunk(b'{"token": "Hel"}\n')), [Token("Hel")], "broke in the middle"),
        ((HEAD, chunk(b'{"token": "Hel"}\n'), b"0\r\n\r\n"), [Token("Hel")], "in the middle of the run"),
        ((HEAD, chunk(b'{"tok'), b"0\r\n\r\n"), [], "in the middle of the run"),
        ((HEAD, chunk(b"{}\n"), b"0\r\n\r\n"), [], "cannot be read"),
        ((HEAD, chunk(b"nonsense\n"), b"0\r\n\r\n"), [], "cannot be read"),
        ((b"SSH-2.0-OpenSSH_9\r\n",), [], "not HTTP"),
        ((), [], "broke in the middle"),
    ],
)
async def test_an_answer_that_breaks_off_is_a_crash(pieces: tuple[bytes, ...], said: list[Event], words: str) -> None:
    async with raw(*pieces) as url:
        *before, last = await play(url)
    assert before == said
    assert isinstance(last, Failed)
    assert (last.code, words in last.detail) == ("crashed", True), last


async def test_lines_may_be_cut_anywhere_on_the_way() -> None:
    whole = b"".join(wire.write_event(event) for event in (Token("Grüße"), Finished("Grüße", {"total_tokens": 1})))
    async with raw(HEAD, *(chunk(whole[n : n + 5]) for n in range(0, len(whole), 5)), b"0\r\n\r\n") as url:
        assert await play(url) == [Token("Grüße"), Finished("Grüße", {"total_tokens": 1})]


async def test_a_runner_that_falls_silent_ends_the_run_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.runner.remote.MARGIN", 0.05)

    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.transport.abort()
        left.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await play(url, job(flow(), timeout=0.05)) == [Failed("timeout", "The run took longer than 0.05 seconds and was stopped.")]
        await left.wait()


async def test_runs_one_after_the_other_share_a_connection() -> None:
    inner = Scripted(Finished("Yes"))
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        runner = remote(url)
        for _ in range(3):
            assert [event async for event in runner.stream(job(flow()))] == [Finished("Yes")]
        assert len(runner._idle) == 1
        await runner.stop()


async def test_a_connection_that_the_runner_closed_meanwhile_is_not_used_again() -> None:
    runner = remote("http://127.0.0.1:1")
    for _ in range(2):
        async with served(Scripted(Finished("Yes")), FlowFiles(FLOWS), SECRET) as url:
            runner._port = int(url.rpartition(":")[2])
            assert [event async for event in runner.stream(job(flow()))] == [Finished("Yes")]
            (kept,) = runner._idle
        async with asyncio.timeout(5):
            while kept.open:
                await asyncio.sleep(0.01)
    await runner.stop()


async def test_a_reader_that_leaves_ends_its_run() -> None:
    inner = Flood()
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        runner = remote(url)
        events = runner.stream(job(flow()))
        await anext(events)
        await events.aclose()  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            await inner.closed.wait()
        await runner.stop()


async def test_a_reader_that_does_not_read_costs_the_runner_no_more_than_a_bound() -> None:
    inner = Flood()
    async with served(inner, FlowFiles(FLOWS), SECRET) as url:
        runner = remote(url)
        events = runner.stream(job(flow()))
        await anext(events)
        async with asyncio.timeout(20):
            await inner.closed.wait()
        # Beside the bound there is only what the sockets and our own read-ahead hold.
        assert inner.said < MOST + 16 * 1024 * 1024
        *_, last = [event async for event in events]
        assert isinstance(last, Failed)
        await runner.stop()
