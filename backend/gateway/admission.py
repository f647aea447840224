"""What stands before a run: whose agent it is, every limit in its order, the conversation, and the hold that lets it in."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from backend.control_plane.instances import InstanceView
from backend.db.engine import Database
from backend.gateway import background, policy, ports, repository
from backend.gateway.budgets import Line, lines
from backend.gateway.capacity import Capacity
from backend.gateway.jobs import Admitted, Jobs
from backend.gateway.limits import RateLimits, Slots
from backend.gateway.models import GatewayRun
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.caller import Caller, Door
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, NotFound, Unavailable
from backend.kernel.ids import ConversationId, RunId, new_run_id
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.settings import Settings

LEASE = timedelta(seconds=30)
"""How long a process may be silent about a run that it carries before another ends it."""
SPARE = timedelta(minutes=1)
"""What a hold lasts longer than its run may: for what comes before the work and after it."""
KEY_LIFE = timedelta(hours=24)
"""How long an Idempotency-Key names its first request."""
CERTAIN = 2
"""Times the price that must have been available a moment ago for the work to begin while the hold is being written."""
_UNKEPT = frozenset({Door.API, Door.OPENAI, Door.MCP})
"""Doors whose conversations are written down only once a client goes on with one: most ask a single question."""


class Admission:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        ledger: Ledger,
        instances: ports.Instances,
        conversations: ports.Conversations,
        jobs: Jobs,
        limits: RateLimits,
        settings: Settings,
    ) -> None:
        self._database, self._clock, self._ledger = database, clock, ledger
        self._instances, self._conversations, self._jobs, self._limits = instances, conversations, jobs, limits
        self.capacity, self._overlap = Capacity(settings.gateway_capacity), settings.overlap_holds
        most = settings.running_at_once
        self._slots = Slots(most, f"At most {most} runs of a workspace at once. Try again when one has ended.")

    async def agent(self, caller: Caller, command: RunCommand) -> tuple[InstanceView, str | None, RunId | None]:
        """The agent that is asked, the request's own key, and the run of an earlier request with it. Raises NotFound, Conflict."""
        policy.asked(command)
        instance = await self._instances.ready(caller, command.instance_id)
        if not command.idempotency_key:
            return instance, None, None
        policy.check_key(command.idempotency_key)
        key = policy.request_key(policy.owner(caller), command.idempotency_key)
        return instance, key, await self.repeated(key, command)

    async def place(self, caller: Caller, instance: InstanceView) -> Callable[[], None]:
        """A place among the runs under way, and what gives it back, once. Raises Conflict, Forbidden, RateLimited, Unavailable."""
        policy.admit(caller, instance)
        await self._limits.per_minute(f"instance:{instance.id}", instance.terms.rpm)
        self._slots.take(instance.workspace_id)
        try:
            self.capacity.take()
        except BaseException:
            self._slots.give_back(instance.workspace_id)
            raise

        def give_back() -> None:
            self._slots.give_back(instance.workspace_id)
            self.capacity.give_back()

        return give_back

    async def admit(self, caller: Caller, command: RunCommand, instance: InstanceView) -> Admitted:
        """Raises Invalid, TooLarge, NotFound, Unavailable."""
        policy.fits(command)
        price = policy.hold(instance.terms, command.max_credits)
        run_id, now = new_run_id(), self._clock.now()
        conversation, kept = await self._conversation(caller, command, instance, run_id)
        return Admitted(
            run_id=run_id,
            instance=instance,
            door=caller.door,
            owner=policy.owner(caller),
            spender=policy.spender(caller),
            conversation_id=conversation,
            kept=kept,
            text=command.text,
            price=price,
            plan=self._jobs.plan(instance.product_slug),
            lines=lines(caller.budgets, now),
            started_at=now,
            history=command.history,
        )

    async def hold(self, run: Admitted, command: RunCommand, key: str | None) -> bool:
        """Write the run down and hold its price, in one transaction. False when the request was made before.

        Raises BudgetExhausted, InsufficientCredits. It is durable when this returns.
        """
        lease = background.LEASE if command.background else LEASE
        asked = policy.request_hash(command) if key else policy.called(run.owner, command.called) if command.called else ""
        row = run.row(key, asked, run.started_at + lease, background=command.background)
        until = row.lease_until + timedelta(seconds=self._jobs.longest(run.instance)) + SPARE
        whose = run.instance.workspace_id, run.run_id, run.price
        began = time.monotonic()
        held = await self._ledger.hold_beside(*whose, label=run.instance.name, beside=row, until=until)
        self.capacity.waited(time.monotonic() - began)
        return held is not None

    def may_begin_early(self, run: Admitted, key: str | None) -> bool:
        """Whether the hold is as good as made: then the answer can be worked on while the disk is waited for.

        Not where the work leaves a trace, or a request may turn out to have been made before.
        """
        return (
            self._overlap
            and key is None
            and not run.kept
            and not run.lines
            and self._ledger.likely(run.instance.workspace_id, Credits(run.price.micro * CERTAIN))
        )

    async def repeated(self, key: str, command: RunCommand) -> RunId | None:
        """The run of an earlier request with this key. Raises Conflict when that one asked something else."""
        async with self._database.read() as tx:
            row = await repository.by_request(tx, key)
        if row is None:
            return None
        if row.started_at <= self._clock.now() - KEY_LIFE:
            async with self._database.write() as tx:
                await repository.forget_key(tx, row.id)
            return None
        if row.request_hash != policy.request_hash(command):
            raise Conflict("This Idempotency-Key was used for another request.", code="idempotency_key_reused")
        return RunId(row.id)

    async def before(self, row: GatewayRun) -> Admitted:
        """A run that was admitted before, by this process or another. Raises Unavailable when its agent or its flow is gone."""
        instance = await self._instances.find(row.instance_id)
        if instance is None:
            raise Unavailable("This agent is gone.", code="agent_gone")
        run_id = RunId(row.id)
        return Admitted(
            run_id=run_id,
            instance=instance,
            door=Door(row.door),
            owner=row.owner,
            spender=row.spender,
            conversation_id=ConversationId(row.conversation_id),
            kept=row.conversation_id != policy.own_conversation(run_id),
            text=row.query,
            price=Credits(row.price),
            plan=self._jobs.plan(instance.product_slug),
            lines=tuple(Line(subject, start, 0, "month" if start.startswith("month") else "day") for subject, start in row.budgets),
            started_at=row.started_at,
        )

    async def _conversation(
        self, caller: Caller, command: RunCommand, instance: InstanceView, run_id: RunId
    ) -> tuple[ConversationId, bool]:
        """The conversation to go on with, and whether it is written down."""
        wanted = command.conversation_id
        if not wanted and caller.door in _UNKEPT:
            return policy.own_conversation(run_id), False
        try:
            return await self._conversations.open(caller, instance.id, wanted), True
        except NotFound:
            if not wanted or not await self._write_down(caller, instance, wanted):
                raise
        return ConversationId(wanted), True

    async def _write_down(self, caller: Caller, instance: InstanceView, conversation_id: str) -> bool:
        """Write down a conversation of one question, from the run that answered it. False when the caller had no such run."""
        async with self._database.read() as tx:
            row = await repository.get(tx, policy.first_run(conversation_id))
        asked = row is not None and (row.conversation_id, row.instance_id, row.owner) == (
            conversation_id,
            instance.id,
            policy.owner(caller),
        )
        if row is None or not asked:
            return False
        if row.status == RunStatus.RUNNING:
            raise Conflict("The run that began this conversation is under way. Go on when it has ended.", code="run_under_way")
        await self._conversations.adopt(caller, instance.id, ConversationId(conversation_id))
        at: datetime = row.started_at
        await self._conversations.append(conversation_id, "user", row.query, row.id, at=at)
        if row.text:
            await self._conversations.append(conversation_id, "agent", row.text, row.id, row.sources, at=at)
        return True
