"""The work begins while the hold is being written, where that leaves no trace; nothing of it is given out unless the hold is made."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from backend.control_plane.instances import InstanceView
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.caller import Budget, Caller, Door
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import InsufficientCredits
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from tests.service.gateway.house import ANSWER, House


class Disk:
    """Holds come no further than here until it is let go."""

    def __init__(self, ledger: Ledger) -> None:
        self.go, self.waited_for = asyncio.Event(), asyncio.Event()
        self._hold = ledger._writer.hold

    async def hold(self, wanted: Any) -> Any:
        self.waited_for.set()
        await self.go.wait()
        return await self._hold(wanted)


@pytest.fixture
async def asked(house: House) -> tuple[Caller, InstanceView]:
    """A caller by the API whose credits this process has heard of."""
    caller, agent = await house.owner(sku="CSA-PRO", credits_="50")
    caller = replace(caller, door=Door.API)
    await house.gateway.run(caller, RunCommand(agent.id, "Hello?"))
    house.runner.jobs.clear()
    return caller, agent


async def begun(house: House, disk: Disk, caller: Caller, command: RunCommand, *, early: bool) -> asyncio.Task[Any]:
    """Asked, and as far as it comes while the disk is waited for."""
    task = asyncio.create_task(house.gateway.run(caller, command))
    await disk.waited_for.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    if early:
        async with asyncio.timeout(20):
            while not house.runner.jobs:
                await asyncio.sleep(0.005)
    else:
        # Whatever would have begun has had the time of a search and more.
        await asyncio.sleep(0.1)
    assert (len(house.runner.jobs) == 1) is early
    return task


async def test_the_answer_is_worked_on_while_the_hold_is_written_and_given_out_after_it(
    house: House, asked: tuple[Caller, InstanceView], monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, agent = asked
    disk = Disk(house.ledger)
    monkeypatch.setattr(house.ledger._writer, "hold", disk.hold)
    task = await begun(house, disk, caller, RunCommand(agent.id, "Hello?"), early=True)
    async with asyncio.timeout(20):
        while not house.runner.closed:
            await asyncio.sleep(0.005)
    assert not task.done()
    disk.go.set()
    run = await task
    assert (run.status, run.text) == (RunStatus.SUCCEEDED, "Within 30 days [1].")


async def test_a_stream_says_nothing_before_the_hold_is_written(
    house: House, asked: tuple[Caller, InstanceView], monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, agent = asked
    disk, seen = Disk(house.ledger), []
    monkeypatch.setattr(house.ledger._writer, "hold", disk.hold)

    async def read() -> None:
        async for event in house.gateway.stream(caller, RunCommand(agent.id, "Hello?")):
            seen.append(event.name)

    reading = asyncio.create_task(read())
    async with asyncio.timeout(20):
        while not house.runner.jobs:
            await asyncio.sleep(0.005)
    assert seen == []
    disk.go.set()
    await reading
    assert (seen[0], seen[-1]) == ("run.started", "run.completed")


@pytest.mark.parametrize(
    "why", ["a key of its own", "a conversation that is kept", "a budget", "too little that was heard of", "not wanted"]
)
async def test_work_that_leaves_a_trace_or_may_be_refused_waits_for_the_hold(
    house: House, asked: tuple[Caller, InstanceView], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    caller, agent = asked
    command = RunCommand(agent.id, "Hello?")
    match why:
        case "a key of its own":
            command = replace(command, idempotency_key="order 7")
        case "a conversation that is kept":
            caller = replace(caller, door=Door.WORKSPACE)
        case "a budget":
            caller = replace(caller, budgets=(Budget("key:key_1", "day", Credits.of(40)),))
        case "too little that was heard of":
            house.ledger._available[caller.workspace_id] = Credits.of("1").micro
        case _:
            house.gateway._admission._overlap = False
    disk = Disk(house.ledger)
    monkeypatch.setattr(house.ledger._writer, "hold", disk.hold)
    task = await begun(house, disk, caller, command, early=False)
    disk.go.set()
    assert (await task).status is RunStatus.SUCCEEDED


async def test_work_begun_for_credits_that_were_gone_is_stopped_and_leaves_nothing(
    house: House, asked: tuple[Caller, InstanceView], clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, agent = asked
    elsewhere = Ledger(house.database, clock)
    left = (await house.balance(caller)).available
    await elsewhere.hold(caller.workspace_id, RunId("run_elsewhere"), left)
    stuck = asyncio.Event()
    house.runner.script = [ANSWER[0], stuck, *ANSWER[1:]]
    disk = Disk(house.ledger)
    monkeypatch.setattr(house.ledger._writer, "hold", disk.hold)
    task = await begun(house, disk, caller, RunCommand(agent.id, "Hello?"), early=True)
    disk.go.set()
    with pytest.raises(InsufficientCredits):
        await task
    async with asyncio.timeout(20):
        while not house.runner.closed or house.gateway._execution._live:
            await asyncio.sleep(0.005)
    await elsewhere.settle(RunId("run_elsewhere"), Credits.of(0))
    assert (await house.balance(caller)).available == left
    monkeypatch.undo()
    house.runner.script = ANSWER
    assert (await house.gateway.run(caller, RunCommand(agent.id, "Hello?"))).status is RunStatus.SUCCEEDED
