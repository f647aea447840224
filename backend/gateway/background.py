"""Runs that nobody waits for: durable work, so that they are carried on by the next start when a process dies over them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from backend.durable import Durable, Retry
from backend.kernel.ids import RunId

WORKFLOW = "gateway.run"
LEASE = timedelta(hours=6)
"""How long a run in the background may wait for a process to take it up. After it, the run is given up and costs nothing."""
AT_ONCE = 8
"""Runs in the background that one process carries; more wait for their turn."""
Carry = Callable[[RunId], Awaitable[None]]


class Background:
    """carry: answers one run to its end; harmless to repeat. Made before `durable.start()`."""

    def __init__(self, durable: Durable, carry: Carry) -> None:
        self._durable, self._carry = durable, carry

        async def run(run_id: str) -> None:
            await self._durable.step("carry", self._carry, RunId(run_id), retry=Retry(attempts=8))

        durable.workflow(WORKFLOW, run, at_once=AT_ONCE)

    async def begin(self, run_id: RunId) -> None:
        """It is durable when this returns. A second time changes nothing."""
        await self._durable.begin(WORKFLOW, f"{WORKFLOW}:{run_id}", str(run_id))
