"""A conversation in the workspace: what is asked, what comes back, what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend.gateway.views import RunEvent
from backend.runner.ports import Failed, Finished, Token
from cmp_web.state.app_chat import Chat
from cmp_web.state.app_rows import Piece
from cmp_web.state.app_workspace import Workspace
from tests.web.app.conftest import Desk, call


async def opened(desk: Desk) -> Chat:
    chat = desk.at_agent(Chat)
    await call(Chat.load, chat)
    return chat


async def test_an_answer_shows_its_sources_and_its_receipt_and_the_credits_go_down(desk: Desk) -> None:
    await desk.document()
    chat = await opened(desk)
    await call(Chat.send, chat, {"text": " When can I return a lamp? "})
    asked, answer = chat.turns
    assert (asked.mine, asked.text) == (True, "When can I return a lamp?")
    assert answer.pieces == [Piece("Within 30 days"), Piece("1", cite=True), Piece(".")]
    assert [(source.n, source.name) for source in answer.sources] == [(1, "handbook.md")]
    assert answer.receipt == ["Quoted 1", "held 1", "charged 1 credit"]
    assert (chat.busy, chat.partial, chat.charged) == (False, "", "1 credit")
    assert chat.cited == answer.sources
    assert (await chat.get_state(Workspace)).available == "4"


async def test_an_answer_that_is_not_in_the_documents_costs_nothing_and_says_so(desk: Desk) -> None:
    desk.runner.script = [Finished("I do not know.")]
    chat = await opened(desk)
    await call(Chat.send, chat, {"text": "Why?"})
    assert chat.turns[1].receipt[-1] == "charged 0 credits"


async def test_a_failed_run_says_that_it_cost_nothing(desk: Desk) -> None:
    desk.runner.script = [Failed("crashed", "for the operator")]
    chat = await opened(desk)
    await call(Chat.send, chat, {"text": "Why?"})
    assert chat.turns[1].fault == "The agent stopped unexpectedly. It cost nothing."
    assert chat.turns[1].receipt[-1] == "charged 0 credits"


async def test_without_credits_the_question_stays_and_the_way_to_top_up_is_said(desk: Desk) -> None:
    await desk.document()
    chat = await opened(desk)
    for _ in range(5):
        await call(Chat.send, chat, {"text": "When can I return a lamp?"})
    await call(Chat.send, chat, {"text": "And now?"})
    assert chat.poor
    assert (chat.turns[-2].text, bool(chat.turns[-1].fault), chat.turns[-1].receipt) == ("And now?", True, [])
    assert (await chat.get_state(Workspace)).empty


async def test_a_run_that_is_stopped_ends_and_charges_only_what_was_delivered(desk: Desk) -> None:
    never = asyncio.Event()
    desk.runner.script = [Token("Within "), never]
    chat = await opened(desk)
    run = asyncio.create_task(call(Chat.send, chat, {"text": "When?"}))
    await desk.runner.reached.wait()
    while not chat.run_id:
        await asyncio.sleep(0)
    assert (chat.busy, chat.partial) == (True, "Within ")
    await call(Chat.stop, chat)
    await run
    answer = chat.turns[-1]
    assert answer.fault.startswith("Stopped.")
    assert (chat.busy, chat.stopping, answer.receipt[-1]) == (False, False, "charged 0.00875 credits")


async def test_a_fault_of_ours_is_raised_and_leaves_the_page_ready_for_the_next_message(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> AsyncIterator[RunEvent]:
        raise RuntimeError("a fault of ours")
        yield

    chat = await opened(desk)
    monkeypatch.setattr(type(desk.services.gateway), "stream", broken)
    with pytest.raises(RuntimeError):
        await call(Chat.send, chat, {"text": "Hello"})
    assert (chat.busy, chat.turns[-1].fault[:19]) == (False, "The answer was lost")


async def test_an_empty_message_is_not_sent_and_a_second_one_waits_for_the_first(desk: Desk) -> None:
    chat = await opened(desk)
    await call(Chat.send, chat, {"text": "  "})
    chat.busy = True
    await call(Chat.send, chat, {"text": "Hello"})
    assert (chat.turns, desk.runner.jobs) == ([], [])


async def test_a_new_conversation_starts_empty_and_the_earlier_one_can_be_opened_again_with_its_receipts(desk: Desk) -> None:
    await desk.document()
    chat = await opened(desk)
    await call(Chat.send, chat, {"text": "When can I return a lamp?"})
    first = chat.conversation_id
    await call(Chat.fresh, chat)
    assert (chat.turns, chat.conversation_id) == ([], "")
    assert [(talk.id, talk.title) for talk in chat.earlier] == [(first, "When can I return a lamp?")]
    await call(Chat.recall, chat, first)
    assert [turn.mine for turn in chat.turns] == [True, False]
    assert (chat.turns[1].receipt[-1], chat.charged) == ("charged 1 credit", "1 credit")


async def test_another_agent_is_another_conversation(desk: Desk) -> None:
    chat = await opened(desk)
    await call(Chat.send, chat, {"text": "Hello"})
    chat.agent_id = "inst_before"
    await call(Chat.load, chat)
    assert (chat.turns, chat.agent_id) == ([], desk.agent.id)
