"""The gateway: every run of every agent, through whichever door, is admitted, held, carried out, settled and kept here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from backend.catalogue import Product
from backend.db.engine import Database
from backend.durable import Durable
from backend.gateway import overdue, policy, ports, repository, search
from backend.gateway.admission import Admission
from backend.gateway.answering import failed
from backend.gateway.background import Background
from backend.gateway.begun import Begun
from backend.gateway.execution import Execution
from backend.gateway.export import RunSheets
from backend.gateway.jobs import Admitted, Jobs
from backend.gateway.limits import RateLimits
from backend.gateway.trial import Trials
from backend.gateway.usage import Usage
from backend.gateway.views import Outcome, RunCommand, RunEvent, RunFilter, RunStatus, RunView
from backend.kernel.caller import Caller, Door
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Forbidden, Invalid, NotFound, Unavailable
from backend.kernel.ids import RunId
from backend.kernel.page import MAX_PAGE, Page
from backend.ledger.service import Ledger
from backend.runner.ports import Runner
from backend.settings import Settings

log = logging.getLogger(__name__)
KEEP_EVERY = 10.0
"""Seconds between two rounds of renewing leases and recovering dead runs."""
STOPPED_WITHIN = 5.0
"""Seconds that whoever stops a run of another process waits for its end."""
HEED_EVERY = 1.0
"""Seconds between two looks for runs that another process was asked to stop."""


class Gateway:
    """`start` it before the first run and `stop` it after the last; `recover` may be called at any time.

    durable: what carries runs in the background over restarts; without it they are runs like any other. outbox: told how each run ended.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ledger: Ledger,
        instances: ports.Instances,
        knowledge: ports.Knowledge,
        conversations: ports.Conversations,
        runner: Runner,
        products: Sequence[Product],
        settings: Settings,
        durable: Durable | None = None,
        outbox: ports.Outbox | None = None,
    ) -> None:
        self._database, self._ledger = database, ledger
        jobs, limits = Jobs(knowledge, conversations, products, settings), RateLimits(settings.redis_url)
        self._execution = Execution(database, clock, ledger, jobs, conversations, runner, outbox)
        self._background = Background(durable, self._carry_on) if durable is not None else None
        self._admission = Admission(database, clock, ledger, instances, conversations, jobs, limits, settings)
        self._trials = Trials(products, runner, jobs, limits, settings)
        self._keepers: list[asyncio.Task[None]] = []
        self.usage, self.sheets = Usage(database, clock), RunSheets(database, ledger)

    async def start(self) -> None:
        """Recover what a stopped process left, and keep the leases of what runs here."""
        await self.recover()
        if self._background is not None:
            async with self._database.read() as tx:
                waiting = await repository.waiting(tx)
            for run_id in waiting:
                await self._background.begin(RunId(run_id))
        rounds = ((KEEP_EVERY, self._keep), (HEED_EVERY, self._execution.heed))
        keeping = [*(_every(seconds, work) for seconds, work in rounds), self._admission.capacity.watch()]
        self._keepers = [asyncio.create_task(work, name="gateway-keeper") for work in keeping]

    async def stop(self) -> None:
        """Interrupt what is under way, for nothing; what runs in the background goes on at the next start. Safe to repeat."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers = []
        await self._execution.stop()

    async def recover(self) -> int:
        """Close and release runs whose process died, within the lease and `KEEP_EVERY` of its death, and holds that are over by their own
        time limit and belong to no run under way. How many."""
        return await self._execution.recover() + await overdue.release(self._database, self._ledger)

    @property
    def full(self) -> bool:
        """Whether a run would be turned away at once."""
        return self._admission.capacity.full

    async def begin(self, caller: Caller, command: RunCommand) -> Begun:
        """Admit a run, hold its price and begin it. The same Idempotency-Key and request again returns the first run.

        Raises NotFound for an agent or a conversation that is not the caller's, Conflict (key used for another request, agent not live),
        Forbidden (door not in the plan), RateLimited (a minute, at once), Unavailable, TooLarge, Invalid (question, cap), and
        InsufficientCredits (budget, balance): in this order. A refusal leaves nothing behind.
        """
        if caller.door is not Door.WIDGET:
            return await self._begin(caller, command)
        try:
            return await self._begin(caller, replace(command, conversation_id=caller.session_id))
        except DomainError as refusal:
            raise policy.to_visitor(refusal) from None

    async def _begin(self, caller: Caller, command: RunCommand) -> Begun:
        admission = self._admission
        instance, key, before = await admission.agent(caller, command)
        if before is not None:
            return Begun(before, self._execution, repeated=True)
        give_back = await admission.place(caller, instance)
        try:
            run = await admission.admit(caller, command, instance)
        except BaseException:
            give_back()
            raise
        begun = await self._let_in(run, command, key, give_back)
        if begun is not None:
            return begun
        assert key is not None, "only a request key is unique"
        repeated = await admission.repeated(key, command)
        assert repeated is not None, "the row that was in the way"
        return Begun(repeated, self._execution, repeated=True)

    async def stream(self, caller: Caller, command: RunCommand) -> AsyncIterator[RunEvent]:
        """`begin`, then its events as they come. Whoever stops reading does not stop the run."""
        begun = await self.begin(caller, command)
        async for event in begun.follow():
            if event is not None:
                yield event

    async def run(self, caller: Caller, command: RunCommand) -> RunView:
        """`begin`, then the run when it has ended; a failed run is a result too."""
        return await (await self.begin(caller, command)).result()

    async def resume(self, caller: Caller, run_id: str) -> Begun:
        """A run that was begun before, to follow it. Raises NotFound as `get` does."""
        return Begun((await self.get(caller, run_id)).id, self._execution)

    async def runs(self, caller: Caller, wanted: RunFilter) -> Page[RunView]:
        """The workspace's runs, newest first: see `search.page`. Raises Invalid for a limit out of range and a cursor that is not ours."""
        if not 1 <= wanted.limit <= MAX_PAGE:
            raise Invalid("A page has 1 to 100 runs.", fields={"limit": f"1 to {MAX_PAGE}"})
        async with self._database.read() as tx:
            page = await search.page(tx, caller, wanted)
        receipts = await self._ledger.receipts(caller.workspace_id, [RunId(row.id) for row in page.items])
        return page.map(lambda row: repository.view(row, receipts.get(RunId(row.id))))

    async def get(self, caller: Caller, run_id: str) -> RunView:
        """Raises NotFound for another workspace's run, and, for a visitor or a key that may not read all, for one they did not ask for."""
        async with self._database.read() as tx:
            row = await repository.get(tx, run_id)
        mine = row is not None and row.workspace_id == caller.workspace_id and caller.may_use(repository.view(row, None).instance_id)
        if row is None or not mine or (caller.own_runs_only and row.owner != policy.owner(caller)):
            raise NotFound("There is no such run.")
        return await self._execution.view(run_id)

    async def cancel(self, caller: Caller, run_id: str) -> RunView:
        """Stop a run, wherever it is carried out; it is charged for the part that was delivered. One that has ended stays as it is; one
        that waits for its turn in the background is told as running yet, and ends when that comes, for nothing.

        Raises NotFound, and Forbidden for a key that did not ask for the run.
        """
        view = await self.get(caller, run_id)
        if caller.key_id and view.owner != policy.owner(caller):
            raise Forbidden("A key stops its own runs only.", code="not_your_run")
        if view.status is not RunStatus.RUNNING:
            return view
        live = self._execution.live(run_id)
        if live is not None:
            live.stop("cancelled")
            return await live.result()
        async with self._database.write() as tx:
            await repository.ask_to_stop(tx, run_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPPED_WITHIN):
                return await self._execution.ended(view.id)
        return await self._execution.view(run_id)

    async def give_up(self, caller: Caller, called: str) -> None:
        """Stop the run under way that this caller began as `called`, wherever it is carried out, and wait for nothing: it is charged for
        the part that was delivered. Nothing happens when there is none, or when several have the same name."""
        async with self._database.read() as tx:
            found = await repository.called(tx, policy.called(policy.owner(caller), called))
        if len(found) != 1:
            return
        if live := self._execution.live(found[0]):
            live.stop("cancelled")
            return
        async with self._database.write() as tx:
            await repository.ask_to_stop(tx, found[0])

    async def trial(self, product_slug: str, visitor: str, text: str) -> AsyncIterator[RunEvent]:
        """ "Try it here": see `Trials.ask`."""
        async for event in self._trials.ask(product_slug, visitor, text):
            yield event

    async def _let_in(self, run: Admitted, command: RunCommand, key: str | None, give_back: Callable[[], None]) -> Begun | None:
        if command.background and self._background is not None:
            return await self._put_by(self._background, run, command, key, give_back)
        return await self._start(run, command, key, give_back)

    async def _start(self, run: Admitted, command: RunCommand, key: str | None, give_back: Callable[[], None]) -> Begun | None:
        """Hold the price and carry the run out in this process. None when the request was made before."""
        hold, early = self._admission.hold(run, command, key), self._admission.may_begin_early(run, key)
        live = self._execution.start(run, hold, early=early, done=give_back)
        granted = await asyncio.shield(live.admitted)
        return Begun(run.run_id, self._execution, live) if granted else None

    async def _put_by(
        self, background: Background, run: Admitted, command: RunCommand, key: str | None, give_back: Callable[[], None]
    ) -> Begun | None:
        """Hold the price and have the run carried out when its turn comes. None when the request was made before."""
        try:
            granted = await self._admission.hold(run, command, key)
        finally:
            give_back()
        if not granted:
            return None
        try:
            await background.begin(run.run_id)
        except Exception:
            # Nobody would take it up before the next start; it is over, for nothing.
            await self._execution.close(run.subject, failed("internal"), run)
            raise
        return Begun(run.run_id, self._execution)

    async def _carry_on(self, run_id: RunId) -> None:
        """Answer a run in the background to its end: from the start again when a process died over it."""
        async with self._database.read() as tx:
            row = await repository.get(tx, run_id)
        if row is None or row.status != RunStatus.RUNNING:
            return
        if row.stop:
            await self._execution.close(repository.subject(row), Outcome(RunStatus.CANCELLED), None)
            return
        try:
            run = await self._admission.before(row)
        except Unavailable as fault:
            log.warning("run %s cannot be answered any more: %s", run_id, fault.detail)
            await self._execution.close(repository.subject(row), failed("unavailable"), None)
            return
        await self._execution.again(run)

    async def _keep(self) -> None:
        await self._execution.renew()
        await self.recover()


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            log.exception("runs could not be looked after; the next round tries again")
