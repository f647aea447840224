"""Between a run and whoever reads it: what was said and not yet taken, up to a bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from backend.runner.ports import Event
from backend.runner.wire import write_event

MOST = 1024 * 1024
"""Bytes that may wait for a reader. One that falls further behind loses the run: nobody else reads it."""


class TooSlow(Exception):
    """The reader fell too far behind."""


class Outbox:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lines: list[bytes] = []
        self._waiting = 0
        self._ended = False
        self._more = asyncio.Event()

    async def fill(self, events: AsyncGenerator[Event, None]) -> None:
        """Take the run's events as they come, whether or not they are read. Raises TooSlow; closes `events` in any case."""
        async with aclosing(events):
            async for event in events:
                line = write_event(event)
                self._lines.append(line)
                self._waiting += len(line)
                # A single large answer is no slowness.
                if self._waiting > self._most and len(self._lines) > 1:
                    raise TooSlow
                self._more.set()
        self._ended = True
        self._more.set()

    async def empty(self, send: Callable[[bytes, bool], Awaitable[None]]) -> None:
        """Hand all that waits to `send`, with whether more comes, until the end. What gathers while it waits leaves together."""
        while True:
            await self._more.wait()
            self._more.clear()
            lines, self._lines, self._waiting = self._lines, [], 0
            ended = self._ended
            await send(b"".join(lines), not ended)
            if ended:
                return
