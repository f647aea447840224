"""A run under way in this process: what it has said so far, for as many readers as come and go.

A reader is told where it is by numbers that also hold after the run has ended, in another process and after a restart: the start is 1, a
piece of the answer has 1 and the characters up to its end, and what follows the answer counts on from there. So nothing but the answer
itself is kept, a slow reader gets what it missed as one larger piece, and no number of readers makes a run's memory grow.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal

from backend.gateway.views import RunEvent, RunView
from backend.kernel.ids import RunId

Stop = Literal["cancelled", "interrupted", "left"]
"""By somebody's wish; because it cannot go on; or to be gone on with by the next start."""
Ending = Callable[[], Sequence[RunEvent]]
START = 1


class LiveRun:
    """started: its first event."""

    def __init__(self, run_id: RunId, started: RunEvent) -> None:
        self.run_id = run_id
        self.stopped: Stop | None = None
        self.length = 0
        self.background = False
        self._started = started
        self._text = io.StringIO()
        self._ending: Ending | None = None
        self._loop = asyncio.get_running_loop()
        self.admitted: asyncio.Future[bool] = self._loop.create_future()
        """Whether its credits are held; False when the same request was made before. Raises what refuses it."""
        self._result: asyncio.Future[RunView] = self._loop.create_future()
        self._working: asyncio.Task[object] | None = None
        self._waiting: list[asyncio.Future[bool]] = []

    def add(self, piece: str) -> None:
        """A piece of the answer."""
        self._text.write(piece)
        self.length += len(piece)
        self._wake()

    @property
    def text(self) -> str:
        return self._text.getvalue()

    def tell(self, holding: asyncio.Task[bool]) -> None:
        """Whether its credits are held, by whoever tried to."""
        if holding.cancelled():
            self.admitted.cancel()
        elif fault := holding.exception():
            self.admitted.set_exception(fault)
        else:
            self.admitted.set_result(holding.result())

    def finish(self, view: RunView, ending: Ending) -> None:
        """Nothing comes after this. ending: makes what follows the answer, when somebody reads it."""
        self._ending = ending
        self._result.set_result(view)
        self._wake()

    def abandon(self, error: Exception, ending: Ending) -> None:
        """The end could not be written down; whoever waits for the result gets `error`."""
        self._ending = ending
        self._result.set_exception(error)
        self._result.exception()
        self._wake()

    async def result(self) -> RunView:
        """The run's end, also when whoever waits is cancelled meanwhile: the run is not."""
        return self._result.result() if self._result.done() else await asyncio.shield(self._result)

    def stop(self, why: Stop) -> None:
        self.stopped = self.stopped or why
        if self._working is not None:
            self._working.cancel()

    def working(self, task: asyncio.Task[object] | None) -> None:
        """What `stop` ends; None once there is nothing left to be ended."""
        self._working = task
        if task is not None and self.stopped:
            task.cancel()

    async def follow(self, after: int = 0, every: float | None = None) -> AsyncIterator[RunEvent | None]:
        """What follows event number `after`, to the end. None whenever `every` seconds pass without anything."""
        if after < START:
            yield self._started
        told = max(after - START, 0)
        while True:
            if told < self.length:
                piece = self._from(told)
                told += len(piece)
                yield RunEvent("token", {"text": piece}, START + told)
            elif self._ending is not None:
                break
            elif not await self._more(every):
                yield None
        for event in numbered(self._ending(), self.length):
            if event.id > after:
                yield event

    def _from(self, position: int) -> str:
        self._text.seek(position)
        return self._text.read()

    async def _more(self, every: float | None) -> bool:
        """Wait for whatever comes next. False when `every` seconds have passed."""
        more: asyncio.Future[bool] = self._loop.create_future()
        self._waiting.append(more)
        timer = self._loop.call_later(every, _lapse, more) if every is not None else None
        try:
            return await more
        finally:
            if timer is not None:
                timer.cancel()
            if more in self._waiting:
                self._waiting.remove(more)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(True)


def numbered(ending: Sequence[RunEvent], length: int) -> list[RunEvent]:
    """What follows an answer of `length` characters, with the numbers it goes by."""
    return [RunEvent(event.name, event.data, START + length + n) for n, event in enumerate(ending, start=1)]


def _lapse(more: asyncio.Future[bool]) -> None:
    if not more.done():
        more.set_result(False)
