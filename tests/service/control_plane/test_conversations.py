from __future__ import annotations

from dataclasses import replace

import pytest

from backend.control_plane.conversations import Turn
from backend.kernel.caller import Door
from backend.kernel.errors import Invalid, NotFound
from backend.kernel.ids import KeyId
from tests.service.identity.people import Town


async def test_a_conversation_remembers_its_turns_in_order_and_takes_its_title_from_the_first(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    opened = await town.conversations.open(ann, agent.id)
    await town.conversations.append(opened, "user", "Do you service\ne-bikes?", "run_1")
    await town.conversations.append(opened, "agent", "Yes.", "run_1", [{"n": 1, "document_name": "Handbook.pdf"}])
    assert await town.conversations.history(opened) == [Turn("user", "Do you service\ne-bikes?"), Turn("agent", "Yes.")]
    assert await town.conversations.history(opened, limit=1) == [Turn("agent", "Yes.")]
    assert (await town.conversations.messages(ann, opened))[1].sources == ({"n": 1, "document_name": "Handbook.pdf"},)
    assert [c.title for c in await town.conversations.recent(ann, agent.id)] == ["Do you service e-bikes?"]


async def test_a_runs_turn_is_written_once(town: Town) -> None:
    ann = await town.member()
    opened = await town.conversations.open(ann, (await town.agent(ann)).id)
    for _ in range(2):
        await town.conversations.append(opened, "agent", "Yes.", "run_1")
    assert len(await town.conversations.history(opened)) == 1


async def test_someone_elses_conversation_is_not_found(town: Town) -> None:
    ann, bob = await town.member(), await town.member("bob@example.com")
    agent = await town.agent(ann)
    opened = await town.conversations.open(ann, agent.id)
    assert await town.conversations.open(ann, agent.id, opened) == opened
    for use in (
        town.conversations.open(bob, agent.id, opened),
        town.conversations.messages(bob, opened),
        town.conversations.open(ann, agent.id, "conv_none"),
    ):
        with pytest.raises(NotFound):
            await use


async def test_a_name_given_by_a_client_means_something_to_that_client_alone(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    one = replace(ann, door=Door.API, key_id=KeyId("key_1"))
    other = replace(ann, door=Door.API, key_id=KeyId("key_2"))
    first = await town.conversations.open(one, agent.id, "customer-42")
    assert await town.conversations.open(one, agent.id, "customer-42") == first
    assert await town.conversations.open(other, agent.id, "customer-42") != first


async def test_a_conversation_belongs_to_one_agent(town: Town) -> None:
    ann = await town.member()
    one, other = await town.agent(ann, source_key="1"), await town.agent(ann, source_key="2")
    opened = await town.conversations.open(ann, one.id)
    with pytest.raises(NotFound):
        await town.conversations.open(ann, other.id, opened)


async def test_a_name_that_is_too_long_is_refused(town: Town) -> None:
    ann = await town.member()
    with pytest.raises(Invalid):
        await town.conversations.open(ann, (await town.agent(ann)).id, "x" * 201)
