"""What is refused, before anything is held, and how often what may be done."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.gateway.views import RunCommand, RunFilter
from backend.kernel.caller import Door
from backend.kernel.errors import Conflict, DomainError, Forbidden, InsufficientCredits, Invalid, NotFound, RateLimited, TooLarge
from backend.kernel.ids import InstanceId
from backend.kernel.money import Credits
from tests.service.gateway.house import ANSWER, House


async def test_a_run_without_credits_is_refused_with_the_way_to_top_up_and_leaves_nothing(house: House) -> None:
    caller, agent = await house.owner(credits_="0.5")
    with pytest.raises(InsufficientCredits, match=r"needs 1 credit and 0\.5 are available\. Top up at /app/credits"):
        await house.gateway.run(caller, RunCommand(agent.id, "Can I?", idempotency_key="k"))
    assert (await house.gateway.runs(caller, RunFilter())).items == []
    assert house.runner.jobs == []


async def test_a_refused_request_may_be_made_again_with_its_key(house: House) -> None:
    caller, agent = await house.owner(credits_="0")
    command = RunCommand(agent.id, "Can I?", idempotency_key="k")
    with pytest.raises(InsufficientCredits):
        await house.gateway.run(caller, command)
    async with house.database.write() as tx:
        gift = {"amount": Credits.of(1), "source": "gift", "ref": "g", "key": "later"}
        await house.ledger.grant(tx, workspace_id=caller.workspace_id, **gift)  # type: ignore[arg-type]
    assert (await house.gateway.run(caller, command)).status == "succeeded"


@pytest.mark.parametrize(
    ("text", "error", "field"),
    [("", Invalid, "input.query"), (" \n", Invalid, "input.query"), ("x" * 16_001, TooLarge, "input.query")],
)
async def test_a_question_is_neither_empty_nor_endless(house: House, text: str, error: type[DomainError], field: str) -> None:
    caller, agent = await house.owner()
    with pytest.raises(error) as refused:
        await house.gateway.run(caller, RunCommand(agent.id, text))
    assert field in refused.value.fields


async def test_a_cap_below_the_price_is_refused_and_one_at_the_price_is_not(house: House) -> None:
    caller, agent = await house.owner()
    with pytest.raises(Invalid) as refused:
        await house.gateway.run(caller, RunCommand(agent.id, "Can I?", max_credits=Credits.of("0.999999")))
    assert (refused.value.code, list(refused.value.fields)) == ("quote_exceeds_cap", ["max_credits"])
    assert (await house.gateway.run(caller, RunCommand(agent.id, "Can I?", max_credits=Credits.of(1)))).status == "succeeded"


async def test_the_api_needs_a_plan_that_includes_it(house: House) -> None:
    caller, agent = await house.owner()
    without = replace(agent, terms=replace(agent.terms, rest=False))

    class Instances:
        async def ready(self, *_: object) -> object:
            return without

    house.gateway._admission._instances = Instances()  # type: ignore[assignment]
    with pytest.raises(Forbidden):
        await house.gateway.run(replace(caller, door=Door.API), RunCommand(agent.id, "Can I?"))


@pytest.mark.usefixtures("one_moment")
async def test_requests_a_minute_follow_the_plan(house: House) -> None:
    caller, agent = await house.owner(credits_="50")
    house.runner.script = ANSWER
    for _ in range(agent.terms.rpm):
        await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    with pytest.raises(RateLimited) as refused:
        await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    assert 1 <= refused.value.retry_after <= 60


async def test_only_so_many_runs_of_a_workspace_are_under_way_at_once(house: House) -> None:
    caller, agent = await house.owner(credits_="50")
    other, others_agent = await house.owner("bob@example.com")
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    begun = [await house.gateway.begin(caller, RunCommand(agent.id, "Can I?")) for _ in range(house.settings.running_at_once)]
    with pytest.raises(RateLimited) as refused:
        await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    assert refused.value.code == "too_many_running"
    begun.append(await house.gateway.begin(other, RunCommand(others_agent.id, "Can I?")))
    rest.set()
    await asyncio.gather(*(run.result() for run in begun))
    assert (await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))).status == "succeeded"


async def test_many_requests_at_once_never_spend_more_than_there_is(house: House) -> None:
    caller, agent = await house.owner(credits_="3")
    asked = [house.gateway.run(caller, RunCommand(agent.id, f"Question {n}")) for n in range(house.settings.running_at_once)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(result, InsufficientCredits) for result in results) == house.settings.running_at_once - 3
    assert (await house.balance(caller)).balance == Credits(0)


async def test_the_same_key_and_request_give_the_same_answer_and_cost_once(house: House) -> None:
    caller, agent = await house.owner()
    command = RunCommand(agent.id, "Can I?", idempotency_key="k")
    first = await house.gateway.run(caller, command)
    assert await house.gateway.run(caller, command) == first
    events = await house.events(caller, command)
    assert [event.name for event in events] == ["run.started", "token", "source", "run.completed"]
    assert events[-1].data["id"] == first.id
    assert (len(house.runner.jobs), str((await house.balance(caller)).balance)) == (1, "4")


async def test_the_same_key_at_the_same_time_runs_once(house: House) -> None:
    caller, agent = await house.owner()
    command = RunCommand(agent.id, "Can I?", idempotency_key="k")
    runs = await asyncio.gather(*(house.gateway.run(caller, command) for _ in range(5)))
    assert len({run.id for run in runs}) == len(house.runner.jobs) == 1


async def test_the_same_key_in_another_process_waits_for_the_first_answer(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    command = RunCommand(agent.id, "Can I?", idempotency_key="k")
    begun = await house.gateway.begin(caller, command)
    elsewhere = asyncio.create_task(house.another_process().run(caller, command))
    await house.runner.reached.wait()
    rest.set()
    assert await elsewhere == await begun.result()
    assert len(house.runner.jobs) == 1


async def test_the_same_key_for_another_request_is_a_conflict(house: House) -> None:
    caller, agent = await house.owner()
    await house.gateway.run(caller, RunCommand(agent.id, "Can I?", idempotency_key="k"))
    with pytest.raises(Conflict) as refused:
        await house.gateway.run(caller, RunCommand(agent.id, "May I?", idempotency_key="k"))
    assert refused.value.code == "idempotency_key_reused"


async def test_a_key_names_its_first_request_for_a_day_and_is_free_afterwards(house: House) -> None:
    caller, agent = await house.owner()
    command = RunCommand(agent.id, "Can I?", idempotency_key="k")
    first = await house.gateway.run(caller, command)
    house.clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
    assert await house.gateway.run(caller, command) == first
    with pytest.raises(Conflict):
        await house.gateway.run(caller, replace(command, text="May I?"))
    house.clock.advance(timedelta(microseconds=1))
    another = await house.gateway.run(caller, replace(command, text="May I?"))
    assert (another.query, await house.gateway.run(caller, replace(command, text="May I?"))) == ("May I?", another)
    # The first run is still there to be read; only its key has gone over to another.
    assert await house.gateway.get(caller, first.id) == first
    assert (len(house.runner.jobs), (await house.balance(caller)).available) == (2, Credits.of(3))


async def test_a_key_means_something_only_to_its_sender(house: House) -> None:
    caller, agent = await house.owner()
    other, others_agent = await house.owner("bob@example.com")
    await house.gateway.run(caller, RunCommand(agent.id, "Can I?", idempotency_key="k"))
    run = await house.gateway.run(other, RunCommand(others_agent.id, "May I?", idempotency_key="k"))
    assert run.query == "May I?"


async def test_a_visitor_has_one_conversation_one_agent_and_only_their_own_runs(house: House) -> None:
    caller, agent = await house.owner()
    visitor = replace(caller, door=Door.WIDGET, account_id=None, session_id="conv_01VISITOR", instances=frozenset({agent.id}), email="")
    another = replace(visitor, session_id="conv_01ANOTHER")
    run = await house.gateway.run(visitor, RunCommand(agent.id, "Can I?", conversation_id="conv_of_somebody"))
    assert (run.conversation_id, run.door) == ("conv_01VISITOR", Door.WIDGET)
    assert await house.gateway.get(visitor, run.id) == run
    with pytest.raises(NotFound):
        await house.gateway.get(another, run.id)
    second = await house.town.agent(caller, source_key="order-2:line-1:1")
    with pytest.raises(NotFound):
        await house.gateway.run(visitor, RunCommand(InstanceId(second.id), "Can I?"))
