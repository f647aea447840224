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
    """A run that was admitted by this request, or by an earlier one with the same key: under way here, elsewhere, or over."""

    def __init__(self, run_id: RunId, runs: Runs) -> None:
        self.run_id = run_id
        self._runs = runs
        # Held from the start: the run may end before anybody asks.
        self._live = runs.live(run_id)

    async def result(self) -> RunView:
        """The run when it has ended."""
        return await (self._live.result() if self._live else self._runs.ended(self.run_id))

    async def follow(self, every: float | None = None) -> AsyncIterator[RunEvent | None]:
        """Its events to the end; None whenever `every` seconds pass without one."""
        if self._live is not None:
            async for event in self._live.follow(every=every):
                yield event
            return
        end = asyncio.ensure_future(self.result())
        try:
            while not (await asyncio.wait({end}, timeout=every))[0]:
                yield None
        finally:
            end.cancel()
        for told_again in events.replay(await end):
            yield told_again
