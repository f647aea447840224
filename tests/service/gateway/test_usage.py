"""What runs come to: kept as they end, the same as the runs themselves say."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select

from backend.db.engine import Database
from backend.db.migrate import config, sync_engine, upgrade
from backend.gateway.models import GatewayRun, GatewayUsage
from backend.gateway.usage import By, Period, Sums, total
from backend.gateway.views import RunCommand
from backend.kernel.caller import Caller, Door
from backend.kernel.errors import Invalid
from backend.kernel.ids import KeyId
from backend.kernel.money import ZERO, Credits
from backend.runner.ports import Failed, Finished, Token
from tests.service.gateway.house import ANSWER, House

FAILS = [Failed("crashed", "")]
PLAIN = [Token("No."), Finished("No.", {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7})]


async def busy(house: House) -> tuple[Caller, str, str]:
    """A few days of two agents, a person, a key and a visitor."""
    caller, agent = await house.owner(credits_="50")
    other = await house.town.agent(caller, "CSA-PRO", source_key="second")
    key = await house.town.keys.create(caller.workspace_id, caller.account_id, "a key")
    by_key = await house.town.access.caller(None, key.secret)
    assert by_key is not None
    widget = await house.town.widgets.settings(caller, agent.id)
    session = await house.town.widgets.open_session(widget.id, "http://localhost:3000")
    visitor = await house.town.access.caller(None, session.token)
    assert visitor is not None
    for script, who, which in (
        (ANSWER, caller, agent.id),
        (ANSWER, by_key, agent.id),
        (FAILS, by_key, other.id),
        (PLAIN, visitor, agent.id),
        (ANSWER, visitor, agent.id),
        (ANSWER, by_key, other.id),
    ):
        house.runner.script = script
        await house.gateway.run(who, RunCommand(which, "Can I?"))
        house.clock.advance(timedelta(hours=13))
    return caller, agent.id, other.id


async def test_the_sums_of_every_kind_are_those_of_the_runs(house: House) -> None:
    caller, _, _ = await busy(house)
    usage, period = house.gateway.usage, Period(date(2026, 11, 22), date(2026, 11, 26))
    async with house.database.read() as tx:
        runs = list(await tx.scalars(select(GatewayRun)))
    receipts = await house.ledger.receipts(caller.workspace_id, [run.id for run in runs])  # type: ignore[misc]
    charged = {run.id: receipts[run.id].charged.micro for run in runs}  # type: ignore[index]
    assert sum(charged.values()) == 4_000_000
    for by, of in (
        (By.DAY, lambda run: str(run.finished_at.date())),
        (By.AGENT, lambda run: run.instance_id),
        (By.DOOR, lambda run: run.door),
    ):
        found = await usage.sums(caller, by, period)
        counted = Counter(of(run) for run in runs)
        assert {key: sums.runs for key, sums in found.items() if sums.runs} == counted
        for key, sums in found.items():
            mine = [run for run in runs if of(run) == key]
            assert sums.charged.micro == sum(charged[run.id] for run in mine)
            assert (sums.succeeded, sums.failed) == tuple(sum(run.status == status for run in mine) for status in ("succeeded", "failed"))
    whole = total((await usage.sums(caller, By.DAY, period)).values())
    assert (whole.runs, whole.succeeded, whole.failed, whole.cancelled, whole.charged, whole.tokens) == (6, 5, 1, 0, Credits.of(4), 43)
    owners = await usage.sums(caller, By.OWNER, period)
    assert [(key.split("_")[0], sums.runs) for key, sums in owners.items()] == [("key:key", 3), ("widget:wid", 2), ("account:acc", 1)]
    daily = await usage.crossed(caller, By.AGENT, By.DAY, period)
    assert {key: total(days.values()) for key, days in daily.items()} == await usage.sums(caller, By.AGENT, period)


async def test_every_day_of_a_period_is_told_and_nothing_outside_it(house: House) -> None:
    caller, agent, _ = await busy(house)
    days = await house.gateway.usage.sums(caller, By.DAY, Period(date(2026, 11, 23), date(2026, 12, 2), agent))
    assert list(days) == Period(date(2026, 11, 23), date(2026, 12, 2)).days
    assert (sum(sums.runs for sums in days.values()), days["2026-12-02"]) == (3, Sums())


async def test_a_key_for_one_agent_is_told_of_that_agent_alone_and_a_stranger_of_nothing(house: House) -> None:
    caller, agent, other = await busy(house)
    period = Period(date(2026, 11, 1), date(2026, 11, 30))
    restricted = Caller(Door.API, caller.workspace_id, caller.role, key_id=KeyId("key_1"), instances=frozenset({other}))  # type: ignore[arg-type]
    assert list(await house.gateway.usage.sums(restricted, By.AGENT, period)) == [other]
    assert await house.gateway.usage.sums(restricted, By.AGENT, Period(period.first, period.last, agent)) == {}
    stranger, _ = await house.owner("bob@example.com")
    assert await house.gateway.usage.sums(stranger, By.OWNER, period) == {}


@pytest.mark.parametrize("last", [date(2026, 10, 31), date(2027, 11, 2)])
async def test_a_period_that_is_none_or_too_long_is_refused(house: House, last: date) -> None:
    caller, _ = await house.owner()
    with pytest.raises(Invalid):
        await house.gateway.usage.sums(caller, By.DAY, Period(date(2026, 11, 1), last))


async def test_a_run_that_died_is_counted_when_it_is_closed(house: House) -> None:
    caller, agent = await house.owner()
    first = house.another_process()
    house.runner.script = [asyncio.Event()]
    begun = await first.begin(caller, RunCommand(agent.id, "Can I?"))
    await house.runner.reached.wait()
    house.clock.advance(timedelta(minutes=5))
    assert await house.gateway.recover() == 1
    [(key, sums)] = (await house.gateway.usage.sums(caller, By.AGENT, house.gateway.usage.period(None, None, 2))).items()
    assert (key, sums.runs, sums.failed, sums.charged, sums.duration_ms) == (agent.id, 1, 1, ZERO, 300_000)
    assert (await house.gateway.get(caller, begun.run_id)).status == "failed"
    await first.stop()
    assert (await house.gateway.usage.sums(caller, By.AGENT, house.gateway.usage.period(None, None, 2)))[agent.id].runs == 1


async def test_runs_that_ended_before_the_sums_were_kept_are_counted_by_the_migration(house: House, database: Database) -> None:
    await busy(house)

    async def kept() -> list[dict[str, Any]]:
        async with database.read() as tx:
            order = select(GatewayUsage).order_by(
                *(getattr(GatewayUsage, name) for name in ("workspace_id", "day", "instance_id", "owner", "door"))
            )
            return [row.model_dump() for row in await tx.scalars(order)]

    before = await kept()
    engine = sync_engine(database.url)
    with engine.begin() as connection:
        command.downgrade(config(connection), "0006")
    engine.dispose()
    upgrade(database.url)
    assert await kept() == before
