"""Short-lived memory of what the shop said, so that a page does not ask it each time and survives its short absences."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from backend.kernel.clock import Clock
from backend.kernel.errors import Unavailable, UpstreamFailed

T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    value: Any
    said_at: datetime
    ask_again_at: datetime


class Reads:
    """fresh: how long an answer is given without asking. stale: how old one may be when the shop cannot answer. size: answers kept."""

    def __init__(
        self, clock: Clock, *, fresh: timedelta = timedelta(seconds=5), stale: timedelta = timedelta(hours=1), size: int = 256
    ) -> None:
        self._clock, self._fresh, self._stale, self._size = clock, fresh, stale, size
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._asking: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer for `key`. Callers who come while it is being asked share that one question."""
        kept = self._kept.get(key)
        if kept and self._clock.now() < kept.ask_again_at:
            return cast(T, kept.value)
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._refresh(key, ask))
            task.add_done_callback(partial(self._done, key))
        # Shielded: one caller going away must not take the answer from the others.
        return cast(T, await asyncio.shield(task))

    def refresh(self) -> None:
        """Every answer is asked for anew the next time; until the shop gives a new one, the old one may still serve."""
        for kept in self._kept.values():
            kept.ask_again_at = kept.said_at

    async def _refresh(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await ask()
        except (Unavailable, UpstreamFailed):
            kept, now = self._kept.get(key), self._clock.now()
            if kept is None or now - kept.said_at > self._stale:
                raise
            # It also counts as asked, or every page would wait for a shop that is away.
            kept.ask_again_at = now + self._fresh
            return cast(T, kept.value)
        now = self._clock.now()
        self._kept[key] = _Kept(value, now, now + self._fresh)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value

    def _done(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # Seen here too, for the case that every caller has gone away.
