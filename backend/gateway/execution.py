"""Carries admitted runs through, each in a task of its own, whether or not anybody still listens.

The end of a run and its settlement are one transaction, guarded by the hold being open: whoever closes first, closes alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from backend.db.engine import Database
from backend.gateway import events, policy, ports, repository, told
from backend.gateway.admission import LEASE
from backend.gateway.answering import answer, failed
from backend.gateway.jobs import Admitted, Jobs
from backend.gateway.live import LiveRun
from backend.gateway.records import RunEnded, Subject
from backend.gateway.schemas import SourceOut
from backend.gateway.views import Outcome, RunStatus, RunView
from backend.kernel.clock import Clock
from backend.kernel.errors import NotFound, Unavailable
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import ZERO
from backend.ledger.service import Ledger
from backend.ledger.views import HoldStatus
from backend.runner.ports import Runner

log = logging.getLogger(__name__)
POLL = 0.2
"""Seconds between two looks at a run that another process carries."""
Hold = Coroutine[object, object, bool]
"""Writes the run down and holds its price; False when the same request was made before. Raises what refuses it."""


class Execution:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        ledger: Ledger,
        jobs: Jobs,
        conversations: ports.Conversations,
        runner: Runner,
        outbox: ports.Outbox | None = None,
    ) -> None:
        self._outbox = outbox
        self._database, self._clock, self._ledger = database, clock, ledger
        self._jobs, self._conversations, self._runner = jobs, conversations, runner
        self._live: dict[RunId, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, run: Admitted, hold: Hold, *, early: bool, done: Callable[[], None]) -> LiveRun:
        """Have it admitted and answered; `LiveRun.admitted` tells the first. done: called once, when the run is over in whatever way.

        early: begin to work while the hold is being written. Nothing of the answer is given out before it is.
        """
        started = events.started(run.run_id, run.instance.id, run.conversation_id, str(run.price), run.started_at, run.door)
        live = self._live[run.run_id] = LiveRun(run.run_id, started)
        task = asyncio.get_running_loop().create_task(self._carry(run, live, hold, early=early), name=run.run_id)
        self._tasks.add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            done()

        task.add_done_callback(over)
        return live

    def live(self, run_id: str) -> LiveRun | None:
        """The run, if it is under way in this process."""
        return self._live.get(RunId(run_id))

    async def again(self, run: Admitted) -> None:
        """Answer a run in the background, whose credits are held already, to its end."""
        live = self.start(run, _held(), early=False, done=_nothing)
        live.background = True
        await live.result()

    async def stop(self) -> None:
        """Interrupt every run; each is released and written down before this returns, save those that the next start goes on with."""
        for live in list(self._live.values()):
            live.stop("left" if live.background else "interrupted")
        await asyncio.gather(*self._tasks)

    async def renew(self) -> None:
        """Say "still mine" about every run under way here. One in the background keeps its own, long lease: it outlives its process."""
        mine = [run_id for run_id, live in self._live.items() if not live.background]
        if mine:
            async with self._database.write() as tx:
                await repository.renew(tx, mine, self._clock.now() + LEASE)

    async def heed(self) -> None:
        """Stop what somebody asked another process to stop."""
        if self._live:
            async with self._database.read() as tx:
                wanted = await repository.stopping(tx)
            for run_id in wanted:
                if live := self.live(run_id):
                    live.stop("cancelled")

    async def recover(self) -> int:
        """Close the runs that no process carries any more, and release their credits. How many were closed."""
        async with self._database.read() as tx:
            dead = [row for row in await repository.dead(tx, self._clock.now()) if RunId(row.id) not in self._live]
        for row in dead:
            outcome = Outcome(RunStatus.CANCELLED) if row.stop else failed("interrupted")
            await self.close(repository.subject(row), outcome, None)
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

    async def close(self, subject: Subject, outcome: Outcome, run: Admitted | None) -> RunView:
        """Write the ending and settle, once. run: None when it is closed for a process that died: it costs nothing."""
        free = run is None or outcome.status is RunStatus.FAILED
        charged = ZERO if run is None or free else policy.charge(outcome, run.instance.terms, run.price)
        detail, now = policy.FAILURES.get(outcome.error_code, ""), self._clock.now()
        event = told.event(self._outbox, subject, outcome, detail, charged, now)
        ended = RunEnded(subject, outcome, detail, charged.micro, now, event)
        status = HoldStatus.RELEASED if free else HoldStatus.SETTLED
        whose = WorkspaceId(subject.workspace_id)
        receipt = await self._ledger.close(RunId(subject.run_id), charged, status, beside=ended, workspace_id=whose)
        if self._outbox is not None and event is not None:
            self._outbox.wake()
        if receipt is None or run is None:
            return await self.view(subject.run_id)
        return run.ended(ended, receipt)

    async def _carry(self, run: Admitted, live: LiveRun, hold: Hold, *, early: bool) -> None:
        try:
            holding = asyncio.get_running_loop().create_task(hold) if early else None
            if holding is not None:
                holding.add_done_callback(live.tell)
                holding.add_done_callback(lambda held: None if _is_granted(held) else live.stop("interrupted"))
            elif not await self._admitted(hold, live):
                return
            outcome = await self._outcome(run, live)
            if live.stopped == "left" or (holding is not None and not await _granted(holding)):
                return
            view = await self.close(run.subject, outcome, run)
            await self._remember(run, view)
            live.finish(view, lambda: events.ending(view))
        except Exception:
            # The database refused the ending. The row still runs, and `recover` releases it once the lease is over.
            log.exception("run %s could not be closed", run.run_id)
            gone = Unavailable("The run has ended, but its end could not be kept. It will cost nothing.")
            live.abandon(gone, lambda: [events.lost(run.run_id)])
        finally:
            del self._live[run.run_id]

    async def _admitted(self, hold: Hold, live: LiveRun) -> bool:
        try:
            granted = await hold
        except Exception as refusal:  # noqa: BLE001 - it is the caller's, and is raised there
            live.admitted.set_exception(refusal)
            return False
        live.admitted.set_result(granted)
        return granted

    async def _outcome(self, run: Admitted, live: LiveRun) -> Outcome:
        task = asyncio.current_task()
        assert task is not None, "a run has a task of its own"
        live.working(task)
        try:
            return await answer(self._runner, await self._jobs.make(run), live)
        except asyncio.CancelledError:
            live.working(None)
            while task.uncancel():
                pass
            return Outcome(RunStatus.CANCELLED, live.text) if live.stopped == "cancelled" else failed("interrupted")
        except Exception:
            log.exception("run %s broke", run.run_id)
            return failed("internal")
        finally:
            live.working(None)

    async def _remember(self, run: Admitted, view: RunView) -> None:
        """Write the answer into the conversation, where that is kept. The run is over and paid whatever becomes of this."""
        if not run.kept or not view.text:
            return
        sources = [SourceOut.model_validate(source, from_attributes=True).model_dump() for source in view.sources]
        try:
            await self._conversations.append(run.conversation_id, "agent", view.text, run.run_id, sources)
        except Exception:
            log.exception("the answer of run %s is missing in its conversation", run.run_id)


async def _granted(holding: asyncio.Task[bool]) -> bool:
    if not holding.done():
        await asyncio.wait({holding})
    return _is_granted(holding)


def _is_granted(holding: asyncio.Task[bool]) -> bool:
    return not holding.cancelled() and holding.exception() is None and holding.result()


async def _held() -> bool:
    return True


def _nothing() -> None:
    return None
