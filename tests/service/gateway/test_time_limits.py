"""How long a run may take by its plan, how long its hold may last, and what becomes of either that takes longer."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from backend import catalogue
from backend.db.engine import Database
from backend.gateway import background
from backend.gateway.admission import LEASE, SPARE
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.clock import FrozenClock
from backend.kernel.money import Credits
from backend.ledger.views import HoldStatus
from backend.runner.ports import Token
from backend.settings import Settings
from tests.service.gateway.house import ANSWER, House
from tests.service.tampering import tamper


def allowing(seconds: int, sku: str = "CSA-BASIC") -> tuple[catalogue.Product, ...]:
    """The catalogue, with a plan that names this time; 0: that names none."""
    return tuple(
        replace(p, variants=tuple(replace(v, terms=replace(v.terms, run_seconds=seconds)) if v.sku == sku else v for v in p.variants))
        for p in catalogue.load()
    )


async def longest(house: House, email: str = "ann@example.com", sku: str = "CSA-BASIC") -> tuple[int, float]:
    """What the agent's terms say, and what the runner is told."""
    caller, agent = await house.owner(email, sku=sku)
    await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    return agent.terms.run_seconds, house.runner.jobs[-1].timeout


async def test_a_run_may_take_as_long_as_its_plan_says(house: House) -> None:
    assert await longest(house) == (60, 60.0)
    assert await longest(house, "bob@example.com", "CSA-PRO") == (120, 120.0)


@pytest.mark.parametrize(("named", "counts"), [(0, 30), (20, 20), (30, 30), (900, 30)])
async def test_the_installation_stands_above_the_plan(
    database: Database, clock: FrozenClock, settings: Settings, named: int, counts: int
) -> None:
    house = House(database, clock, settings.model_copy(update={"run_timeout_seconds": 30}))
    caller, agent = await house.owner()
    await house.town.offerings.sync(allowing(named))
    agent = await house.town.instances.get(caller, agent.id)
    await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    assert (agent.terms.run_seconds, house.runner.jobs[-1].timeout) == (counts, counts)
    await house.gateway.stop()


async def test_what_is_not_run_has_no_such_time(house: House) -> None:
    await house.owner()
    pack = await house.town.offerings.by_sku("CREDITS-100")
    assert pack is not None
    assert pack.terms.run_seconds == 0


async def test_a_run_that_takes_longer_than_its_plan_allows_is_stopped_and_charged_by_the_rule_for_time_outs(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, agent = await house.owner()
    house.runner.script = [Token("x" * 900), asyncio.Event()]
    monkeypatch.setattr("backend.gateway.answering.GRACE", 0.2 - agent.terms.run_seconds)
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    assert (run.status, run.error_code, house.runner.closed) == (RunStatus.FAILED, "timeout", 1)
    assert run.receipt is not None
    assert (run.receipt.charged, run.receipt.status) == (Credits(0), HoldStatus.RELEASED)
    assert (await house.balance(caller)).available == Credits.of(5)


async def test_a_hold_outlasts_the_longest_run_and_no_more(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    begun = [await house.gateway.begin(caller, RunCommand(agent.id, "Can I?", background=apart)) for apart in (False, True)]
    far = house.clock.now() + timedelta(days=1)
    limits = {hold.run_id: hold.expires_at for hold in await house.ledger.open_holds(far)}
    run = timedelta(seconds=agent.terms.run_seconds)
    assert [limits[one.run_id] for one in begun] == [house.clock.now() + lease + run + SPARE for lease in (LEASE, background.LEASE)]
    rest.set()
    await asyncio.gather(*(one.result() for one in begun))


@pytest.mark.parametrize("lost", ["DELETE FROM gateway_run", "UPDATE gateway_run SET status = 'succeeded'"], ids=["gone", "ended"])
async def test_a_hold_that_its_run_left_behind_is_released_when_its_time_is_over_and_not_before(
    open_house: House, lost: str, caplog: pytest.LogCaptureFixture
) -> None:
    house = open_house
    caller, agent = await house.owner()
    house.runner.script = [asyncio.Event()]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    await tamper(house.database, lost)
    fresh = house.another_process()
    house.clock.advance(LEASE + timedelta(seconds=agent.terms.run_seconds) + SPARE)
    assert (await fresh.recover(), (await house.balance(caller)).held) == (0, Credits.of(1))
    house.clock.advance(timedelta(microseconds=1))
    with caplog.at_level(logging.ERROR):
        # As a start does, and every look after it.
        await fresh.start()
        await fresh.stop()
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple) and record.args] == [begun.run_id]
    assert ((await house.balance(caller)).available, await house.ledger.prove()) == (Credits.of(5), [])


async def test_a_hold_behind_its_time_is_kept_while_somebody_carries_its_run(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    house.clock.advance(timedelta(days=1))
    await house.gateway._execution.renew()
    assert len(await house.ledger.overdue()) == 1
    assert [await gateway.recover() for gateway in (house.gateway, house.another_process())] == [0, 0]
    rest.set()
    assert (await begun.result()).status is RunStatus.SUCCEEDED
    assert (await house.balance(caller)).available == Credits.of(4)


async def test_a_hold_that_cannot_be_released_keeps_neither_the_start_nor_the_others(
    open_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house = open_house
    (ann, hers), (ben, his) = await house.owner(), await house.owner("ben@example.com")
    house.runner.script = [asyncio.Event()]
    for caller, agent in ((ann, hers), (ben, his)):
        await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    await tamper(house.database, "DELETE FROM gateway_run", f"UPDATE ledger_account SET held = 0 WHERE workspace_id = '{ann.workspace_id}'")
    house.clock.advance(timedelta(days=1))
    fresh = house.another_process()
    with caplog.at_level(logging.ERROR):
        await fresh.start()
        await fresh.stop()
    assert "could not be released" in caplog.text
    assert (await house.balance(ben)).held == Credits.of(0)
