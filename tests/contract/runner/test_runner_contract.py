"""What every runner keeps. Each test runs on both adapters."""

import asyncio

import pytest

from backend.runner.flows import Plan, flow_for
from backend.runner.ports import Failed, Finished, Job, PassageIn, Token
from tests.contract.runner.conftest import Stage, ready
from tests.contract.runner.flows import KBA, flow, job

pytestmark = pytest.mark.asyncio(loop_scope="module")


def asked_of_model(stage: Stage, **more: object) -> Job:
    plan: Plan = flow_for(KBA, stage.settings)
    return job(plan.flow, variables=plan.variables, tweaks=plan.tweaks, **more)


async def test_a_run_ends_with_the_text_its_tokens_made(stage: Stage) -> None:
    *tokens, last = await stage.play(job(flow()))
    assert isinstance(last, Finished)
    assert "".join(token.text for token in tokens if isinstance(token, Token)) == last.text
    assert len(tokens) >= 1


async def test_a_flow_answers_from_the_passages_of_its_job_and_cites_them(stage: Stage) -> None:
    last = (await stage.play(job(flow())))[-1]
    assert last == Finished("“We sell gift cards of $10 and $25.” [1]\n\n“Gift cards are valid for three years.” [1]")


async def test_what_is_not_in_the_passages_is_said_without_citing(stage: Stage) -> None:
    last = (await stage.play(job(flow(), "Who painted the Mona Lisa?")))[-1]
    assert last == Finished("This is not in your documents.")


async def test_runs_at_once_do_not_mix(stage: Stage) -> None:
    def one(n: int) -> Job:
        passage = PassageIn(1, "doc", "a.md", "", f"Cupboard number {n} holds the blue key of room {n}.")
        return job(flow(), "What does the cupboard hold?", run_id=f"run_{n}", session_id=f"inst_{n}:c", passages=(passage,))

    ends = await asyncio.gather(*(stage.play(one(n)) for n in range(12)))
    assert [end[-1] for end in ends] == [Finished(f"“Cupboard number {n} holds the blue key of room {n}.” [1]") for n in range(12)]


async def test_tokens_of_a_model_come_while_it_still_speaks(stage: Stage) -> None:
    stage.llm.hold.clear()
    events = stage.runner.stream(asked_of_model(stage))
    async with asyncio.timeout(30):
        assert await anext(events) == Token("You ")
    stage.llm.hold.set()
    rest = [event async for event in events]
    assert rest[:-1] == [Token("may "), Token("return "), Token("it "), Token("[1] ")]
    assert rest[-1] == Finished("You may return it [1] ", {"input_tokens": 70, "output_tokens": 5, "total_tokens": 75})


async def test_a_model_is_asked_with_the_settings_of_the_market_and_the_passages(stage: Stage) -> None:
    await stage.play(asked_of_model(stage))
    assert stage.llm.keys[-1] == "sk-model-of-the-test"
    assert stage.llm.asked[-1]["model"] == "fake-model-7"
    assert "We sell gift cards of $10" in stage.llm.asked[-1]["messages"][-1]["content"]


async def test_runs_at_once_have_their_own_variables_and_settings_of_nodes(stage: Stage) -> None:
    plan = flow_for(KBA, stage.settings)
    stage.llm.hold.clear()

    def of(n: int) -> Job:
        return job(
            plan.flow,
            run_id=f"run_{n}",
            session_id=f"inst_{n}:c",
            variables={**plan.variables, "OPENAI_API_KEY": f"sk-of-customer-{n}"},
            tweaks={"OpenAIModel-answer": {"model_name": f"model-{n}"}},
        )

    before = len(stage.llm.asked)
    runs = [asyncio.create_task(stage.play(of(n))) for n in range(3)]
    async with asyncio.timeout(60):
        while len(stage.llm.asked) < before + 3:
            await asyncio.sleep(0.02)
    stage.llm.hold.set()
    ends = [events[-1] for events in await asyncio.gather(*runs)]
    assert all(isinstance(end, Finished) for end in ends), ends
    asked = {(key, body["model"]) for key, body in zip(stage.llm.keys[before:], stage.llm.asked[before:], strict=True)}
    assert asked == {(f"sk-of-customer-{n}", f"model-{n}") for n in range(3)}


async def test_a_run_is_in_the_session_that_its_job_names(stage: Stage) -> None:
    ends = await asyncio.gather(*(stage.play(job(stage.session, session_id=f"inst_{n}:conv_1")) for n in range(3)))
    assert [end[-1] for end in ends] == [Finished(f"inst_{n}:conv_1") for n in range(3)]


async def test_a_failed_component_fails_the_run_in_its_own_words(stage: Stage) -> None:
    assert await stage.play(job(stage.failing)) == [Failed("flow_failed", "the shelf is empty")]


async def test_a_key_that_the_model_refuses_fails_the_run_without_telling_the_key(stage: Stage) -> None:
    plan = flow_for(KBA, stage.settings)
    refused = job(plan.flow, variables={**plan.variables, "OPENAI_API_KEY": "sk-refused"}, tweaks=plan.tweaks)
    assert await stage.play(refused) == [Failed("flow_failed", "Incorrect API key provided")]


async def test_closing_the_stream_stops_the_run(stage: Stage) -> None:
    stage.llm.hold.clear()
    stage.llm.gone.clear()
    events = stage.runner.stream(asked_of_model(stage))
    async with asyncio.timeout(30):
        assert await anext(events) == Token("You ")
        await events.aclose()  # type: ignore[attr-defined]
        await stage.llm.gone.wait()
    stage.llm.hold.set()
    assert isinstance((await stage.play(job(flow())))[-1], Finished)


async def test_a_run_that_takes_too_long_is_stopped_and_the_next_is_well(stage: Stage) -> None:
    assert await stage.play(job(stage.endless, timeout=0.4)) == [Failed("timeout", "The run took longer than 0.4 seconds and was stopped.")]
    await ready(stage.runner)
    assert isinstance((await stage.play(job(flow())))[-1], Finished)
