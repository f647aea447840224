"""A run from the question to the receipt."""

from __future__ import annotations

import asyncio

import pytest

from backend.gateway.views import RunCommand, RunFilter, RunStatus
from backend.kernel.caller import Door
from backend.kernel.errors import Conflict, NotFound
from backend.kernel.money import Credits
from backend.ledger.views import HoldStatus
from backend.runner.ports import Failed, Finished, Token
from tests.service.gateway.house import ANSWER, House


async def test_an_answer_from_the_documents_costs_the_price_and_names_its_sources(house: House) -> None:
    caller, agent = await house.owner()
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
    assert (run.status, run.text, run.usage, run.door) == (RunStatus.SUCCEEDED, "Within 30 days [1].", {"total_tokens": 9}, Door.WORKSPACE)
    assert [(s.n, s.document_name, s.place, s.quote) for s in run.sources] == [
        (1, "handbook.md", "Returns", "You can return a lamp within 30 days.")
    ]
    assert run.receipt is not None
    assert [str(part) for part in (run.receipt.held, run.receipt.charged, run.receipt.available)] == ["1", "1", "4"]
    assert await house.gateway.get(caller, run.id) == run


async def test_events_come_in_order_and_end_with_the_whole_run(house: House) -> None:
    caller, agent = await house.owner()
    events = await house.events(caller, RunCommand(agent.id, "Can I return a lamp?"))
    # Pieces that come before anybody reads are one.
    assert list(dict.fromkeys(event.name for event in events)) == ["run.started", "token", "source", "run.completed"]
    ids = [event.id for event in events]
    assert ids == sorted(set(ids))
    assert events[0].data["quoted"] == "1"
    assert "".join(event.data["text"] for event in events if event.name == "token") == "Within 30 days [1]."
    assert events[-1].data["output"]["text"] == "Within 30 days [1]."
    assert events[-1].data["receipt"]["available"] == "4"


async def test_tokens_reach_the_client_while_the_runner_still_works(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [Token("Within "), rest, Token("30 days [1]."), Finished("Within 30 days [1].")]
    seen = []
    async for event in house.gateway.stream(caller, RunCommand(agent.id, "Can I?")):
        seen.append(event.name)
        if event.name == "token":
            rest.set()
    assert seen.count("token") == 2


async def test_the_runner_is_given_numbered_passages_and_the_conversation_so_far(house: House) -> None:
    caller, agent = await house.owner()
    first = await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
    again = await house.gateway.run(caller, RunCommand(agent.id, "And a shade?", first.conversation_id))
    assert again.conversation_id == first.conversation_id
    job = house.runner.jobs[1]
    assert [(p.n, p.place) for p in job.passages] == [(1, "Returns"), (2, "Delivery")]
    assert [(t.role, t.text) for t in job.history] == [("user", "Can I return a lamp?"), ("agent", "Within 30 days [1].")]
    assert job.session_id == f"{agent.id}:{first.conversation_id}"
    messages = await house.town.conversations.messages(caller, first.conversation_id)
    assert [(m.role, m.run_id, len(m.sources)) for m in messages] == [
        ("user", first.id, 0),
        ("agent", first.id, 1),
        ("user", again.id, 0),
        ("agent", again.id, 1),
    ]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([Token("Let me"), Failed("flow_failed", "boom")], "flow_failed"),
        ([Failed("timeout", "120 s")], "timeout"),
        ([Failed("unavailable", "starting")], "unavailable"),
        ([RuntimeError("the runner broke its contract")], "internal"),
        ([Token("no end")], "crashed"),
        ([Token("x" * 200_001), Finished("")], "too_long"),
    ],
)
async def test_a_run_that_fails_costs_nothing_and_says_why(house: House, script: list[object], code: str) -> None:
    caller, agent = await house.owner()
    house.runner.script = script  # type: ignore[assignment]
    events = await house.events(caller, RunCommand(agent.id, "Can I?"))
    ended = events[-1]
    assert (ended.name, ended.data["status"], ended.data["error"]["code"]) == ("run.failed", "failed", code)
    assert "boom" not in ended.data["error"]["detail"]
    assert (ended.data["receipt"]["charged"], ended.data["receipt"]["status"]) == ("0", HoldStatus.RELEASED)
    assert str((await house.balance(caller)).available) == "5"


async def test_a_runner_that_never_ends_is_closed_and_costs_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, agent = await house.owner()
    monkeypatch.setattr("backend.gateway.answering.GRACE", 0.05 - agent.terms.run_seconds)
    house.runner.script = [asyncio.Event()]
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    assert (run.error_code, house.runner.closed) == ("timeout", 1)
    assert (await house.balance(caller)).held == Credits(0)


@pytest.mark.parametrize("text", ["That is not in your documents.", "See [7].", ""])
async def test_an_answer_that_cites_no_passage_costs_nothing(house: House, text: str) -> None:
    caller, agent = await house.owner()
    house.runner.script = [Finished(text)]
    run = await house.gateway.run(caller, RunCommand(agent.id, "Who won in 1954?"))
    assert run.status == RunStatus.SUCCEEDED
    assert run.receipt is not None
    assert (str(run.receipt.charged), str(run.receipt.released)) == ("0", "1")


async def test_a_stopped_run_costs_the_part_that_was_delivered(house: House) -> None:
    caller, agent = await house.owner()
    house.runner.script = [Token("x" * 200), asyncio.Event()]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Tell me all"))
    await house.runner.reached.wait()
    run = await house.gateway.cancel(caller, begun.run_id)
    assert (run.status, len(run.text), house.runner.closed) == (RunStatus.CANCELLED, 200, 1)
    assert run.receipt is not None
    assert str(run.receipt.charged) == "0.25"
    assert await house.gateway.cancel(caller, begun.run_id) == run


async def test_a_client_that_goes_away_does_not_stop_the_run(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [Token("Within "), rest, Finished("Within 30 days [1].")]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    reader = begun.follow()
    async for event in reader:
        if event is not None and event.name == "token":
            break
    await reader.aclose()  # type: ignore[attr-defined]
    rest.set()
    await begun.result()
    run = await house.gateway.get(caller, begun.run_id)
    assert (run.status, str(run.receipt.charged if run.receipt else "")) == (RunStatus.SUCCEEDED, "1")


async def test_a_caller_whose_request_is_cancelled_does_not_stop_the_run(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    request = asyncio.create_task(house.gateway.run(caller, RunCommand(agent.id, "Can I?", idempotency_key="k")))
    await house.runner.reached.wait()
    request.cancel()
    rest.set()
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I?", idempotency_key="k"))
    assert (run.status, len(house.runner.jobs)) == (RunStatus.SUCCEEDED, 1)


async def test_credits_that_run_out_do_not_stop_the_run_under_way(house: House) -> None:
    caller, agent = await house.owner(credits_="1")
    rest = asyncio.Event()
    house.runner.script = [rest, *ANSWER]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    assert (await house.balance(caller)).available == Credits(0)
    rest.set()
    assert (await begun.result()).status == RunStatus.SUCCEEDED


async def test_two_readers_of_one_run_get_the_same_events(house: House) -> None:
    caller, agent = await house.owner()
    rest = asyncio.Event()
    house.runner.script = [Token("Within "), rest, Finished("Within 30 days [1].")]
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))

    async def read() -> tuple[str, list[object]]:
        seen = [event async for event in begun.follow() if event is not None]
        return "".join(event.data["text"] for event in seen if event.name == "token"), [e for e in seen if e.name != "token"]

    readers = [asyncio.create_task(read()) for _ in range(2)]
    await house.runner.reached.wait()
    rest.set()
    first, second = await asyncio.gather(*readers)
    assert first == second == await read()


async def test_runs_are_listed_newest_first_by_page_agent_and_status(house: House) -> None:
    caller, agent = await house.owner()
    ids = [(await house.gateway.run(caller, RunCommand(agent.id, f"Question {n}"))).id for n in range(3)]
    house.runner.script = [Failed("crashed", "")]
    ids.append((await house.gateway.run(caller, RunCommand(agent.id, "Question 3"))).id)
    first = await house.gateway.runs(caller, RunFilter(limit=3))
    second = await house.gateway.runs(caller, RunFilter(limit=3, cursor=first.next))
    assert {run.id for run in (*first.items, *second.items)} == set(ids)
    assert [len(first.items), len(second.items), second.next] == [3, 1, None]
    assert [run.id for run in (await house.gateway.runs(caller, RunFilter(status=RunStatus.FAILED))).items] == ids[3:]
    assert (await house.gateway.runs(caller, RunFilter(instance_id="inst_none"))).items == []
    assert all(run.receipt is not None for run in first.items)


async def test_another_workspaces_run_agent_and_conversation_are_not_found(house: House) -> None:
    caller, agent = await house.owner()
    other, others_agent = await house.owner("bob@example.com")
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    for attempt in (
        house.gateway.get(other, run.id),
        house.gateway.cancel(other, run.id),
        house.gateway.run(other, RunCommand(agent.id, "Can I?")),
        house.gateway.run(other, RunCommand(others_agent.id, "Can I?", run.conversation_id)),
        house.gateway.run(caller, RunCommand("inst_unknown", "Can I?")),
        house.gateway.get(caller, "run_unknown"),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await house.gateway.runs(other, RunFilter())).items == []
    assert (await house.balance(other)).available == Credits.of(5)


async def test_a_paused_agent_answers_nobody(house: House) -> None:
    caller, agent = await house.owner()
    await house.town.instances.pause(caller, agent.id)
    with pytest.raises(Conflict) as refused:
        await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    assert refused.value.code == "instance_paused"


async def test_a_reader_that_was_cut_off_goes_on_where_it_was_also_when_the_run_is_over(house: House) -> None:
    caller, agent = await house.owner()
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    whole = [event async for event in (await house.gateway.resume(caller, run.id)).follow() if event is not None]
    for after in (1, 8, whole[-2].id, whole[-1].id):
        rest = [event async for event in (await house.gateway.resume(caller, run.id)).follow(after=after) if event is not None]
        said = "".join(event.data["text"] for event in rest if event.name == "token")
        assert said == run.text[after - 1 :]
        assert [event for event in rest if event.name != "token"] == [e for e in whole if e.name != "token" and e.id > after]


async def test_a_reader_that_was_cut_off_hears_of_the_failure_of_a_run(house: House) -> None:
    caller, agent = await house.owner()
    house.runner.script = [Token("x" * 300), Failed("crashed", "")]
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    rest = [event async for event in (await house.gateway.resume(caller, run.id)).follow(after=301) if event is not None]
    assert [(event.name, event.id) for event in rest] == [("run.failed", 302)]


async def test_no_count_of_tokens_that_a_flow_makes_up_can_break_what_is_added_up(house: House) -> None:
    caller, agent = await house.owner()
    for count in (2**70, -(2**70)):
        house.runner.script = [Finished("Within 30 days [1].", {"total_tokens": count, "input_tokens": count})]
        run = await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
        assert (run.status, abs(run.usage["total_tokens"]) <= 2**40) == (RunStatus.SUCCEEDED, True)
        assert (await house.gateway.get(caller, run.id)).usage == run.usage
    assert (await house.balance(caller)).available == Credits.of(3)
