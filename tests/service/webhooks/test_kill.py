"""kill -9 between a cause and its delivery: whoever comes next delivers it, under the same id."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import timedelta

import pytest

from backend.webhooks.repository import LEASE
from tests.service.webhooks.house import ANN, House
from tests.service.webhooks.receiver import Receiver


@pytest.mark.parametrize(("kill", "before"), [("event", 0), ("spread", 0), ("sent", 1)])
async def test_a_killed_process_leaves_every_event_to_be_delivered(
    house: House, database_url: str, receiver: Receiver, kill: str, before: int
) -> None:
    made = await house.endpoint(receiver.url)
    given = {"kill": kill, "database": database_url, "now": house.clock.now().isoformat(), "mail": str(house.mail)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.service.webhooks.mortal", json.dumps(given))
    assert await process.wait() == -signal.SIGKILL
    assert len(receiver.got) == before
    house.clock.advance(LEASE + timedelta(seconds=1))
    await house.deliverer.turn()
    await house.deliverer.turn()
    (view,) = (await house.webhooks.deliveries(ANN, made.endpoint.id)).items
    assert [got.id for got in receiver.got] == [view.event_id] * (before + 1)
    assert {got.json["data"]["id"] for got in receiver.got} == {"run_killed"}
    assert view.status == "delivered"
