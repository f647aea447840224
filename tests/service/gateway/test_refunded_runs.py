"""A run that is given back counts for nothing any more: in the ledger, in the sums of its day, and in its budgets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from alembic import command

from backend.control_plane.budgets import Limits, Spent, member_subject, workspace_subject
from backend.db.engine import Database
from backend.db.migrate import config, sync_engine, upgrade
from backend.db.proving import faults
from backend.gateway.proof import CHECKS
from backend.gateway.refunds import Refunds
from backend.gateway.spending import Spending
from backend.gateway.usage import By, Period, Sums
from backend.gateway.views import RunCommand, RunView
from backend.kernel.caller import Caller
from backend.kernel.errors import BudgetExhausted, Conflict, Invalid
from backend.kernel.money import ZERO, Credits
from tests.service.gateway.house import ANSWER, House

ONE, NOV_22 = Credits.of(1), date(2026, 11, 22)


@pytest.fixture
def refunds(house: House) -> Refunds:
    return Refunds(house.ledger)


async def bound(house: House) -> tuple[Caller, str]:
    """A member who may spend 2 credits a day, in a workspace that may spend 5 a month."""
    caller, agent = await house.owner(credits_="20")
    assert caller.account_id is not None
    budgets = house.town.budgets
    await budgets.set_member(caller.workspace_id, caller.account_id, Limits(day=Credits.of(2)))
    await budgets.set_workspace(caller.workspace_id, Limits(month=Credits.of(5)))
    return replace(caller, budgets=await budgets.bound(caller)), agent.id


async def day(house: House, caller: Caller, on: date = NOV_22) -> Sums:
    return (await house.gateway.usage.sums(caller, By.DAY, Period(on, on)))[on.isoformat()]


async def used(house: House, caller: Caller) -> tuple[Credits, Credits]:
    """Of the member's day, and of the workspace's month."""
    assert caller.account_id is not None
    mine, ours = member_subject(caller.workspace_id, caller.account_id), workspace_subject(caller.workspace_id)
    found = await Spending(house.database, house.clock)([mine, ours])
    return found.get(mine, Spent()).day, found.get(ours, Spent()).month


async def proven(house: House) -> list[str]:
    async with house.database.read() as tx:
        return await faults(tx, CHECKS, house.clock.now()) + await house.ledger.prove()


async def ask(house: House, caller: Caller, agent: str) -> RunView:
    return await house.gateway.run(caller, RunCommand(agent, "Can I return a lamp?"))


async def test_a_refund_lowers_usage_and_gives_back_to_the_budgets_so_that_another_run_fits(house: House, refunds: Refunds) -> None:
    caller, agent = await bound(house)
    first = await ask(house, caller, agent)
    await ask(house, caller, agent)
    with pytest.raises(BudgetExhausted):
        await ask(house, caller, agent)
    receipt = await refunds.give(first.id, "nonsense", by="x")
    assert (receipt.refunded, await used(house, caller)) == (ONE, (ONE, ONE))
    told = await day(house, caller)
    assert (told.runs, told.succeeded, told.charged) == (2, 2, ONE)
    assert await proven(house) == []
    await ask(house, caller, agent)
    assert (await house.balance(caller)).available == Credits.of(18)
    assert (await used(house, caller), (await day(house, caller)).charged) == ((Credits.of(2), Credits.of(2)), Credits.of(2))


async def test_it_is_given_back_to_the_day_and_the_month_it_was_counted_in(house: House, refunds: Refunds) -> None:
    caller, agent = await bound(house)
    first = await ask(house, caller, agent)
    house.clock.advance(timedelta(days=10))
    await ask(house, caller, agent)
    await refunds.give(first.id, "nonsense", by="x")
    assert (await day(house, caller), (await day(house, caller, date(2026, 12, 2))).charged) == (
        replace(await day(house, caller), charged=ZERO),
        ONE,
    )
    assert (await used(house, caller), await proven(house)) == ((ONE, ONE), [])


async def test_however_often_it_is_asked_for_it_is_counted_once(house: House, refunds: Refunds) -> None:
    caller, agent = await bound(house)
    runs = [await ask(house, caller, agent) for _ in range(2)]
    await asyncio.gather(*(refunds.give(runs[0].id, f"try {n}", by="x") for n in range(6)))
    assert (await used(house, caller), (await day(house, caller)).charged, await proven(house)) == ((ONE, ONE), ONE, [])


async def test_what_cannot_be_given_back_changes_nothing(house: House, refunds: Refunds) -> None:
    caller, agent = await bound(house)
    await ask(house, caller, agent)
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    begun = await house.gateway.begin(caller, RunCommand(agent, "Can I?"))
    with pytest.raises(Conflict):
        await refunds.give(begun.run_id, "nonsense", by="x")
    assert await used(house, caller) == (Credits.of(2), Credits.of(2))
    await house.gateway.cancel(caller, begun.run_id)
    with pytest.raises(Invalid):
        await refunds.give(begun.run_id, "it cost nothing", by="x")
    assert (await used(house, caller), (await day(house, caller)).charged) == ((ONE, ONE), ONE)


async def test_either_all_of_it_is_given_back_or_nothing(house: House, refunds: Refunds, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, agent = await bound(house)
    run = await ask(house, caller, agent)

    async def breaks(*_: object) -> None:
        raise RuntimeError("the process dies")

    with monkeypatch.context() as patch:
        patch.setattr("backend.gateway.repository.get", breaks)
        with pytest.raises(RuntimeError):
            await refunds.give(run.id, "nonsense", by="x")
    assert ((await house.balance(caller)).available, await used(house, caller)) == (Credits.of(19), (ONE, ONE))
    await refunds.give(run.id, "nonsense", by="x")
    assert ((await house.balance(caller)).available, await used(house, caller)) == (Credits.of(20), (ZERO, ZERO))


async def test_what_was_given_back_before_usage_heard_of_it_is_taken_off_by_the_migration(
    house: House, refunds: Refunds, database: Database
) -> None:
    caller, agent = await bound(house)
    first, _ = await ask(house, caller, agent), await ask(house, caller, agent)
    await refunds.give(first.id, "nonsense", by="x")
    engine = sync_engine(database.url)
    with engine.begin() as connection:
        command.downgrade(config(connection), "0013")
    engine.dispose()
    assert (await day(house, caller)).charged == Credits.of(2)
    upgrade(database.url)
    assert ((await day(house, caller)).charged, await proven(house)) == (ONE, [])
