"""The gateway's proof: a running row has an open hold, an ended one a closed hold, and each pair tells of the same run."""

from __future__ import annotations

import asyncio

import pytest

from backend.db.engine import Database
from backend.db.proving import faults
from backend.gateway.proof import CHECKS
from backend.gateway.views import RunCommand
from tests.service.gateway.house import ANSWER, House
from tests.service.tampering import tamper

DRIFTS = [
    (
        "open holds against runs under way",
        "UPDATE gateway_run SET status = 'failed' WHERE status = 'running'",
        "of 1000000 micro-credits is open, and its run is failed",
    ),
    ("open holds against runs under way", "DELETE FROM gateway_run WHERE status = 'running'", "is open, and its run is nowhere"),
    ("runs under way against open holds", "UPDATE gateway_run SET status = 'running'", "is under way, and its hold is settled"),
    ("runs under way against open holds", "DELETE FROM ledger_hold", "is under way, and its hold is nowhere"),
    ("runs against their holds", "UPDATE gateway_run SET price = 5", "was quoted 5; held were 1000000"),
    ("runs against their holds", "UPDATE ledger_hold SET workspace_id = 'ws_x'", "held were 1000000 for ws_x"),
    ("holds against runs", "DELETE FROM gateway_run WHERE status = 'succeeded'", "belongs to no run"),
    ("usage against charges", "UPDATE gateway_usage SET charged_micro = charged_micro - 1", "says 999999; its runs were charged 1000000"),
    ("usage against charges", "DELETE FROM gateway_usage", "says 0; its runs were charged 1000000"),
    (
        "failed runs against charges",
        "UPDATE gateway_run SET status = 'failed' WHERE status = 'succeeded'",
        "failed and was charged 1000000",
    ),
]


async def proven(database: Database) -> list[str]:
    async with database.read() as tx:
        return await faults(tx, CHECKS)


def test_every_check_is_shown_to_find_something() -> None:
    assert {check.name for check in CHECKS} == {check for check, _, _ in DRIFTS}


async def test_runs_that_ended_failed_or_are_under_way_are_proven(house: House) -> None:
    caller, agent = await house.owner()
    await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
    house.runner.script = [RuntimeError("broken")]
    await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
    gate = asyncio.Event()
    house.runner.script = [gate, *ANSWER]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I return a lamp?"))
    assert await proven(house.database) == []
    gate.set()
    await begun.result()
    assert await proven(house.database) == []


@pytest.mark.parametrize(("check", "change", "fault"), DRIFTS, ids=[f"{n}:{check}" for n, (check, _, _) in enumerate(DRIFTS)])
async def test_a_drift_is_named_by_its_own_check(open_house: House, check: str, change: str, fault: str) -> None:
    house = open_house
    caller, agent = await house.owner()
    await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
    house.runner.script = [asyncio.Event(), *ANSWER]
    await house.gateway.begin(caller, RunCommand(agent.id, "Can I return a lamp?"))
    await asyncio.wait_for(house.runner.reached.wait(), 10)
    await tamper(house.database, change)
    async with house.database.read() as tx:
        found = await next(one for one in CHECKS if one.name == check).faults(tx)
    assert any(fault in line for line in found), found
    assert set(found) <= set(await proven(house.database))
