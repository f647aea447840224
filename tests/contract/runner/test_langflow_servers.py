"""Langflow servers at their worst, and several of them: what is asked again, what is not, who is left alone, who is asked first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from pydantic import SecretStr

from backend.runner import langflow, langflow_server, ports
from backend.runner.langflow import LangflowRunner
from backend.runner.ports import Event, Failed, Finished, Token
from backend.settings import Settings
from tests.contract.runner.conftest import ready
from tests.contract.runner.fake_langflow import message
from tests.contract.runner.flows import flow, heard, job

END = {"event": "end", "data": {"result": {"outputs": [{"outputs": [{"results": {"message": message("Hello", "s")}}]}]}}}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
HELLO = [Token("Hello"), Finished("Hello")]
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\ncontent-type: text/plain\r\n\r\nbusy"


def chunk(said: object) -> bytes:
    data = json.dumps(said).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def fails_with(text: str) -> Callable[[asyncio.StreamWriter], Awaitable[bool]]:
    async def fails(writer: asyncio.StreamWriter) -> bool:
        writer.write(HEAD + chunk({"event": "error", "data": {"text": text}}) + b"0\r\n\r\n")
        return True

    return fails


class Raw:
    """A server of bare bytes. script: what it does with each request for a run, the last for all that follow."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = self.connections = self.under_way = self.most = 0
        self.health: dict[str, str] = {"status": "ok", "chat": "ok", "db": "ok"}
        self.script: list[Callable[[asyncio.StreamWriter], Awaitable[bool]]] = [self.answers]
        self.go = asyncio.Event()
        self.go.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self.one(await reader.readuntil(b"\r\n\r\n"), reader, writer):
                    await writer.drain()
        finally:
            writer.transport.abort()

    async def one(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        await reader.readexactly(int(lines.get(b"content-length", b"0")))
        if head.startswith(b"GET"):
            found = {"version": "1.13.0"} if b"/version" in head else self.health
            body = json.dumps(found).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            return True
        self.asked += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await self.script[min(self.asked, len(self.script)) - 1](writer)
        finally:
            self.under_way -= 1

    async def answers(self, writer: asyncio.StreamWriter) -> bool:
        await self.go.wait()
        writer.write(HEAD + chunk(END) + b"0\r\n\r\n")
        return True

    async def is_busy(self, writer: asyncio.StreamWriter) -> bool:
        writer.write(BUSY)
        return True

    async def hangs_up(self, writer: asyncio.StreamWriter) -> bool:
        writer.transport.abort()
        return False

    async def falls_silent(self, writer: asyncio.StreamWriter) -> bool:
        writer.write(HEAD + chunk({"event": "token", "data": {"chunk": "Hel"}}))
        await asyncio.Event().wait()
        return False

    async def ends_early(self, writer: asyncio.StreamWriter) -> bool:
        writer.write(HEAD + chunk({"event": "token", "data": {"chunk": "Hel"}}) + b"0\r\n\r\n")
        return True

    async def never_begins(self, writer: asyncio.StreamWriter) -> bool:
        await asyncio.Event().wait()
        return False

    async def closes_its_half(self, writer: asyncio.StreamWriter) -> bool:
        writer.write(HEAD + chunk({"event": "token", "data": {"chunk": "Hel"}}))
        writer.write_eof()
        await asyncio.Event().wait()
        return False


@asynccontextmanager
async def raw() -> AsyncIterator[Raw]:
    made, tasks = Raw(), set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        await made.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def runner(*urls: str) -> AsyncIterator[LangflowRunner]:
    settings = Settings(_env_file=None, langflow_url=", ".join(urls), langflow_api_key=SecretStr("sk-langflow"))  # type: ignore[call-arg]
    made = LangflowRunner(settings)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow, "PAUSE", 0.01)


async def play(made: LangflowRunner, timeout: float = 20.0, **more: object) -> list[Event]:
    return await heard(made, job(flow(), timeout=timeout, **more))


async def test_runs_one_after_the_other_share_a_connection() -> None:
    async with raw() as server, runner(server.url) as made:
        await ready(made)
        before = server.connections
        for _ in range(5):
            assert await play(made) == HELLO
        assert server.connections == before


async def test_no_more_runs_than_a_bound_are_under_way_and_the_others_wait_within_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow_server, "AT_ONCE", 2)
    async with raw() as server, runner(server.url) as made:
        server.go.clear()
        first = [asyncio.create_task(play(made)) for _ in range(2)]
        while server.under_way < 2:
            await asyncio.sleep(0.005)
        (late,) = await play(made, timeout=0.05)
        assert late == Failed("timeout", f"The Langflow server at {server.url} had no room for 0.05 seconds.")
        waiting = [asyncio.create_task(play(made)) for _ in range(4)]
        await asyncio.sleep(0)
        server.go.set()
        assert await asyncio.gather(*first, *waiting) == [HELLO] * 6
        assert server.most == 2


async def test_a_run_that_no_server_began_is_asked_of_the_next() -> None:
    async with raw() as busy, raw() as well, runner(busy.url, well.url) as made:
        busy.script = [busy.is_busy]
        assert await play(made) == HELLO
        assert (busy.asked, well.asked) == (1, 1)


async def test_a_server_that_is_being_restarted_is_asked_once_more() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [server.is_busy, server.answers]
        assert await play(made) == HELLO
        assert server.asked == 2


async def test_a_server_that_stays_busy_says_so() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [server.is_busy]
        assert await play(made) == [Failed("unavailable", "The Langflow server is not available now (HTTP 503).")]
        assert server.asked == langflow.ROUNDS


async def test_a_run_that_may_have_begun_is_never_asked_again() -> None:
    async with raw() as broken, raw() as other, runner(broken.url, other.url) as made:
        broken.script = [broken.hangs_up]
        (event,) = await play(made)
        assert isinstance(event, Failed)
        assert (event.code, broken.url in event.detail) == ("crashed", True)
        assert (broken.asked, other.asked) == (1, 0)


async def test_a_server_that_takes_the_run_and_never_answers_ends_with_the_runs_time() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [server.never_begins]
        words = f"The Langflow server at {server.url} did not begin to answer within 0.1 seconds."
        assert await play(made, timeout=0.1) == [Failed("timeout", words)]


async def test_a_server_that_falls_silent_ends_with_the_runs_time() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [server.falls_silent]
        assert await play(made, timeout=0.2) == [Token("Hel"), Failed("timeout", "The run took longer than 0.2 seconds and was stopped.")]


async def test_a_server_that_floods_is_stopped_at_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "LONGEST", 10_000)
    async with raw() as server, runner(server.url) as made:

        async def floods(writer: asyncio.StreamWriter) -> bool:
            writer.write(HEAD)
            while True:
                writer.write(chunk({"event": "token", "data": {"chunk": "x" * 1000}}))
                await writer.drain()

        server.script = [floods]
        *tokens, last = await play(made)
        assert sum(len(token.text) for token in tokens if isinstance(token, Token)) == 10_000
        assert last == Failed("flow_failed", "The flow's answer is longer than 10000 characters.")


async def test_a_half_closed_server_is_a_crash_at_once() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [server.closes_its_half]
        async with asyncio.timeout(5):
            first, last = await play(made)
        assert first == Token("Hel")
        assert isinstance(last, Failed)
        assert last.code == "crashed"


async def test_a_server_that_keeps_failing_is_left_alone_and_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow_server, "REST", 0.2)
    async with raw() as server, runner(server.url) as made:
        server.script = [*[server.hangs_up] * langflow_server.FAILURES, server.answers]
        for _ in range(langflow_server.FAILURES):
            await play(made)
        (event,) = await play(made)
        assert isinstance(event, Failed)
        assert event.code == "unavailable"
        assert "failed 5 times in a row and is asked again in" in event.detail
        assert server.asked == langflow_server.FAILURES
        while not made.servers[0].may_be_asked:
            await asyncio.sleep(0.01)
        assert await play(made) == HELLO
        assert await play(made) == HELLO


async def test_one_run_alone_tries_a_server_that_was_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow_server, "REST", 0.05)
    async with raw() as server, runner(server.url) as made:
        server.script = [*[server.hangs_up] * langflow_server.FAILURES, server.answers]
        for _ in range(langflow_server.FAILURES):
            await play(made)
        while not made.servers[0].may_be_asked:
            await asyncio.sleep(0.01)
        server.go.clear()
        trial = asyncio.create_task(play(made))
        while server.under_way < 1:
            await asyncio.sleep(0.005)
        (beside,) = await play(made)
        assert isinstance(beside, Failed)
        assert server.under_way == 1
        server.go.set()
        assert await trial == HELLO


async def test_a_flow_that_fails_is_no_failure_of_the_server() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [fails_with("the shelf is empty")]
        for _ in range(langflow_server.FAILURES + 1):
            assert await play(made) == [Failed("flow_failed", "the shelf is empty")]


async def test_the_least_busy_of_several_servers_is_asked() -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(raw()) for _ in range(3)]
        made = await stack.enter_async_context(runner(*(server.url for server in servers)))
        for server in servers:
            server.go.clear()
        runs = [asyncio.create_task(play(made)) for _ in range(6)]
        while sum(server.under_way for server in servers) < 6:
            await asyncio.sleep(0.005)
        assert [server.under_way for server in servers] == [2, 2, 2]
        servers[1].go.set()
        await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
        while servers[1].under_way:
            await asyncio.sleep(0.005)
        assert await play(made) == HELLO
        assert servers[1].asked == 3
        for server in servers:
            server.go.set()
        assert await asyncio.gather(*runs) == [HELLO] * 6


async def test_a_server_that_is_not_there_costs_nothing_while_another_is(unused_tcp_port: int) -> None:
    async with raw() as server, runner(f"http://127.0.0.1:{unused_tcp_port}", server.url) as made:
        await ready(made)
        for _ in range(3):
            assert await play(made) == HELLO
        assert made.health() == ""


async def test_a_server_whose_database_is_down_is_not_well_and_asked_last() -> None:
    async with raw() as ill, raw() as well:
        ill.health = {"status": "nok", "chat": "ok", "db": "error check the server logs"}
        async with runner(ill.url, well.url) as made:
            async with asyncio.timeout(10):
                while any(server.trouble == "starting" for server in made.servers):
                    await asyncio.sleep(0.01)
            assert made.servers[0].trouble == (
                f"The Langflow server at {ill.url} is not well: db: error check the server logs, status: nok"
            )
            assert made.servers[0].version == "1.13.0"
            assert made.health() == ""
            assert await play(made) == HELLO
            assert (ill.asked, well.asked) == (0, 1)


async def test_a_secret_that_a_server_repeats_is_masked() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [fails_with("Bad key sk-of-a-customer at http://llm.test")]
        variables = {"KEY": "sk-of-a-customer", "URL": "http://llm.test"}
        assert await play(made, variables=variables) == [Failed("flow_failed", "Bad key ••• at http://llm.test")]


@pytest.mark.parametrize("variables", [{"KEY": "a\r\nx-api-key: b"}, {"KEY": "a\n"}, {"a b": "c"}, {"a:b": "c"}])
async def test_a_variable_that_is_no_header_is_not_sent(variables: dict[str, str]) -> None:
    async with raw() as server, runner(server.url) as made:
        (event,) = await play(made, variables=variables)
        assert isinstance(event, Failed)
        assert (event.code, f"The variable {next(iter(variables))} cannot be sent" in event.detail) == ("flow_failed", True)
        assert server.asked == 0


ILL = b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"


async def test_an_error_answer_that_never_ends_ends_with_the_runs_time() -> None:
    async with raw() as server, runner(server.url) as made:

        async def stalls(writer: asyncio.StreamWriter) -> bool:
            writer.write(ILL + b"3\r\nill\r\n")
            await asyncio.Event().wait()
            return False

        server.script = [stalls]
        async with asyncio.timeout(10):
            (event,) = await play(made, timeout=0.2)
        assert isinstance(event, Failed)
        assert event.code == "timeout"


async def test_no_more_of_an_error_answer_is_read_than_a_bound() -> None:
    async with raw() as server, runner(server.url) as made:

        async def floods(writer: asyncio.StreamWriter) -> bool:
            writer.write(ILL)
            while True:
                writer.write(b"400\r\n" + b"ill " * 256 + b"\r\n")
                await writer.drain()

        server.script = [floods]
        async with asyncio.timeout(10):
            (event,) = await play(made, timeout=8.0)
        assert event == Failed("flow_failed", "ill " * 125)
