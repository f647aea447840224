"""A slow reader: what is kept for it is the answer, once, and the door waits for its connection before it hands out more."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Message

from backend.doors import Who
from backend.gateway.door import PATH, RunDoor
from backend.gateway.live import LiveRun
from backend.gateway.views import RunEvent
from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES
from backend.kernel.ids import RunId
from backend.runner.ports import Finished, Token
from tests.service.gateway.house import House

PIECES, PIECE = 4_000, "twenty-five characters,, "
READERS = 100


async def _nothing_below(*_: object) -> None:
    raise AssertionError("the door answers by itself")


async def test_what_a_run_keeps_does_not_grow_with_the_readers_that_lag_behind() -> None:
    run = LiveRun(RunId("run_1"), RunEvent("run.started", {}, 1))
    run.add(PIECE)
    readers: list[AsyncIterator[RunEvent | None]] = [run.follow() for _ in range(READERS)]
    for reader in readers:
        await anext(reader)
        await anext(reader)
    tracemalloc.start()
    for _ in range(PIECES):
        run.add(PIECE)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Python keeps a text of this kind at 4 bytes a character at most, and doubles no more than that when it grows.
    assert kept < 8 * PIECES * len(PIECE)
    missed = await anext(readers[0])
    assert missed is not None
    assert missed.data["text"] == PIECE * PIECES


async def test_the_door_waits_for_a_slow_connection_and_the_run_for_nobody(house: House) -> None:
    caller, agent = await house.owner()
    house.runner.script = [Token(PIECE) for _ in range(PIECES)] + [Finished(PIECE * PIECES)]
    made = await house.town.keys.create(caller.workspace_id, caller.account_id, "a test", KeyLimits(ALL_SCOPES))
    door = RunDoor(_nothing_below, house.gateway, Who(house.town.access.resolve).runs, house.town.access.known)
    room, at_once, most, sent = asyncio.Event(), 0, 0, list[bytes]()

    async def receive() -> Message:
        asked = {"instance_id": agent.id, "input": {"query": "Tell me all"}, "stream": True}
        return {"type": "http.request", "body": json.dumps(asked).encode(), "more_body": False}

    async def send(message: Message) -> None:
        """A connection whose buffer is full after the first piece."""
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        sent.append(message.get("body", b""))
        if len(sent) > 1:
            await room.wait()
        at_once -= 1

    headers = [(b"authorization", f"Bearer {made.secret}".encode()), (b"content-type", b"application/json")]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": headers}
    reading = asyncio.create_task(door(scope, receive, send))
    while len(sent) < 2:
        await asyncio.sleep(0)
    run_id = json.loads(sent[1].split(b"data: ", 1)[1])["id"]
    run = await house.gateway._execution.ended(run_id)
    # Answered, paid and kept, though hardly anything of it was taken off us.
    assert (run.status, len(run.text), len(sent), most) == ("succeeded", PIECES * len(PIECE), 2, 1)
    room.set()
    await reading
    assert b"".join(sent).count(PIECE.encode()) >= PIECES
    assert len(sent) < PIECES / 100
