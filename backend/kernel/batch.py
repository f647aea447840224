"""Many callers, one piece of work: what arrives while one batch is under way makes up the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batch(Generic[T, R]):
    """A commit costs the same for one row and for a hundred, so callers who wait for one share the next.

    work: does a whole batch, and returns a result for each item, in their order. When it raises, each caller of that batch is told.
    most: items in one batch. Belongs to one event loop.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, most: int) -> None:
        self._work, self._most = work, most
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def put(self, item: T) -> R:
        """The item's own result. A caller who gives up before its batch begins is left out of it."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None or self._running.done():
            # Without the first caller's context: the work is everybody's.
            self._running = asyncio.get_running_loop().create_task(self._run(), context=Context())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            drawn = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            if taken := [(item, future) for item, future in drawn if not future.done()]:
                await self._do(taken)

    async def _do(self, taken: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._work([item for item, _ in taken])
        except Exception as fault:  # noqa: BLE001 - it belongs to the callers, and is raised to each of them
            for _, future in taken:
                if not future.done():
                    future.set_exception(fault)
            return
        except BaseException:
            for _, future in taken:
                future.cancel()
            raise
        for (_, future), result in zip(taken, results, strict=True):
            if not future.done():
                future.set_result(result)
