"""A run that nobody waits for goes on over a restart, and is ended where nobody can take it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from backend.catalogue import load
from backend.durable import Durable
from backend.gateway import repository
from backend.gateway.service import Gateway
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.caller import Caller
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from tests.service.gateway.house import ANSWER, House


@pytest.fixture
async def start(house: House, tmp_path: Path) -> AsyncIterator[Start]:
    made = Start(house, f"sqlite:///{tmp_path / 'durable.db'}")
    yield made
    await made.stop()


class Start:
    """Processes, one after the other, with the same databases."""

    def __init__(self, house: House, url: str) -> None:
        self._house, self._url = house, url
        self.gateway: Gateway | None = None
        self._durable: Durable | None = None

    async def __call__(self) -> Gateway:
        house, durable = self._house, Durable(self._url)
        # What stopped before has shut the loop's own down, as the end of a process would.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        rooms = (house.database, house.clock, house.ledger, house.town.instances, house.shelf, house.town.conversations)
        gateway = Gateway(*rooms, house.runner, load(), house.settings, durable)
        await durable.start()
        await gateway.start()
        self.gateway, self._durable = gateway, durable
        return gateway

    async def stop(self) -> None:
        if self.gateway is not None and self._durable is not None:
            await self.gateway.stop()
            await self._durable.stop()
            self.gateway = None


async def _stuck(gateway: Gateway, house: House, caller: Caller, agent: str) -> RunId:
    """A run in the background that the agent never comes back from."""
    house.runner.script = [asyncio.Event()]
    begun = await gateway.begin(caller, RunCommand(agent, "Can I?", background=True))
    await house.runner.reached.wait()
    return begun.run_id


async def test_a_run_in_the_background_is_answered_and_charged_once_though_its_process_stopped_over_it(house: House, start: Start) -> None:
    caller, agent = await house.owner()
    gateway = await start()
    stuck = await _stuck(gateway, house, caller, agent.id)
    await gateway._execution.renew()
    await start.stop()
    house.clock.advance(timedelta(minutes=10))
    house.runner.script = ANSWER
    gateway = await start()
    run = await (await gateway.resume(caller, stuck)).result()
    assert (run.status, run.text, len(house.runner.jobs)) == (RunStatus.SUCCEEDED, "Within 30 days [1].", 2)
    assert (await house.balance(caller)).available == Credits.of(4)


async def test_a_run_in_the_background_can_be_stopped(house: House, start: Start) -> None:
    caller, agent = await house.owner()
    gateway = await start()
    stuck = await _stuck(gateway, house, caller, agent.id)
    assert (await gateway.cancel(caller, stuck)).status == RunStatus.CANCELLED
    assert (await house.balance(caller)).available == Credits.of(5)


async def test_a_run_that_is_stopped_before_its_turn_is_never_answered(house: House, start: Start) -> None:
    caller, agent = await house.owner()
    gateway = await start()
    run = await _put_by(gateway, caller, agent.id)
    async with house.database.write() as tx:
        await repository.ask_to_stop(tx, run)
    await gateway._carry_on(run)
    view = await gateway.get(caller, run)
    assert (view.status, house.runner.jobs, (await house.balance(caller)).available) == (RunStatus.CANCELLED, [], Credits.of(5))


async def test_a_run_whose_agent_is_gone_by_its_turn_is_over_for_nothing(
    house: House, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, agent = await house.owner()
    gateway = await start()
    run = await _put_by(gateway, caller, agent.id)

    async def nowhere(_: str) -> None:
        return None

    monkeypatch.setattr(house.town.instances, "find", nowhere)
    await gateway._carry_on(run)
    monkeypatch.undo()
    view = await gateway.get(caller, run)
    assert (view.status, view.error_code, (await house.balance(caller)).available) == (RunStatus.FAILED, "unavailable", Credits.of(5))


async def _put_by(gateway: Gateway, caller: Caller, agent: str) -> RunId:
    """A run in the background whose turn has not come."""
    command = RunCommand(agent, "Can I?", background=True)
    instance, _, _ = await gateway._admission.agent(caller, command)
    run = await gateway._admission.admit(caller, command, instance)
    assert await gateway._admission.hold(run, command, None)
    return run.run_id


async def test_a_run_that_cannot_be_put_by_is_over_for_nothing(house: House, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, agent = await house.owner()
    gateway = await start()

    async def refuse(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(gateway._background, "begin", refuse)
    with pytest.raises(ConnectionError):
        await gateway.begin(caller, RunCommand(agent.id, "Can I?", background=True))
    assert (await house.balance(caller)).available == Credits.of(5)


async def test_a_run_is_stopped_by_another_process_than_the_one_that_carries_it(house: House) -> None:
    caller, agent = await house.owner()
    house.runner.script = [asyncio.Event()]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    await house.runner.reached.wait()
    asked = asyncio.create_task(house.another_process().cancel(caller, begun.run_id))
    while not asked.done():
        await house.gateway._execution.heed()
        await asyncio.sleep(0)
    assert (await asked).status == RunStatus.CANCELLED
