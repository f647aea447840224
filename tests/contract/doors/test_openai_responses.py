"""`/v1/responses`, as OpenAI's own client sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from backend.runner.ports import Failed, Finished, Token
from tests.api.gateway.conftest import Open
from tests.contract.doors.conftest import client

QUESTION = "Can I return a lamp?"
OPENING = ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"]
DELTA, CITED = "response.output_text.delta", "response.output_text.annotation.added"
CLOSING = ["response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"]


async def test_a_response_holds_the_answer_its_sources_and_its_receipt(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai:
        answer = await ai.responses.create(model=ann.agent.id, input=QUESTION, metadata={"ticket": "7"}, instructions="Be brief.")
        assert (answer.output_text, answer.status, answer.error) == ("Within 30 days [1].", "completed", None)
        assert (answer.metadata, answer.instructions, answer.model) == ({"ticket": "7"}, None, ann.agent.id)
        assert answer.usage is not None
        assert answer.usage.total_tokens == 9
        [item] = answer.output
        assert item.type == "message"
        [part] = item.content
        assert part.type == "output_text"
        [cited] = part.annotations
        assert cited.type == "file_citation"
        assert (cited.filename, cited.index) == ("handbook.md", 15)
        own = (answer.model_extra or {})["cmp"]
        assert (own["receipt"]["charged"], own["ignored"], own["run_id"]) == ("1", ["instructions"], answer._request_id)
        later = await ai.responses.retrieve(answer.id)
        assert (later.output, later.usage, later.status) == (answer.output, answer.usage, answer.status)


async def test_the_events_are_complete_in_order_and_numbered(door: Open, server: str) -> None:
    ann, rest = await door(), asyncio.Event()
    ann.house.runner.script = [Token("Within 30 days "), rest, Token("[1]."), Finished("Within 30 days [1].", {"total_tokens": 9})]
    seen: list[Any] = []
    async with client(ann, server) as ai:
        async for event in await ai.responses.create(model=ann.agent.id, input=QUESTION, stream=True):
            seen.append(event)
            if event.type == DELTA:
                rest.set()
    assert [event.type for event in seen] == [*OPENING, DELTA, DELTA, CITED, *CLOSING]
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert (seen[0].response.status, seen[0].response.output, seen[0].response.usage) == ("in_progress", [], None)
    assert "".join(event.delta for event in seen if event.type == DELTA) == seen[-4].text == seen[-1].response.output_text
    assert seen[2].item.content == []
    assert seen[-2].item == seen[-1].response.output[0]
    assert {event.item_id for event in seen if hasattr(event, "item_id")} == {seen[2].item.id}
    assert seen[-1].response.model_extra["cmp"]["receipt"]["charged"] == "1"


async def test_the_helper_that_gathers_events_ends_with_the_whole_response(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai, ai.responses.stream(model=ann.agent.id, input=QUESTION) as stream:
        final = await stream.get_final_response()
    assert (final.output_text, final.status) == ("Within 30 days [1].", "completed")


async def test_a_response_that_fails_is_told_in_the_stream_and_an_error_otherwise(door: Open, server: str) -> None:
    ann = await door()
    ann.house.runner.script = [Failed("flow_failed", "a detail of ours")]
    async with client(ann, server) as ai:
        with pytest.raises(openai.InternalServerError) as caught:
            await ai.responses.create(model=ann.agent.id, input=QUESTION)
        events: list[Any] = [event async for event in await ai.responses.create(model=ann.agent.id, input=QUESTION, stream=True)]
        assert caught.value.request_id is not None
        later = await ai.responses.retrieve(caught.value.request_id.replace("run_", "resp_"))
    assert (caught.value.status_code, caught.value.code) == (500, "flow_failed")
    assert "a detail of ours" not in str(caught.value)
    assert [event.type for event in events] == ["response.created", "response.in_progress", "response.failed"]
    for failed in (events[-1].response, later):
        assert (failed.status, failed.error.code, failed.output) == ("failed", "server_error", [])
    assert (await ann.house.balance(ann.caller)).available.micro == 5_000_000


async def test_a_response_goes_on_with_the_one_before(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai:
        first = await ai.responses.create(model=ann.agent.id, input="Do you sell lamps?")
        second = await ai.responses.create(model=ann.agent.id, input=QUESTION, previous_response_id=first.id)
        assert second.conversation is not None
        third = await ai.responses.create(model=ann.agent.id, input="Thanks", conversation=second.conversation.id)
    assert (second.previous_response_id, second.conversation, third.conversation) == (first.id, first.conversation, first.conversation)
    before = [[turn.text for turn in job.history] for job in ann.house.runner.jobs]
    answer = "Within 30 days [1]."
    assert before == [[], ["Do you sell lamps?", answer], ["Do you sell lamps?", answer, QUESTION, answer]]


async def test_a_conversation_may_be_carried_by_the_client_with_the_items_it_was_given(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai:
        first = await ai.responses.create(model=ann.agent.id, input="Do you sell lamps?", store=False)
        carried: Any = [{"role": "user", "content": "Do you sell lamps?"}, *first.output, {"role": "user", "content": QUESTION}]
        second = await ai.responses.create(model=ann.agent.id, input=carried)
        with pytest.raises(openai.BadRequestError) as caught:
            await ai.responses.create(model=ann.agent.id, input=carried, previous_response_id=first.id)
    assert [turn.text for turn in ann.house.runner.jobs[1].history] == ["Do you sell lamps?", "Within 30 days [1]."]
    assert (second.conversation != first.conversation, caught.value.param) == (True, "input")


async def test_nobody_goes_on_with_what_is_not_theirs(door: Open, server: str) -> None:
    ann, bob = await door(), await door("bob@example.com")
    other = await ann.house.town.agent(ann.caller, "KBA-BASIC", source_key="ann:2")
    async with client(ann, server) as ai, client(bob, server) as foreign:
        first = await ai.responses.create(model=ann.agent.id, input=QUESTION)
        assert first.conversation is not None
        tries: list[tuple[Any, dict[str, Any], str]] = [
            (foreign, {"model": bob.agent.id, "previous_response_id": first.id}, "previous_response_not_found"),
            (foreign, {"model": bob.agent.id, "conversation": first.conversation.id}, "conversation_not_found"),
            (ai, {"model": ann.agent.id, "previous_response_id": "resp_unknown"}, "previous_response_not_found"),
            (ai, {"model": other.id, "previous_response_id": first.id}, "conversation_not_found"),
            (ai, {"model": ann.agent.id, "previous_response_id": first.id, "conversation": "mine"}, "invalid_value"),
        ]
        for who, named, code in tries:
            with pytest.raises(openai.BadRequestError) as caught:
                await who.responses.create(input=QUESTION, **named)
            assert caught.value.code == code
        with pytest.raises(openai.NotFoundError) as missing:
            await foreign.responses.retrieve(first.id)
        with pytest.raises(openai.NotFoundError) as hidden:
            await foreign.responses.create(model=ann.agent.id, input=QUESTION, previous_response_id=first.id)
    assert (missing.value.code, hidden.value.code) == ("response_not_found", "model_not_found")
    assert len(ann.house.runner.jobs) == 1


async def test_a_response_in_the_background_is_read_later_and_can_be_cancelled(door: Open, server: str) -> None:
    ann = await door()
    ann.house.runner.script = [Token("x" * 400), asyncio.Event()]
    async with client(ann, server) as ai:
        begun = await ai.responses.create(model=ann.agent.id, input=QUESTION, background=True)
        assert (begun.status, begun.background, begun.output) == ("in_progress", True, [])
        await ann.house.runner.reached.wait()
        assert (await ai.responses.retrieve(begun.id)).status == "in_progress"
        stopped = await ai.responses.cancel(begun.id)
    assert (stopped.status, stopped.output_text, (stopped.model_extra or {})["cmp"]["receipt"]["charged"]) == (
        "cancelled",
        "x" * 400,
        "0.5",
    )


async def test_a_stream_that_somebody_stops_ends_incomplete(door: Open, server: str) -> None:
    ann = await door()
    ann.house.runner.script = [Token("x" * 400), asyncio.Event()]
    async with client(ann, server) as ai:
        stream = await ai.responses.create(model=ann.agent.id, input=QUESTION, stream=True)
        await ann.house.runner.reached.wait()
        await ann.http.post(f"/v1/runs/{stream.response.headers['x-cmp-run-id']}:cancel")
        events: list[Any] = [event async for event in stream]
    assert (events[-1].type, events[-1].response.status, events[-2].item.status) == ("response.incomplete", "cancelled", "incomplete")
