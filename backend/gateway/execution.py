"""Carries admitted runs through, each in a task of its own, whether or not anybody still listens.

The end of a run and its settlement are one transaction, guarded by `status = 'running'`: whoever closes first, closes alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from backend.db.engine import Database
from backend.gateway import events, policy, ports, repository
from backend.gateway.answering import Answer, answer, failed
from backend.gateway.jobs import Admitted, Jobs
from backend.gateway.live import LiveRun
from backend.gateway.schemas import SourceOut
from backend.gateway.views import Outcome, RunStatus, RunView
from backend.kernel.clock import Clock
from backend.kernel.errors import NotFound, Unavailable
from backend.kernel.ids import RunId, WorkspaceId
from backend.ledger.service import Ledger
from backend.runner.ports import Runner

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
POLL = 0.2
"""Seconds between two looks at a run that another process carries."""


class Execution:
    def __init__(
        self, database: Database, clock: Clock, ledger: Ledger, jobs: Jobs, conversations: ports.Conversations, runner: Runner
    ) -> None:
        self._database, self._clock, self._ledger = database, clock, ledger
        self._jobs, self._conversations, self._runner = jobs, conversations, runner
        self._live: dict[RunId, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, run: Admitted, *, done: Callable[[], None]) -> LiveRun:
        """Begin to answer. done: called once, when the run is over in whatever way."""
        live = self._live[run.run_id] = LiveRun(run.run_id)
        task = asyncio.create_task(self._carry(run, live), name=run.run_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: done())
        return live

    def live(self, run_id: str) -> LiveRun | None:
        """The run, if it is under way in this process."""
        return self._live.get(RunId(run_id))

    async def stop(self) -> None:
        """Interrupt every run; each is released and written down before this returns."""
        for live in list(self._live.values()):
            live.stop("interrupted")
        await asyncio.gather(*self._tasks)

    async def renew(self) -> None:
        """Say "still mine" about every run under way here."""
        if self._live:
            async with self._database.write() as tx:
                await repository.renew(tx, self._live, self._clock.now() + LEASE)

    async def recover(self) -> int:
        """Close the runs that no process carries any more, and release their credits. How many were closed."""
        now = self._clock.now()
        async with self._database.read() as tx:
            dead = [run_id for run_id in await repository.dead(tx, now) if RunId(run_id) not in self._live]
        for run_id in dead:
            await self._close(RunId(run_id), failed("interrupted"), None)
        return len(dead)

    async def view(self, run_id: str) -> RunView:
        """Raises NotFound."""
        async with self._database.read() as tx:
            row = await repository.get(tx, run_id)
        if row is None:
            raise NotFound("There is no such run.")
        receipts = await self._ledger.receipts(WorkspaceId(row.workspace_id), [RunId(run_id)])
        return repository.view(row, receipts.get(RunId(run_id)))

    async def ended(self, run_id: RunId) -> RunView:
        """The run when it has ended, whichever process carries it. `recover` ends those that none does."""
        while True:
            if live := self.live(run_id):
                return await live.result()
            view = await self.view(run_id)
            if view.status is not RunStatus.RUNNING:
                return view
            await asyncio.sleep(POLL)

    async def _carry(self, run: Admitted, live: LiveRun) -> None:
        try:
            live.publish(events.started(run))
            view = await self._close(run.run_id, await self._outcome(run, live), run)
            for event in events.ending(view):
                live.publish(event)
            live.finish(view)
        except Exception:
            # The database refused the ending. The row still runs, and `recover` releases it once the lease is over.
            log.exception("run %s could not be closed", run.run_id)
            live.publish(events.lost(run.run_id))
            live.abandon(Unavailable("The run has ended, but its end could not be kept. It will cost nothing."))
        finally:
            del self._live[run.run_id]

    async def _outcome(self, run: Admitted, live: LiveRun) -> Outcome:
        so_far = Answer(lambda piece: live.publish(events.token(piece)))
        work = asyncio.create_task(self._work(run, so_far))
        live.working(work)
        try:
            return await work
        except asyncio.CancelledError:
            if live.stopped == "cancelled":
                return Outcome(RunStatus.CANCELLED, so_far.text)
            return failed("interrupted")
        except Exception:
            log.exception("run %s broke", run.run_id)
            return failed("internal")

    async def _work(self, run: Admitted, so_far: Answer) -> Outcome:
        return await answer(self._runner, await self._jobs.make(run), so_far)

    async def _close(self, run_id: RunId, outcome: Outcome, run: Admitted | None) -> RunView:
        """Write the ending and settle, once. run: None when it is closed for a process that died."""
        detail = policy.FAILURES.get(outcome.error_code, "")
        async with self._database.write() as tx:
            if await repository.close(tx, run_id, outcome, detail, self._clock.now()):
                if run is None or outcome.status is RunStatus.FAILED:
                    await self._ledger.release(run_id, tx=tx)
                else:
                    await self._ledger.settle(run_id, policy.charge(outcome, run.instance.terms, run.price), tx=tx)
        view = await self.view(run_id)
        if view.text:
            sources = [SourceOut.model_validate(source, from_attributes=True).model_dump() for source in view.sources]
            await self._conversations.append(view.conversation_id, "agent", view.text, run_id, sources)
        return view
