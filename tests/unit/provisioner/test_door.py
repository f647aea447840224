"""The door admits as many deliveries as it can answer in time, and lets them go before orders."""

from __future__ import annotations

import asyncio
import time

import pytest

from backend.kernel.errors import Unavailable
from backend.provisioner import door as module
from backend.provisioner.door import Door


async def test_one_too_many_is_told_at_once_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    door = Door()
    async with door.admitted():
        with pytest.raises(Unavailable) as caught:
            async with door.admitted():
                pass
    assert (caught.value.code, caught.value.retry_after) == ("busy", module.COME_AGAIN)
    async with door.admitted():
        pass


async def test_one_that_takes_too_long_is_told_to_come_again_and_is_inside_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    door = Door(patience=0.01)
    with pytest.raises(Unavailable):
        async with door.admitted():
            await asyncio.Event().wait()
    async with door.admitted():
        pass


async def test_those_inside_are_worked_on_in_their_order_and_not_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_WORK", 1)
    door, order = Door(), list[str]()

    async def deliver(name: str) -> None:
        async with door.admitted():
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(deliver("first"), deliver("second"), deliver("third"))
    assert order == ["first in", "first out", "second in", "second out", "third in", "third out"]


async def test_a_timeout_of_somebody_else_is_not_taken_for_its_own() -> None:
    with pytest.raises(TimeoutError):
        async with Door().admitted():
            raise TimeoutError


async def test_an_order_waits_while_deliveries_crowd_in_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CROWD", 2)
    monkeypatch.setattr(module, "CALM", 0.02)
    monkeypatch.setattr(module, "TURN", 0.3)
    door = Door()
    async with door.admitted():
        await asyncio.wait_for(door.quiet(), 0.2)
        async with door.admitted():
            waiting = asyncio.create_task(door.quiet())
            await asyncio.sleep(0.05)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 0.2)
        async with door.admitted():
            began, gone = time.monotonic(), list[float]()

            async def order() -> None:
                await door.quiet()
                gone.append(time.monotonic() - began)

            await asyncio.gather(order(), order())
            assert gone[0] >= 0.3, "the crowd stays, so the first has its turn"
            assert gone[1] >= 0.6, "and the next not together with it"
