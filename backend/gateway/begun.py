"""What a client holds of a run that was admitted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from backend.gateway import events
from backend.gateway.live import LiveRun
from backend.gateway.views import RunEvent, RunView
from backend.kernel.ids import RunId


class Runs(Protocol):
    def live(self, run_id: str) -> LiveRun | None: ...

    async def ended(self, run_id: RunId) -> RunView: ...


class Begun:
    """A run that was admitted by this request, or by an earlier one with the same key: under way here, elsewhere, or over.

    repeated: an earlier request with the same key had admitted it.
    """

    def __init__(self, run_id: RunId, runs: Runs, live: LiveRun | None = None, *, repeated: bool = False) -> None:
        self.run_id, self.repeated = run_id, repeated
        self._runs = runs
        # Held from the start: the run may end before anybody asks.
        self._live = live or runs.live(run_id)

    async def result(self) -> RunView:
        """The run when it has ended."""
        return await (self._live.result() if self._live else self._runs.ended(self.run_id))

    async def follow(self, every: float | None = None, after: int = 0) -> AsyncIterator[RunEvent | None]:
        """What follows its event number `after`, to the end; None whenever `every` seconds pass without one."""
        if self._live is not None:
            async for event in self._live.follow(after, every):
                yield event
            return
        end = asyncio.ensure_future(self.result())
        try:
            while not (await asyncio.wait({end}, timeout=every))[0]:
                yield None
        finally:
            end.cancel()
        for told_again in events.replay(await end, after):
            yield told_again
