"""The end of a run is told to the workspace's own servers, in the transaction of its settlement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from backend.gateway import told
from backend.gateway.execution import LEASE
from backend.gateway.views import RunCommand
from backend.kernel.ids import WorkspaceId
from backend.runner.ports import Failed
from backend.webhooks.views import EndpointChange
from tests.service.gateway.house import House
from tests.service.webhooks.house import House as Hooks
from tests.service.webhooks.receiver import Receiver, receiving


@pytest.fixture
async def hooks(house: House, tmp_path: Any) -> AsyncIterator[Hooks]:
    async def content(workspace_id: WorkspaceId, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return await told.Content(lambda: house.gateway)(workspace_id, kind, data)

    hooks = Hooks(house.database, house.clock, tmp_path / "mail", content=content)
    house.gateway = house.another_process(hooks.outbox)
    yield hooks
    await hooks.deliverer.stop()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_the_end_of_a_run_is_told_with_what_it_cost_and_without_its_words(house: House, hooks: Hooks, receiver: Receiver) -> None:
    caller, agent = await house.owner()
    wanted = EndpointChange(url=receiver.url, events=["run.completed", "run.failed"])
    await hooks.webhooks.create(caller.workspace_id, wanted)
    run = await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
    await hooks.deliverer.turn()
    (got,) = receiver.got
    assert got.json["type"] == "run.completed"
    data = got.json["data"]
    assert {"id": run.id, "status": "succeeded", "charged": "1", "door": "workspace", "usage": {"total_tokens": 9}}.items() <= data.items()
    assert (data["session_id"], data["instance_id"], data["error"]) == (run.conversation_id, agent.id, None)
    assert b"lamp" not in got.body
    assert b"30 days" not in got.body


async def test_a_failed_run_is_told_as_failed_and_free(house: House, hooks: Hooks, receiver: Receiver) -> None:
    caller, agent = await house.owner()
    await hooks.webhooks.create(caller.workspace_id, EndpointChange(url=receiver.url, events=["run.failed"]))
    house.runner.script = [Failed("flow_failed", "boom")]
    await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    await hooks.deliverer.turn()
    (got,) = receiver.got
    assert (got.json["type"], got.json["data"]["charged"], got.json["data"]["error"]["code"]) == ("run.failed", "0", "flow_failed")


async def test_the_question_and_the_answer_go_to_an_endpoint_that_asked_for_them(house: House, hooks: Hooks, receiver: Receiver) -> None:
    caller, agent = await house.owner()
    wanted = EndpointChange(url=receiver.url, events=["run.completed"], include_content=True)
    await hooks.webhooks.create(caller.workspace_id, wanted)
    await house.gateway.run(caller, RunCommand(agent.id, "Can I return a lamp?"))
    await hooks.deliverer.turn()
    data = receiver.got[0].json["data"]
    assert (data["input"], data["output"]["text"]) == ({"query": "Can I return a lamp?"}, "Within 30 days [1].")
    assert data["output"]["sources"][0]["document_name"] == "handbook.md"


async def test_another_workspaces_endpoint_hears_nothing(house: House, hooks: Hooks, receiver: Receiver) -> None:
    caller, agent = await house.owner()
    bob = await house.town.member("bob@example.com")
    await hooks.webhooks.create(bob.workspace_id, EndpointChange(url=receiver.url, events=["run.completed"]))
    await house.gateway.run(caller, RunCommand(agent.id, "Can I?"))
    await hooks.deliverer.turn()
    assert (receiver.got, await hooks.count()) == ([], 0)


async def test_a_run_that_cannot_be_closed_is_not_told(house: House, hooks: Hooks, receiver: Receiver, monkeypatch: Any) -> None:
    caller, agent = await house.owner()
    await hooks.webhooks.create(caller.workspace_id, EndpointChange(url=receiver.url, events=["run.completed", "run.failed"]))

    real = hooks.outbox.event_values
    monkeypatch.setattr(hooks.outbox, "event_values", lambda *given: real(*given) | {"at_ms": None})
    begun = await house.gateway.begin(caller, RunCommand(agent.id, "Can I?"))
    assert [event.name async for event in begun.follow() if event][-1] == "run.failed"
    assert (await house.gateway.get(caller, begun.run_id)).status == "running"
    assert (await hooks.count(), (await house.balance(caller)).held) == (0, agent.terms.run)
    monkeypatch.undo()
    house.clock.advance(LEASE * 2)
    assert await house.gateway.recover() == 1
    await hooks.deliverer.turn()
    assert [got.json["data"]["error"]["code"] for got in receiver.got] == ["interrupted"]
