"""`/v1/chat/completions` and `/v1/models`, as OpenAI's own client sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from openai import OpenAI

from backend.kernel.caller import Door as Way
from backend.runner.ports import Failed, Finished, Token
from tests.api.gateway.conftest import Open
from tests.contract.doors.conftest import client, key

ASK: Any = [{"role": "user", "content": "Can I return a lamp?"}]
COUNTED = [
    Token("Within 30 days "),
    Token("[1]."),
    Finished("Within 30 days [1].", {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}),
]


async def test_an_agent_answers_as_a_model_and_the_receipt_comes_along(door: Open, server: str) -> None:
    ann = await door()
    ann.house.runner.script = COUNTED
    async with client(ann, server) as ai:
        answer = await ai.chat.completions.create(model=ann.agent.id, messages=ASK)
    [choice] = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Within 30 days [1].", "stop")
    assert (answer.object, answer.model, answer.id[:9]) == ("chat.completion", ann.agent.id, "chatcmpl-")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 2, 9)
    own = (answer.model_extra or {})["cmp"]
    assert answer._request_id == own["run_id"]
    assert (own["receipt"]["charged"], own["sources"][0]["document_name"], own["ignored"]) == ("1", "handbook.md", [])
    run = (await ann.http.get(f"/v1/runs/{own['run_id']}")).json()
    assert (run["door"], run["receipt"], run["usage"]["total_tokens"]) == (Way.OPENAI, own["receipt"], 9)


async def test_the_client_that_waits_is_served_too(door: Open, server: str) -> None:
    ann = await door()

    def ask() -> tuple[str | None, list[str]]:
        with OpenAI(base_url=f"{server}/v1", api_key=key(ann)) as ai:
            whole = ai.chat.completions.create(model=ann.agent.id, messages=ASK)
            pieces = ai.chat.completions.create(model=ann.agent.id, messages=ASK, stream=True)
            return whole.choices[0].message.content, [chunk.choices[0].delta.content or "" for chunk in pieces]

    whole, pieces = await asyncio.to_thread(ask)
    assert (whole, "".join(pieces)) == ("Within 30 days [1].", "Within 30 days [1].")


async def test_chunks_come_before_the_run_has_ended_and_the_last_one_counts(door: Open, server: str) -> None:
    ann, rest = await door(), asyncio.Event()
    ann.house.runner.script = [COUNTED[0], rest, *COUNTED[1:]]
    async with client(ann, server) as ai:
        stream = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, stream=True, stream_options={"include_usage": True})
        seen = []
        async for chunk in stream:
            seen.append(chunk)
            if chunk.choices and chunk.choices[0].delta.content:
                # Only what has already been read lets the run go on.
                rest.set()
    assert [chunk.choices[0].delta.content for chunk in seen[:3]] == ["", "Within 30 days ", "[1]."]
    assert [chunk.choices[0].finish_reason for chunk in seen[:-1]] == [None, None, None, "stop"]
    assert [chunk.usage for chunk in seen[:-1]] == [None] * 4
    assert seen[-1].choices == []
    assert seen[-1].usage is not None
    assert seen[-1].usage.total_tokens == 9
    assert len({chunk.id for chunk in seen}) == 1
    assert (seen[3].model_extra or {})["cmp"]["receipt"]["charged"] == "1"


async def test_without_the_option_no_chunk_speaks_of_usage(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai:
        stream = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, stream=True)
        chunks = [chunk async for chunk in stream]
    assert all(chunk.choices and "usage" not in chunk.model_fields_set for chunk in chunks)


async def test_the_helper_that_gathers_chunks_ends_with_the_whole_answer(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai, ai.chat.completions.stream(model=ann.agent.id, messages=ASK) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.content == "Within 30 days [1]."


async def test_what_was_said_before_reaches_the_agent_and_instructions_do_not(door: Open, server: str) -> None:
    ann = await door()
    said: Any = [
        {"role": "system", "content": "Talk like a pirate."},
        {"role": "user", "content": [{"type": "text", "text": "Do you sell lamps?"}]},
        {"role": "assistant", "content": "We do."},
        *ASK,
    ]
    async with client(ann, server) as ai:
        answer = await ai.chat.completions.create(model=ann.agent.id, messages=said, temperature=0.2, user="u-1", max_completion_tokens=50)
    [job] = ann.house.runner.jobs
    assert (job.text, [(turn.role, turn.text) for turn in job.history]) == (
        "Can I return a lamp?",
        [("user", "Do you sell lamps?"), ("agent", "We do.")],
    )
    own = (answer.model_extra or {})["cmp"]
    assert own["ignored"] == ["messages[0]", "max_completion_tokens", "temperature", "user"]
    # The client keeps the conversation: nothing of it is taken from an earlier call.
    assert len({job.session_id for job in ann.house.runner.jobs}) == 1
    async with client(ann, server) as ai:
        await ai.chat.completions.create(model=ann.agent.id, messages=ASK)
    assert ann.house.runner.jobs[1].history == ()


async def test_only_the_last_twenty_messages_before_the_question_count(door: Open, server: str) -> None:
    ann = await door()
    before: Any = [{"role": "user" if n % 2 == 0 else "assistant", "content": f"turn {n}"} for n in range(30)]
    async with client(ann, server) as ai:
        await ai.chat.completions.create(model=ann.agent.id, messages=[*before, *ASK])
        with pytest.raises(openai.BadRequestError) as caught:
            await ai.chat.completions.create(model=ann.agent.id, messages=[{"role": "assistant", "content": "x" * 64_001}, *ASK])
    assert [turn.text for turn in ann.house.runner.jobs[0].history] == [f"turn {n}" for n in range(10, 30)]
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")


async def test_the_same_idempotency_key_is_the_same_run_charged_once(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai:
        head = {"Idempotency-Key": "order-7"}
        first = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, extra_headers=head)
        again = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, extra_headers=head)
        other: Any = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, *ASK]
        with pytest.raises(openai.ConflictError) as caught:
            await ai.chat.completions.create(model=ann.agent.id, messages=other, extra_headers=head)
    assert (again.id, again.model_extra) == (first.id, first.model_extra)
    assert (caught.value.code, caught.value.response.headers["x-should-retry"]) == ("idempotency_key_reused", "false")
    assert (await ann.house.balance(ann.caller)).available.micro == 4_000_000


async def test_a_run_that_fails_is_an_error_and_costs_nothing(door: Open, server: str) -> None:
    ann = await door()
    ann.house.runner.script = [Token("With"), Failed("timeout", "slow")]
    async with client(ann, server) as ai:
        with pytest.raises(openai.InternalServerError) as caught:
            await ai.chat.completions.create(model=ann.agent.id, messages=ASK)
        assert (caught.value.status_code, caught.value.code, caught.value.type) == (504, "timeout", "server_error")
        run = (await ann.http.get(f"/v1/runs/{caught.value.request_id}")).json()
        assert (run["status"], run["receipt"]["charged"]) == ("failed", "0")
        stream = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, stream=True)
        with pytest.raises(openai.APIError, match="cost nothing") as streamed:
            async for _ in stream:
                pass
    assert streamed.value.code == "timeout"
    assert (await ann.house.balance(ann.caller)).available.micro == 5_000_000


async def test_a_client_that_goes_away_loses_no_usage(door: Open, server: str) -> None:
    ann, rest = await door(), asyncio.Event()
    ann.house.runner.script = [COUNTED[0], rest, *COUNTED[1:]]
    async with client(ann, server) as ai:
        stream = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, stream=True)
        await anext(aiter(stream))
        await stream.close()
        run_id = stream.response.headers["x-cmp-run-id"]
    rest.set()
    await ann.house.gateway._execution.ended(run_id)
    run = (await ann.http.get(f"/v1/runs/{run_id}")).json()
    assert (run["status"], run["receipt"]["charged"], run["usage"]["total_tokens"]) == ("succeeded", "1", 9)


async def test_an_answer_that_somebody_stops_says_that_it_was_cut_short(door: Open, server: str) -> None:
    ann = await door()
    ann.house.runner.script = [Token("x" * 400), asyncio.Event()]
    async with client(ann, server) as ai:
        stream = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, stream=True)
        await ann.house.runner.reached.wait()
        await ann.http.post(f"/v1/runs/{stream.response.headers['x-cmp-run-id']}:cancel")
        *_, last = [chunk async for chunk in stream]
    assert (last.choices[0].finish_reason, (last.model_extra or {})["cmp"]["receipt"]["charged"]) == ("length", "0.5")


async def test_the_models_are_the_agents_that_the_key_may_ask(door: Open, server: str) -> None:
    ann, bob = await door(), await door("bob@example.com")
    resting = await ann.house.town.agent(ann.caller, "KBA-PRO", source_key="ann:2")
    await ann.house.town.instances.pause(ann.caller, resting.id)
    async with client(ann, server) as ai:
        listed = [model async for model in ai.models.list()]
        assert [model.id for model in listed] == [ann.agent.id]
        one = await ai.models.retrieve(ann.agent.id)
        assert one == listed[0]
        assert (one.object, one.owned_by, (one.model_extra or {})["cmp"]["run"]) == ("model", ann.caller.workspace_id, "1")
        assert ((await ai.models.retrieve(resting.id)).model_extra or {})["cmp"]["status"] == "paused"
        with pytest.raises(openai.NotFoundError) as caught:
            await ai.models.retrieve(bob.agent.id)
    assert caught.value.code == "model_not_found"
