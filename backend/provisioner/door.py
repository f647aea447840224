"""The door deliveries come in by: how many may be inside, for how long, and that they go before the work they cause."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.kernel.errors import Unavailable

PATIENCE = 4.0
"""Seconds. Saleor waits 18 for an answer, and one that comes late keeps a worker of it from other deliveries."""
MOST = 500
"""Deliveries inside. Each waits for all before it, so more than these could not be answered in time."""
AT_WORK = 64
"""Deliveries worked on at a time, the others wait in their order: all at once would all be late, where most can be in time."""
COME_AGAIN = 10
"""Seconds. Saleor itself comes again after 10, 20, 40, 80 and 160."""
CROWD = 4
"""Deliveries inside at which orders begin to wait. One after another does not hold them up."""
CALM = 0.25
"""Seconds after the last crowd until orders go on. A crowd seldom comes in one breath."""
TURN = 0.25
"""Seconds: while a crowd stays, one order begins in each of these, so that even a flood without end cannot stop orders. Not several at a
time after a longer wait: the deliveries that met them would be the late ones."""


class Door:
    """patience: seconds a delivery may take."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience, self._inside = patience, 0
        self._turns = asyncio.Semaphore(AT_WORK)
        self._crowded = -CALM
        self._turn = 0.0

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Around all of a delivery. Raises Unavailable when it cannot be taken in time: 503, which Saleor repeats, as it would no 4xx."""
        if self._inside >= MOST:
            raise _busy()
        self._inside += 1
        self._look()
        try:
            async with asyncio.timeout(self._patience) as bound, self._turns:
                yield
        except TimeoutError:
            if not bound.expired():
                raise
            raise _busy() from None
        finally:
            self._look()
            self._inside -= 1

    async def quiet(self) -> None:
        """Wait while deliveries crowd in: an order can wait a little, an answer to Saleor cannot. For as many turns as orders wait before
        this one, at most."""
        turn = self._turn = max(self._turn, time.monotonic()) + TURN
        while (now := time.monotonic()) < turn:
            self._look()
            if self._crowded + CALM <= now:
                # Whoever comes next need not wait behind those who waited for nothing.
                self._turn = min(self._turn, now)
                return
            await asyncio.sleep(min(self._crowded + CALM, turn) - now)

    def _look(self) -> None:
        if self._inside >= CROWD:
            self._crowded = time.monotonic()


def _busy() -> Unavailable:
    return Unavailable("Too many deliveries at once; this one was not taken.", code="busy", retry_after=COME_AGAIN)
