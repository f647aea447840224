"""A process that dies, stops or loses its database leaves no hold behind."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from backend.gateway.admission import LEASE
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.errors import Unavailable
from backend.kernel.money import Credits
from tests.service.gateway.house import ANSWER, House


async def test_runs_of_a_dead_process_are_closed_and_released_when_their_lease_is_over(house: House) -> None:
    caller, agent = await house.owner()
    house.runner.script = [asyncio.Event()]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    survivor = house.another_process()
    assert await survivor.recover() == 0
    house.clock.advance(LEASE + timedelta(seconds=1))
    assert [await survivor.recover(), await survivor.recover()] == [1, 0]
    run = await survivor.get(caller, begun.run_id)
    assert (run.status, run.error_code) == (RunStatus.FAILED, "interrupted")
    assert run.receipt is not None
    assert (run.receipt.charged, (await house.balance(caller)).held) == (Credits(0), Credits(0))


async def test_a_process_that_wakes_up_after_its_run_was_recovered_charges_nothing(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    await house.runner.reached.wait()
    house.clock.advance(LEASE + timedelta(seconds=1))
    await house.another_process().recover()
    rest.set()
    assert (await begun.result()).error_code == "interrupted"
    assert (await house.balance(caller)).balance == Credits.of(5)


async def test_a_lease_that_is_renewed_keeps_its_run(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    house.clock.advance(LEASE - timedelta(seconds=1))
    await house.gateway._execution.renew()
    house.clock.advance(timedelta(seconds=2))
    assert await house.another_process().recover() == 0
    rest.set()
    assert (await begun.result()).status == RunStatus.SUCCEEDED


async def test_stopping_interrupts_what_is_under_way_and_charges_nothing(house: House) -> None:
    caller, agent = await house.owner()
    house.runner.script = [asyncio.Event()]
    await house.gateway.start()
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    await house.gateway.stop()
    run = await begun.result()
    assert (run.status, run.error_code, house.runner.closed) == (RunStatus.FAILED, "interrupted", len(house.runner.jobs))
    assert (await house.balance(caller)).available == Credits.of(5)


async def test_a_run_whose_end_cannot_be_kept_is_released_later(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, agent = await house.owner()
    real = house.ledger.close

    async def refuse(*_: object, **__: object) -> None:
        raise OperationalError("COMMIT", None, Exception("disk full"))

    monkeypatch.setattr(house.ledger, "close", refuse)
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    events = [event async for event in begun.follow() if event is not None]
    assert (events[-1].name, events[-1].data["error"]["code"]) == ("run.failed", "internal")
    with pytest.raises(Unavailable):
        await begun.result()
    monkeypatch.setattr(house.ledger, "close", real)
    house.clock.advance(LEASE + timedelta(seconds=1))
    assert await house.gateway.recover() == 1
    assert (await house.balance(caller)).available == Credits.of(5)
