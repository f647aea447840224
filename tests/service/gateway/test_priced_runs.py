"""Runs under every price and charge rule, from the hold to the receipt."""

from __future__ import annotations

import asyncio

import pytest

from backend.gateway.views import RunCommand, RunStatus, RunView
from backend.kernel.errors import InsufficientCredits, Invalid
from backend.kernel.money import Credits
from backend.kernel.pricing import Charge, Charges, Rules
from backend.runner.ports import Failed, Finished, Token
from tests.service.gateway.house import House
from tests.service.gateway.priced import buy, by_tokens


def receipt(run: RunView) -> tuple[str, str, str]:
    assert run.receipt is not None
    return str(run.receipt.held), str(run.receipt.charged), str(run.receipt.available)


@pytest.mark.parametrize(
    ("usage", "charged", "left"),
    [({"total_tokens": 2500}, "1.1", "3.9"), ({"total_tokens": 10**6}, "4", "1"), ({"input_tokens": 10}, "0.5", "4.5"), ({}, "0.5", "4.5")],
)
async def test_the_maximum_is_held_and_the_tokens_used_are_charged(house: House, usage: dict[str, int], charged: str, left: str) -> None:
    caller, _ = await house.owner()
    agent = await buy(house.town, caller, by_tokens())
    house.runner.script = [Finished("Within 30 days [1].", usage)]
    assert receipt(await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))) == ("4", charged, left)


@pytest.mark.parametrize("cap", ["0.499999", "0.5", "1.5", "3.999999"])
async def test_a_cap_below_what_a_run_may_cost_gets_no_long_answer_for_the_minimum(house: House, cap: str) -> None:
    caller, _ = await house.owner()
    agent = await buy(house.town, caller, by_tokens())
    house.runner.script = [Finished("Within 30 days [1].", {"total_tokens": 10**6})]
    with pytest.raises(Invalid, match="up to 4 credits") as refused:
        await house.gateway.run(caller, RunCommand(agent.id, "Can I?", max_credits=Credits.of(cap)))
    assert (refused.value.code, refused.value.fields) == ("quote_exceeds_cap", {"max_credits": "at least 4"})
    assert house.runner.jobs == []
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I?", max_credits=Credits.of(4)))
    assert receipt(run) == ("4", "4", "1")


async def test_a_balance_below_what_a_run_may_cost_runs_nothing(house: House) -> None:
    caller, _ = await house.owner(credits_="2")
    agent = await buy(house.town, caller, by_tokens())
    with pytest.raises(InsufficientCredits):
        await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))


async def test_tokens_of_a_run_that_failed_cost_nothing(house: House) -> None:
    caller, _ = await house.owner()
    agent = await buy(house.town, caller, by_tokens())
    for code in ("timeout", "flow_failed"):
        house.runner.script = [Token("Within "), Failed(code, "")]
        assert receipt(await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))) == ("4", "0", "5")


async def test_an_answer_without_a_source_costs_what_its_listing_says(house: House) -> None:
    caller, _ = await house.owner()
    house.runner.script = [Finished("Hello.", {"total_tokens": 2500})]
    free = await buy(house.town, caller, by_tokens(), "free")
    assert receipt(await house.gateway.run(caller, RunCommand(free.id, "Hi")))[1] == "0"
    paid = await buy(house.town, caller, by_tokens(Charges(empty=Charge.PRICE)), "paid")
    assert receipt(await house.gateway.run(caller, RunCommand(paid.id, "Hi")))[1] == "1.1"


@pytest.mark.parametrize(("cancelled", "charged"), [(Charge.PART, "0.25"), (Charge.NOTHING, "0")])
async def test_a_run_that_is_stopped_costs_a_part_of_the_minimum_or_nothing(house: House, cancelled: Charge, charged: str) -> None:
    caller, _ = await house.owner()
    agent = await buy(house.town, caller, by_tokens(Charges(cancelled=cancelled)))
    house.runner.script = [Token("x" * 400), asyncio.Event()]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    await house.runner.reached.wait()
    run = await house.gateway.cancel(caller, begun.run_id)
    assert (run.status, receipt(run)[1]) == (RunStatus.CANCELLED, charged)


async def test_a_run_costs_what_its_agent_was_bought_at_though_the_price_rose(house: House) -> None:
    caller, _ = await house.owner()
    agent = await buy(house.town, caller, Rules(Credits.of(1)))
    await buy(house.town, caller, Rules(Credits.of(3)), "later")
    assert receipt(await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))) == ("1", "1", "4")
