"""A run under way in this process: its events so far, for as many readers as come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

from backend.gateway.views import RunEvent, RunView
from backend.kernel.ids import RunId

Stop = Literal["cancelled", "interrupted"]


class LiveRun:
    """The log is bounded by the longest answer, so a slow reader costs no more memory than a fast one."""

    def __init__(self, run_id: RunId) -> None:
        self.run_id = run_id
        self.log: list[RunEvent] = []
        self.stopped: Stop | None = None
        self._result: asyncio.Future[RunView] = asyncio.get_running_loop().create_future()
        self._work: asyncio.Task[object] | None = None
        self._more = asyncio.Event()

    def publish(self, event: RunEvent) -> None:
        self.log.append(event)
        self._wake()

    def finish(self, view: RunView) -> None:
        """No event comes after this."""
        self._result.set_result(view)
        self._wake()

    def abandon(self, error: Exception) -> None:
        """The end could not be written down; whoever waits for the result gets `error`."""
        self._result.set_exception(error)
        self._result.exception()
        self._wake()

    async def result(self) -> RunView:
        """The run's end, also when whoever waits is cancelled meanwhile: the run is not."""
        return await asyncio.shield(self._result)

    def stop(self, why: Stop) -> None:
        self.stopped = self.stopped or why
        if self._work is not None:
            self._work.cancel()

    def working(self, task: asyncio.Task[object]) -> None:
        """What `stop` will end."""
        self._work = task
        if self.stopped:
            task.cancel()

    async def follow(self, after: int = 0, every: float | None = None) -> AsyncIterator[RunEvent | None]:
        """Events from number `after` on, until the end. None whenever `every` seconds pass without one."""
        while True:
            while after < len(self.log):
                after += 1
                yield self.log[after - 1]
            if self._result.done():
                return
            more = self._more
            try:
                async with asyncio.timeout(every):
                    await more.wait()
            except TimeoutError:
                yield None

    def _wake(self) -> None:
        more, self._more = self._more, asyncio.Event()
        more.set()
