"""The gateway: every run of every agent, through whichever door, is admitted, held, carried out, settled and kept here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from backend.catalogue import Product
from backend.control_plane.instances import InstanceView
from backend.db.engine import Database
from backend.gateway import policy, ports, repository
from backend.gateway.begun import Begun
from backend.gateway.execution import LEASE, Execution
from backend.gateway.jobs import Admitted, Jobs
from backend.gateway.limits import RateLimits, Slots
from backend.gateway.trial import Trials
from backend.gateway.views import RunCommand, RunEvent, RunFilter, RunStatus, RunView
from backend.kernel.caller import Caller, Door
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import RunId, new_run_id
from backend.kernel.money import Credits
from backend.kernel.page import MAX_PAGE, Page, cut
from backend.ledger.service import Ledger
from backend.runner.ports import Runner
from backend.settings import Settings

log = logging.getLogger(__name__)
RUNNING_AT_ONCE = 8
"""Runs of one workspace, in this process."""
KEEP_EVERY = 10.0
"""Seconds between two rounds of renewing leases and recovering dead runs."""


class Gateway:
    """`start` it before the first run and `stop` it after the last; `recover` may be called at any time."""

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
    ) -> None:
        self._database, self._clock, self._ledger = database, clock, ledger
        self._instances, self._conversations = instances, conversations
        self._jobs = Jobs(knowledge, conversations, products, settings)
        self._execution = Execution(database, clock, ledger, self._jobs, conversations, runner)
        self._limits = RateLimits(settings.redis_url)
        self._slots = Slots(RUNNING_AT_ONCE, f"At most {RUNNING_AT_ONCE} runs of a workspace at once. Try again when one has ended.")
        self._trials = Trials(products, runner, self._jobs, self._limits, settings)
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Recover what a stopped process left, and keep the leases of what runs here."""
        await self.recover()
        self._keeper = asyncio.create_task(self._keep(), name="gateway-keeper")

    async def stop(self) -> None:
        """Interrupt what is under way; nothing is charged for it. Safe to repeat."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        await self._execution.stop()

    async def recover(self) -> int:
        """Close and release runs whose process died: within `LEASE` and `KEEP_EVERY` of its death. How many."""
        return await self._execution.recover()

    async def begin(self, caller: Caller, command: RunCommand) -> Begun:
        """Admit a run and hold its price; it is durable, and under way, when this returns.

        Raises NotFound (instance or conversation not the caller's), Invalid, TooLarge, Conflict (agent not live, key used for another
        request), Forbidden (door not in the plan), RateLimited, InsufficientCredits, Unavailable. A refusal leaves nothing behind.
        """
        if caller.door is Door.WIDGET:
            command = replace(command, conversation_id=caller.session_id)
        policy.check(command)
        instance = await self._instances.get(caller, command.instance_id)
        key = policy.request_key(policy.owner(caller), command.idempotency_key) if command.idempotency_key else None
        if key is not None and (before := await self._repeated(key, command)):
            return before
        policy.admit(caller, instance)
        price = policy.hold(instance.terms, command.max_credits)
        await self._limits.per_minute(f"instance:{instance.id}", instance.terms.rpm)
        self._slots.take(instance.workspace_id)
        try:
            run = await self._admitted(caller, command, instance, price)
            if await self._hold(run, key):
                self._execution.start(run, done=lambda: self._slots.give_back(instance.workspace_id))
                return Begun(run.run_id, self._execution)
        except BaseException:
            self._slots.give_back(instance.workspace_id)
            raise
        self._slots.give_back(instance.workspace_id)
        assert key is not None, "only a request key is unique"
        repeated = await self._repeated(key, command)
        assert repeated is not None, "the row that was in the way"
        return repeated

    async def stream(self, caller: Caller, command: RunCommand) -> AsyncIterator[RunEvent]:
        """`begin`, then its events as they come. Whoever stops reading does not stop the run."""
        begun = await self.begin(caller, command)
        async for event in begun.follow():
            if event is not None:
                yield event

    async def run(self, caller: Caller, command: RunCommand) -> RunView:
        """`begin`, then the run when it has ended; a failed run is a result too."""
        return await (await self.begin(caller, command)).result()

    async def runs(self, caller: Caller, wanted: RunFilter) -> Page[RunView]:
        """The workspace's runs, newest first. Raises Invalid for a limit out of range."""
        if not 1 <= wanted.limit <= MAX_PAGE:
            raise Invalid("A page has 1 to 100 runs.", fields={"limit": f"1 to {MAX_PAGE}"})
        async with self._database.read() as tx:
            rows = await repository.page(tx, caller, wanted)
        receipts = await self._ledger.receipts(caller.workspace_id, [RunId(row.id) for row in rows])
        return cut(rows, wanted.limit, lambda row: row.id).map(lambda row: repository.view(row, receipts.get(RunId(row.id))))

    async def get(self, caller: Caller, run_id: str) -> RunView:
        """Raises NotFound for another workspace's run, and for a widget's visitor who did not ask for it."""
        async with self._database.read() as tx:
            row = await repository.get(tx, run_id)
        mine = row is not None and row.workspace_id == caller.workspace_id and caller.may_use(repository.view(row, None).instance_id)
        if row is None or not mine or (caller.door is Door.WIDGET and row.owner != policy.owner(caller)):
            raise NotFound("There is no such run.")
        return await self._execution.view(run_id)

    async def cancel(self, caller: Caller, run_id: str) -> RunView:
        """Stop a run; it is charged for the part that was delivered. One that has ended stays as it is.

        Raises NotFound, and Conflict for a run that another process carries out.
        """
        view = await self.get(caller, run_id)
        live = self._execution.live(run_id)
        if live is not None:
            live.stop("cancelled")
            return await live.result()
        if view.status is RunStatus.RUNNING:
            view = await self.get(caller, run_id)
        if view.status is RunStatus.RUNNING:
            raise Conflict("This run is carried out by another process and cannot be stopped here.", code="not_here")
        return view

    async def trial(self, product_slug: str, visitor: str, text: str) -> AsyncIterator[RunEvent]:
        """ "Try it here": see `Trials.ask`."""
        async for event in self._trials.ask(product_slug, visitor, text):
            yield event

    async def _admitted(self, caller: Caller, command: RunCommand, instance: InstanceView, price: Credits) -> Admitted:
        plan = self._jobs.plan(instance.product_slug)
        conversation = await self._conversations.open(caller, instance.id, command.conversation_id)
        return Admitted(new_run_id(), caller, instance, conversation, command, price, plan, self._clock.now())

    async def _hold(self, run: Admitted, key: str | None) -> bool:
        """Write the run down and hold its price, in one transaction. False when the request was made before."""
        values = {
            "id": run.run_id,
            "workspace_id": run.instance.workspace_id,
            "instance_id": run.instance.id,
            "instance_name": run.instance.name,
            "door": run.caller.door.value,
            "owner": policy.owner(run.caller),
            "conversation_id": run.conversation_id,
            "query": run.command.text,
            "price": run.price.micro,
            "request_key": key,
            "request_hash": policy.request_hash(run.command),
            "lease_until": run.started_at + LEASE,
            "started_at": run.started_at,
        }
        async with self._database.write() as tx:
            if not await repository.add(tx, values):
                return False
            await self._ledger.hold(run.instance.workspace_id, run.run_id, run.price, label=run.instance.name, tx=tx)
        return True

    async def _repeated(self, key: str, command: RunCommand) -> Begun | None:
        """The run of an earlier request with this key. Raises Conflict when that one asked something else."""
        async with self._database.read() as tx:
            row = await repository.by_request(tx, key)
        if row is None:
            return None
        if row.request_hash != policy.request_hash(command):
            raise Conflict("This Idempotency-Key was used for another request.", code="idempotency_key_reused")
        return Begun(RunId(row.id), self._execution)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            try:
                await self._execution.renew()
                await self.recover()
            except Exception:
                log.exception("leases could not be kept; the next round tries again")
