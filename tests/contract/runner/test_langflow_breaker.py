"""What is held against a Langflow server, and what is not: when it is left alone, and when it is trusted again."""

from __future__ import annotations

import asyncio

import pytest

from backend.runner import langflow, langflow_server
from backend.runner.langflow import LangflowRunner
from backend.runner.ports import Failed, Token
from tests.contract.runner.test_langflow_servers import HELLO, Raw, fails_with, play, quick, raw, runner

__all__ = ["quick"]
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\ncontent-type: text/html\r\n\r\n<html>"
FEW = langflow_server.FAILURES - 1


async def test_an_answer_forgets_the_failures_before_it() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [*[server.hangs_up] * FEW, server.answers, *[server.hangs_up] * FEW, server.answers]
        told = [(await play(made))[-1] for _ in server.script]
        assert [end == HELLO[-1] for end in told] == [*[False] * FEW, True] * 2


async def test_a_flow_that_fails_forgets_the_servers_failures_before_it() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [*[server.hangs_up] * FEW, fails_with("the shelf is empty"), *[server.hangs_up] * FEW, server.answers]
        for _ in server.script[1:]:
            await play(made)
        assert await play(made) == HELLO


async def test_a_stream_that_ends_in_the_middle_forgets_nothing() -> None:
    async with raw() as server, runner(server.url) as made:
        server.script = [*[server.hangs_up] * FEW, server.ends_early, server.hangs_up, server.answers]
        for _ in range(FEW):
            await play(made)
        first, last = await play(made)
        assert (first, isinstance(last, Failed) and last.code) == (Token("Hel"), "crashed")
        await play(made)
        (left_alone,) = await play(made)
        assert isinstance(left_alone, Failed)
        assert left_alone.code == "unavailable"


async def test_a_server_that_is_back_takes_many_runs_at_once_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow_server, "REST", 0.05)
    async with raw() as server, runner(server.url) as made:
        server.script = [*[server.hangs_up] * langflow_server.FAILURES, server.answers]
        for _ in range(langflow_server.FAILURES):
            await play(made)
        while not made.servers[0].may_be_asked:
            await asyncio.sleep(0.01)
        assert await play(made) == HELLO
        assert await asyncio.gather(*(play(made) for _ in range(4))) == [HELLO] * 4


def trusted(made: LangflowRunner) -> list[bool]:
    return [server.may_be_asked for server in made.servers]


async def held_back(made: LangflowRunner, server: Raw, timeout: float) -> None:
    """A run of `timeout` seconds that is given its turn when a tenth of its time is left."""
    server.go.clear()
    first = asyncio.create_task(play(made))
    while not server.under_way:
        await asyncio.sleep(0.005)
    late = asyncio.create_task(play(made, timeout=timeout))
    await asyncio.sleep(timeout * 0.9)
    server.script = [server.never_begins]
    server.go.set()
    assert await first == HELLO
    (event,) = await late
    assert isinstance(event, Failed)
    assert event.code == "timeout"
    server.script = [server.answers]


async def test_a_run_that_waited_for_its_turn_till_its_end_is_not_held_against_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow_server, "AT_ONCE", 1)
    monkeypatch.setattr(langflow_server, "FAILURES", 1)
    async with raw() as server, runner(server.url) as made:
        await held_back(made, server, 0.5)
        assert trusted(made) == [True]


async def test_a_time_out_after_a_fair_time_is_held_against_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow, "FAIR", 0.1)
    monkeypatch.setattr(langflow_server, "FAILURES", 2)
    async with raw() as server, runner(server.url) as made:
        server.script = [server.never_begins]
        await play(made, timeout=0.05)
        assert trusted(made) == [True]
        await play(made, timeout=0.2)
        assert trusted(made) == [False]


async def test_no_pause_is_made_that_would_end_after_a_runs_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow, "PAUSE", 30.0)
    async with raw() as busy, runner(busy.url) as made:
        busy.script = [busy.is_busy]
        async with asyncio.timeout(10):
            assert await play(made, timeout=20.0) == [Failed("unavailable", "The Langflow server is not available now (HTTP 503).")]
        assert busy.asked == 1


async def test_a_run_that_had_no_room_on_one_server_is_not_posted_to_another_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langflow_server, "AT_ONCE", 1)
    async with raw() as full, raw() as other, runner(full.url, other.url) as made:
        for server in (full, other):
            server.go.clear()
        runs = [asyncio.create_task(play(made)) for _ in range(2)]
        while full.under_way + other.under_way < 2:
            await asyncio.sleep(0.005)
        (event,) = await play(made, timeout=0.1)
        assert event == Failed("timeout", f"The Langflow server at {full.url} had no room for 0.1 seconds.")
        for server in (full, other):
            server.go.set()
        assert await asyncio.gather(*runs) == [HELLO] * 2


@pytest.mark.parametrize("status", [b"502 Bad Gateway", b"504 Gateway Timeout"])
async def test_a_gateway_before_the_server_that_is_broken_is_the_servers_failure(status: bytes) -> None:
    async with raw() as server, runner(server.url) as made:

        async def broken(writer: asyncio.StreamWriter) -> bool:
            writer.write(BAD_GATEWAY.replace(b"502 Bad Gateway", status))
            return True

        server.script = [broken]
        for _ in range(langflow_server.FAILURES):
            words = f"The Langflow server is not available now (HTTP {int(status[:3])})."
            assert await play(made) == [Failed("unavailable", words)]
        assert trusted(made) == [False]
