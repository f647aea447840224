"""A short memory of single answers of the shop: the words somebody searched for, a product that is in no list."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable

T = TypeVar("T")
PAUSE = timedelta(seconds=5)
"""How long a shop that failed is left alone; whoever asks meanwhile is told at once."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    until: datetime


class Memory(Generic[T]):
    """life: how long an answer is given again. size: answers kept. patience: seconds that a caller waits for one.
    lasting: an answer past its life still serves while the shop cannot give another.
    """

    def __init__(self, clock: Clock, *, life: timedelta, size: int, patience: float, lasting: bool = False) -> None:
        self._clock, self._life, self._size, self._patience = clock, life, size, patience
        self._lasting = lasting
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()
        self._asking: dict[Hashable, asyncio.Task[T]] = {}
        self._failed: tuple[datetime, DomainError] | None = None

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer for `key`. Callers who come while it is being asked share that one question.

        Raises Unavailable when it takes too long or nobody answers, also for others in the next `PAUSE`, and whatever else `ask` raised.
        """
        kept = self._kept.get(key)
        if kept and self._clock.now() < kept.until:
            return kept.value
        try:
            return await self._asked(key, ask)
        except DomainError:
            if kept is None or not self._lasting:
                raise
            return kept.value

    async def _asked(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        task = self._asking.get(key)
        if task is None:
            if self._failed and self._clock.now() < self._failed[0]:
                fault = self._failed[1]
                raise type(fault)(fault.detail, code=fault.code)
            task = self._asking[key] = asyncio.create_task(self._ask(key, ask))
            task.add_done_callback(partial(self._done, key))
        try:
            # Shielded: one caller going away must not take the answer from the others.
            return await asyncio.wait_for(asyncio.shield(task), self._patience)
        except TimeoutError:
            slow = Unavailable("The shop is slow to answer right now. Try again in a moment.", code="shop_unavailable")
            self._failed = (self._clock.now() + PAUSE, slow)
            raise slow from None

    def forget(self) -> None:
        """Everything, also what is being asked now: that question was put before the change."""
        self._kept.clear()
        self._asking.clear()

    async def close(self) -> None:
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await ask()
        except Unavailable as fault:
            self._failed = (self._clock.now() + PAUSE, fault)
            raise
        self._failed = None
        if self._asking.get(key) is asyncio.current_task():
            self._kept[key] = _Kept(value, self._clock.now() + self._life)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return value

    def _done(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._asking.get(key) is task:
            del self._asking[key]
        if not task.cancelled():
            task.exception()  # Seen here too, for the case that every caller has gone away.
