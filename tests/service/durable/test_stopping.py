"""Stopping leaves nothing under way: what still held a connection would be cut off in the middle when the loop ends."""

from __future__ import annotations

import asyncio

import pytest

from backend.durable import Durable, engine
from tests.service.durable.test_line import url

__all__ = ["url"]


@pytest.mark.parametrize("late", [False, True])
async def test_a_step_under_way_ends_or_is_ended_to_its_last_line_before_the_stop_returns(
    url: str, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "GRACE", 0.05 if late else 20.0)
    durable, begun, go = Durable(url), asyncio.Event(), asyncio.Event()
    said: list[str] = []

    async def work() -> None:
        async def step() -> None:
            begun.set()
            try:
                await go.wait()
                said.append("done")
            finally:
                # As a session does that gives its connection back.
                await asyncio.sleep(0.05)
                said.append("ended")

        await durable.step("step", step)

    durable.workflow("work", work)
    await durable.start()
    try:
        await durable.begin("work", "w1")
        async with asyncio.timeout(20):
            await begun.wait()
        if not late:
            asyncio.get_running_loop().call_later(0.05, go.set)
    finally:
        await durable.stop()
    assert said == (["ended"] if late else ["done", "ended"])
