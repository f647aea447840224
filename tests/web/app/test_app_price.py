"""What a member is told a run costs, before and after there is a history."""

from __future__ import annotations

from dataclasses import replace

from backend.gateway.quotes import ENOUGH, Estimate
from backend.gateway.views import RunCommand
from backend.kernel.money import Credits
from backend.kernel.pricing import Charge, Charges
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_rows import agent_row, usual
from cmp_web.state.views import Row
from tests.service.gateway.priced import by_tokens
from tests.web.app.conftest import Desk, call


async def test_an_agent_says_what_its_answers_came_to_once_there_are_enough(desk: Desk) -> None:
    await desk.document()
    await desk.gift("30")
    tab = desk.at_agent(Agent)
    await call(Agent.load, tab)
    assert (tab.row.run, tab.row.most, tab.row.tokens, tab.row.empty_free, tab.usual) == ("1 credit", "1 credit", "", True, [])
    for _ in range(ENOUGH):
        await desk.services.gateway.run(desk.caller, RunCommand(desk.agent.id, "When can I return a lamp?"))
    await call(Agent.load, tab)
    assert tab.usual == [Row("An answer usually costs", "1 credit"), Row("It usually takes", "0.0 s")]


def test_a_price_for_tokens_is_shown_with_what_is_held_for_it(desk: Desk) -> None:
    terms = desk.agent.terms.under(by_tokens(Charges(empty=Charge.PRICE)))
    row = agent_row(replace(desk.agent, terms=terms))
    assert (row.run, row.most) == ("0.5 to 4 credits", "4 credits")
    assert (row.tokens, row.empty_free) == ("0.1 credits and 0.4 credits for 1,000 tokens", False)


def test_a_cost_that_varies_is_told_with_what_it_seldom_exceeds() -> None:
    assert usual(None) == []
    varied = usual(estimate("0.5", "3"))
    assert varied[0].value == "0.5, seldom over 3 credits"


def estimate(p50: str, p95: str) -> Estimate:
    return Estimate(Credits.of(p50), Credits.of(p95), 800, 2000, ENOUGH)
