"""What is held against a Langflow server, and what is not: when it is left alone, and when it is trusted again."""

from __future__ import annotations

import asyncio

import pytest

from backend.runner import langflow_server
from backend.runner.ports import Failed, Token
from tests.contract.runner.test_langflow_servers import HELLO, fails_with, play, quick, raw, runner

__all__ = ["quick"]
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
