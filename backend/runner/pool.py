"""Keeps a number of workers running, gives the least busy one, replaces those that die or are retired."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from backend.runner.processes import WorkerProcess

_log = logging.getLogger(__name__)
MAX_PAUSE = 30.0
"""Seconds between two starts of a worker that keeps dying, at most."""
DRAIN = 60.0
"""Seconds that a retired worker gets for the runs it still has."""


class Pool:
    """size: workers. start: begins one. greet: what to tell a worker that is ready."""

    def __init__(self, size: int, start: Callable[[], Awaitable[WorkerProcess]], greet: Callable[[WorkerProcess], None]) -> None:
        self._size, self._start, self._greet = size, start, greet
        self._workers: set[WorkerProcess] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._drains: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self.trouble = "starting"

    async def open(self) -> None:
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(self._size)]

    async def close(self) -> None:
        for task in (*self._keepers, *self._drains):
            task.cancel()
        await asyncio.gather(*self._keepers, *self._drains, return_exceptions=True)
        self._keepers, leaving = [], list(self._workers)
        for worker in leaving:
            worker.kill()
        await asyncio.gather(*(worker.ended for worker in leaving), return_exceptions=True)
        self._workers.clear()
        self.trouble = "stopped"

    @property
    def workers(self) -> tuple[WorkerProcess, ...]:
        """Those that can take a run."""
        return tuple(worker for worker in self._workers if worker.ready.is_set() and worker.alive and not worker.retired)

    async def take(self) -> WorkerProcess:
        """The least busy worker; waits for one to be ready."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.workers)
            return min(self.workers, key=lambda worker: len(worker.runs))

    def retire(self, worker: WorkerProcess) -> None:
        """No new runs for it, a new worker in its place at once, and its end when its runs are done or `DRAIN` is over."""
        if not worker.retired:
            worker.retired = True
            task = asyncio.create_task(self._drain(worker))
            self._drains.add(task)
            task.add_done_callback(self._drains.discard)

    async def _drain(self, worker: WorkerProcess) -> None:
        self._keepers = [*(keeper for keeper in self._keepers if not keeper.done()), asyncio.create_task(self._keep())]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                await worker.idle.wait()
        worker.kill()

    async def _keep(self) -> None:
        """One place in the pool: a worker, and after its death the next, unless it was retired and has its successor."""
        pause = 0.1
        while True:
            worker = await self._start()
            self._workers.add(worker)
            if await self._became_ready(worker):
                pause, self.trouble = 0.1, ""
                self._greet(worker)
            await asyncio.wait([worker.ended])
            self._workers.discard(worker)
            if worker.retired:
                return
            self.trouble = self.trouble if self.workers else f"a worker ended by itself: {worker.last_words or 'without a word'}"
            _log.warning("A worker process ended by itself: %s", worker.last_words)
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)

    async def _became_ready(self, worker: WorkerProcess) -> bool:
        ready = asyncio.ensure_future(worker.ready.wait())
        await asyncio.wait([ready, worker.ended], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        async with self._changed:
            self._changed.notify_all()
        return worker.ready.is_set()
