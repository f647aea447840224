"""What a key, a widget, a member and a workspace may spend is kept: whatever runs at once, ends badly, or is left behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.control_plane.budgets import Limits, Spent, key_subject, member_subject, widget_subject, workspace_subject
from backend.gateway.spending import Spending
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.caller import Caller
from backend.kernel.errors import BudgetExhausted, InsufficientCredits
from backend.kernel.money import Credits
from backend.runner.ports import Failed, Finished, Token
from backend.widget.views import WidgetUpdate
from tests.service.gateway.house import House

ONE = Credits.of(1)


async def bound(house: House, caller: Caller, **limits: Credits) -> Caller:
    """The member again, whose workspace now has this budget."""
    town = house.town
    await town.budgets.set_workspace(caller.workspace_id, Limits(**limits))
    return replace(caller, budgets=await town.budgets.bound(caller))


async def used(house: House, subject: str) -> Spent:
    return (await Spending(house.database, house.clock)([subject])).get(subject, Spent())


async def test_a_run_counts_in_each_of_its_budgets_what_it_cost(house: House) -> None:
    ann, agent = await house.owner()
    assert ann.account_id is not None
    await house.town.budgets.set_member(ann.workspace_id, ann.account_id, Limits(day=Credits.of(3), month=Credits.of(9)))
    ann = await bound(house, ann, month=Credits.of(4))
    await house.gateway.run(ann, RunCommand(agent.id, "Returns?"))
    assert await used(house, member_subject(ann.workspace_id, ann.account_id)) == Spent(ONE, ONE)
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent(Credits(0), ONE)


async def test_a_used_up_budget_refuses_the_next_run_and_leaves_nothing_behind(house: House) -> None:
    ann, agent = await house.owner()
    ann = await bound(house, ann, day=ONE)
    await house.gateway.run(ann, RunCommand(agent.id, "Returns?"))
    with pytest.raises(BudgetExhausted) as refused:
        await house.gateway.run(ann, RunCommand(agent.id, "Again?", idempotency_key="k"))
    assert refused.value.retry_after == 12 * 3600
    assert "The workspace may spend 1 credit a day and has 0 left" in refused.value.detail
    assert (await house.balance(ann)).available == Credits.of(4)
    house.clock.advance(timedelta(hours=12))
    view = await house.gateway.run(ann, RunCommand(agent.id, "Again?", idempotency_key="k"))
    assert view.status is RunStatus.SUCCEEDED


async def test_when_two_budgets_bind_neither_is_touched_by_a_run_that_one_refuses(house: House) -> None:
    ann, agent = await house.owner()
    assert ann.account_id is not None
    await house.town.budgets.set_member(ann.workspace_id, ann.account_id, Limits(month=Credits.of(5)))
    ann = await bound(house, ann, month=Credits(1))
    with pytest.raises(BudgetExhausted):
        await house.gateway.run(ann, RunCommand(agent.id, "Returns?"))
    assert await used(house, member_subject(ann.workspace_id, ann.account_id)) == Spent()


async def test_the_budget_is_named_before_the_balance_and_a_missing_balance_takes_nothing_of_it(house: House) -> None:
    ann, agent = await house.owner(credits_="0")
    short = await bound(house, ann, day=Credits(1))
    with pytest.raises(BudgetExhausted):
        await house.gateway.run(short, RunCommand(agent.id, "Returns?"))
    poor = await bound(house, ann, day=Credits.of(5))
    with pytest.raises(InsufficientCredits) as refused:
        await house.gateway.run(poor, RunCommand(agent.id, "Returns?"))
    assert refused.value.code == "insufficient_credits"
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent()


@pytest.mark.parametrize(
    ("script", "cost"),
    [
        ([Failed("crashed", "")], "0"),
        ([Token("Nothing is known."), Finished("Nothing is known.", {})], "0"),
        ([RuntimeError("broken")], "0"),
    ],
)
async def test_what_was_held_and_not_charged_may_be_spent_again(house: House, script: list[object], cost: str) -> None:
    ann, agent = await house.owner()
    ann = await bound(house, ann, day=ONE)
    house.runner.script = script  # type: ignore[assignment]
    await house.gateway.run(ann, RunCommand(agent.id, "Returns?"))
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent(day=Credits.of(cost))


async def test_a_run_under_way_holds_its_share_and_a_stopped_one_keeps_what_was_delivered(house: House) -> None:
    ann, agent = await house.owner()
    ann = await bound(house, ann, day=ONE)
    house.runner.script = [Token("x" * 400), asyncio.Event()]
    begun = await house.gateway.begin(ann, RunCommand(agent.id, "Returns?"))
    await house.runner.reached.wait()
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent(day=ONE)
    with pytest.raises(BudgetExhausted):
        await house.gateway.begin(ann, RunCommand(agent.id, "Again?"))
    await house.gateway.cancel(ann, begun.run_id)
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent(day=Credits.of("0.5"))


async def test_a_run_over_midnight_counts_in_the_day_it_began(house: House) -> None:
    ann, agent = await house.owner()
    ann = await bound(house, ann, day=ONE)
    gate = asyncio.Event()
    house.runner.script = [gate, Failed("crashed", "")]
    begun = await house.gateway.begin(ann, RunCommand(agent.id, "Returns?"))
    await house.runner.reached.wait()
    house.clock.advance(timedelta(hours=13))
    gate.set()
    await begun.result()
    house.clock.advance(timedelta(hours=-13))
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent()


async def test_what_a_dead_process_held_of_a_budget_is_given_back(house: House) -> None:
    ann, agent = await house.owner()
    ann = await bound(house, ann, day=ONE, month=ONE)
    house.runner.script = [asyncio.Event()]
    begun = await house.gateway.begin(ann, RunCommand(agent.id, "Returns?"))
    await house.runner.reached.wait()
    house.clock.advance(timedelta(minutes=1))
    assert await house.another_process().recover() == 1
    assert (await house.gateway.get(ann, begun.run_id)).status is RunStatus.FAILED
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent()


async def test_the_same_request_again_takes_nothing_more(house: House) -> None:
    ann, agent = await house.owner()
    ann = await bound(house, ann, day=ONE)
    command = RunCommand(agent.id, "Returns?", idempotency_key="once")
    first, second = await house.gateway.run(ann, command), await house.gateway.run(ann, command)
    assert first.id == second.id
    assert await used(house, workspace_subject(ann.workspace_id)) == Spent(day=ONE)


async def test_many_runs_at_once_never_spend_more_than_any_of_their_budgets(house: House) -> None:
    """Two budgets, taken in another order by two kinds of caller, from two processes."""
    ann, agent = await house.owner(credits_="100", sku="CSA-PRO")
    assert ann.account_id is not None
    await house.town.budgets.set_member(ann.workspace_id, ann.account_id, Limits(day=Credits.of(7)))
    ann = await bound(house, ann, day=Credits.of(11), month=Credits.of(50))
    other = replace(ann, account_id=None, budgets=tuple(b for b in reversed(ann.budgets) if b.subject.startswith("workspace")))
    second = house.another_process()
    refused, at_once = 0, asyncio.Semaphore(8)

    async def ask(n: int) -> None:
        nonlocal refused
        gateway, caller = (house.gateway, second)[n % 2], (ann, other)[n // 2 % 2]
        async with at_once:
            try:
                await gateway.run(caller, RunCommand(agent.id, f"Question {n}"))
            except BudgetExhausted:
                refused += 1

    await asyncio.gather(*(ask(n) for n in range(40)))
    await second.stop()
    whole, member = (
        await used(house, workspace_subject(ann.workspace_id)),
        await used(house, member_subject(ann.workspace_id, ann.account_id)),
    )
    assert whole == Spent(Credits.of(11), Credits.of(11))
    assert member.day <= Credits.of(7)
    assert refused == 29
    assert (await house.balance(ann)).balance == Credits.of(89)


async def test_a_lowered_budget_binds_the_next_run_and_a_removed_one_nobody(house: House) -> None:
    ann, agent = await house.owner()
    ann = await bound(house, ann, day=Credits.of(3))
    for question in ("One?", "Two?"):
        await house.gateway.run(ann, RunCommand(agent.id, question))
    ann = await bound(house, ann, day=ONE)
    with pytest.raises(BudgetExhausted) as refused:
        await house.gateway.run(ann, RunCommand(agent.id, "Three?"))
    assert "has 0 left" in refused.value.detail
    ann = await bound(house, ann)
    assert ann.budgets == ()
    await house.gateway.run(ann, RunCommand(agent.id, "Three?"))


async def test_a_widgets_visitors_share_its_budget_and_a_key_has_its_own(house: House) -> None:
    town = house.town
    ann, agent = await house.owner(credits_="10")
    await town.widgets.settings(ann, agent.id)
    site = WidgetUpdate(allowed_origins=("https://a.example",), budget=Limits(day=ONE))
    widget = await town.widgets.update(ann, agent.id, site)
    visitors = []
    for _ in range(2):
        session = await town.widgets.open_session(widget.id, "https://a.example")
        visitor = await town.access.caller(None, session.token)
        assert visitor is not None
        visitors.append(visitor)
    await house.gateway.run(visitors[0], RunCommand(agent.id, "Returns?"))
    with pytest.raises(InsufficientCredits, match="This agent cannot answer just now"):
        await house.gateway.run(visitors[1], RunCommand(agent.id, "Returns?"))
    program = await town.access.caller(None, await town.key(ann))
    assert program is not None
    assert program.key_id is not None
    await house.gateway.run(program, RunCommand(agent.id, "Returns?"))
    assert await used(house, widget_subject(widget.id)) == Spent(day=ONE)
    assert await used(house, key_subject(program.key_id)) == Spent()
