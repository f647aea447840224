"""Price rules from the catalogue to the table and to what was bought, on both databases."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text

from backend import catalogue
from backend.control_plane import rules
from backend.db.engine import Database
from backend.db.migrate import config, sync_engine, upgrade
from backend.kernel.caller import Caller
from backend.kernel.money import Credits
from backend.kernel.pricing import Charge, Charges, Rules, TokenPrice
from tests.service.gateway.priced import PRICE, buy, by_tokens, priced
from tests.service.identity.people import Town

FLAT, PRO = Rules(Credits.of(1)), "CSA-PRO"
EVERY = [FLAT, Rules(Credits(0)), by_tokens(), by_tokens(Charges(empty=Charge.PRICE, cancelled=Charge.NOTHING))]


@pytest.mark.parametrize("one", EVERY)
def test_what_is_written_is_read_again(one: Rules) -> None:
    assert rules.read(rules.written(one)) == one


def test_a_table_cannot_hold_a_rule_that_breaks_a_law() -> None:
    with pytest.raises(ValueError, match=r"charges\.error"):
        rules.read(rules.written(FLAT).replace('"error": "nothing"', '"error": "price"'))


async def test_the_table_of_offerings_follows_the_rules_of_the_catalogue(town: Town) -> None:
    for one in (*EVERY, FLAT):
        await town.offerings.sync(priced(one))
        offering = await town.offerings.by_sku("CSA-BASIC")
        assert offering is not None
        assert offering.terms.rules == one
        assert {o.sku: o.terms for o in await town.offerings.all()}["CSA-BASIC"] == offering.terms
    assert {o.sku: o.terms for o in await town.offerings.all()} == {v.sku: v.terms for p in catalogue.load() for v in p.variants}


async def bought(town: Town, caller: Caller, then: Rules, now: Rules) -> Rules:
    agent = await buy(town, caller, then, f"{then}{now}"[:200])
    await town.offerings.sync(priced(now))
    return (await town.instances.get(caller, agent.id)).terms.rules


async def test_a_price_that_rises_is_for_those_who_buy_from_then_on(town: Town) -> None:
    ann = await town.member()
    dearer = [
        Rules(Credits.of(2)),
        Rules(Credits.of(1), charges=Charges(empty=Charge.PRICE)),
        by_tokens(),
    ]
    assert [await bought(town, ann, FLAT, now) for now in dearer] == [FLAT] * 3
    rises = Rules(Credits.of(3), TokenPrice(PRICE.per_1000, PRICE.run, Credits.of("0.6")))
    assert await bought(town, ann, by_tokens(), rises) == by_tokens()


async def test_a_price_that_falls_falls_for_everybody(town: Town) -> None:
    ann = await town.member()
    half, kinder = Rules(Credits.of("0.5")), Rules(Credits.of(1), charges=Charges(cancelled=Charge.NOTHING))
    assert await bought(town, ann, FLAT, half) == half
    assert await bought(town, ann, FLAT, kinder) == kinder
    less = Rules(Credits.of(3), PRICE)
    assert await bought(town, ann, by_tokens(), less) == less


async def test_a_price_that_rises_again_after_it_fell_stops_at_what_was_bought(town: Town) -> None:
    ann = await town.member()
    agent = await buy(town, ann, FLAT)
    for now, holds in (("0.5", "0.5"), ("3", "1"), ("1", "1")):
        await town.offerings.sync(priced(Rules(Credits.of(now))))
        assert (await town.instances.list(ann))[0].terms.run == Credits.of(holds)
    assert (await town.instances.get(ann, agent.id)).terms.knowledge > 0


async def test_a_plan_that_is_raised_is_bought_at_the_price_of_that_day(town: Town) -> None:
    ann = await town.member()
    agent = await buy(town, ann, FLAT)
    await town.offerings.sync(priced(Rules(Credits.of(3)), PRO))
    async with town.database.write() as tx:
        await town.instances.raise_plan(tx, workspace_id=ann.workspace_id, instance_id=agent.id, sku=PRO)
    assert (await town.instances.get(ann, agent.id)).terms.run == Credits.of(3)
    await town.offerings.sync(priced(Rules(Credits.of(4)), PRO))
    assert (await town.instances.get(ann, agent.id)).terms.run == Credits.of(3)


async def test_what_was_bought_before_prices_were_kept_keeps_the_price_of_the_day_they_were(town: Town, database_url: str) -> None:
    ann = await town.member()
    agent = await buy(town, ann, Rules(Credits.of("2.5")))
    await town.database.dispose()
    engine = sync_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(config(connection), "0007")
        assert connection.execute(text("SELECT run_micro FROM offering WHERE sku = 'CSA-BASIC'")).scalar_one() == 2_500_000
    engine.dispose()
    upgrade(database_url)
    town = Town(Database(database_url), town.clock, town.settings)
    await town.offerings.sync(priced(Rules(Credits.of(9))))
    assert (await town.instances.get(ann, agent.id)).terms.rules == Rules(Credits.of("2.5"))
    await town.database.dispose()
