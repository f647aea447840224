"""What a run would cost, before it is asked for: the rule, what would be held, and what this agent's last runs came to. Nothing is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Protocol, TypeVar

from sqlalchemy import Text, cast, func, select
from sqlmodel import col

from backend.control_plane.instances import InstanceView
from backend.db.engine import Database
from backend.gateway import policy, ports
from backend.gateway.budgets import exhausted, lines
from backend.gateway.limits import RateLimits
from backend.gateway.models import GatewayRun
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.caller import Budget, Caller
from backend.kernel.clock import Clock
from backend.kernel.money import Credits
from backend.kernel.pricing import Ending
from backend.ledger.service import Ledger
from backend.ledger.writing import short
from backend.settings import Settings

T = TypeVar("T")
LAST = 300
"""Runs of an agent that are looked at, newest first, however many it has had."""
ENOUGH = 20
"""Answers among them below which nothing is said of the next one."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Half of the last `runs` answers cost p50 or less, 95 of 100 cost p95 or less, at the price of today. The same of milliseconds."""

    p50: Credits
    p95: Credits
    p50_ms: int
    p95_ms: int
    runs: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the run would be refused for its price. code: as the run's own answer would carry it."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Quote:
    """hold: what would be set aside, which is also the most the run can cost. estimate: None when too few runs were answered."""

    instance: InstanceView
    hold: Credits
    estimate: Estimate | None
    available: Credits
    refusals: tuple[Refusal, ...]


class Spent(Protocol):
    """What was charged to a subject, and is held for it, in the UTC day and the month that are running."""

    @property
    def day(self) -> Credits: ...
    @property
    def month(self) -> Credits: ...


class Counters(Protocol):
    async def __call__(self, subjects: Collection[str]) -> Mapping[str, Spent]:
        """By subject of a budget, those that have spent something."""
        ...


class Quotes:
    """counters: without them a budget is known to refuse only what is larger than all of it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ledger: Ledger,
        instances: ports.Instances,
        settings: Settings,
        counters: Counters | None = None,
    ) -> None:
        self._database, self._clock, self._ledger, self._instances, self._counters = database, clock, ledger, instances, counters
        self._limits = RateLimits(settings.redis_url)

    async def quote(self, caller: Caller, command: RunCommand) -> Quote:
        """What is wrong with the request is refused as the run would be; what is wrong with the purse is told in the quote.

        Raises NotFound, Invalid, TooLarge, Conflict (agent not live), Forbidden (door not in the plan), RateLimited.
        """
        policy.asked(command)
        instance = await self._instances.ready(caller, command.instance_id)
        policy.admit(caller, instance)
        policy.fits(command)
        hold = policy.hold(instance.terms, command.max_credits)
        await self._limits.per_minute(f"quote:{instance.id}", instance.terms.rpm)
        available = (await self._ledger.balance(instance.workspace_id)).available
        subjects = {budget.subject for budget in caller.budgets}
        spent = await self._counters(subjects) if self._counters and subjects else {}
        return Quote(
            instance,
            hold,
            await self.estimate(instance, hold),
            available,
            refusals(hold, available, caller.budgets, spent, self._clock.now()),
        )

    async def estimate(self, instance: InstanceView, hold: Credits) -> Estimate | None:
        """hold: what the next run may cost at most. None below `ENOUGH` answers."""
        runs = await self._answered(instance.id)
        if len(runs) < ENOUGH:
            return None
        rules = instance.terms.rules
        costs = sorted(min(hold, rules.cost(ending, tokens=policy.tokens(usage), delivered=0)) for ending, usage, _ in runs)
        times = sorted(took for _, _, took in runs)
        return Estimate(nth(costs, 50), nth(costs, 95), nth(times, 50), nth(times, 95), len(runs))

    async def _answered(self, instance_id: str) -> list[tuple[Ending, Mapping[str, int], int]]:
        """How each ended, its usage and its milliseconds, of those among the `LAST` that were answered."""
        cited = func.length(cast(col(GatewayRun.sources), Text)) > len("[]")
        wanted = (
            col(GatewayRun.status),
            cited.label("cited"),
            col(GatewayRun.usage),
            col(GatewayRun.started_at),
            col(GatewayRun.finished_at),
        )
        newest = (col(GatewayRun.started_at).desc(), col(GatewayRun.id).desc())
        last = select(*wanted).where(col(GatewayRun.instance_id) == instance_id).order_by(*newest).limit(LAST)
        run = last.subquery().c
        query = select(run.cited, run.usage, run.started_at, run.finished_at).where(run.status == RunStatus.SUCCEEDED.value)
        async with self._database.read() as tx:
            found = (await tx.execute(query)).all()
        return [
            (Ending.SUCCESS if cited else Ending.EMPTY, usage, round((end - start).total_seconds() * 1000))
            for cited, usage, start, end in found
        ]


def refusals(hold: Credits, available: Credits, budgets: Sequence[Budget], spent: Mapping[str, Spent], at: datetime) -> tuple[Refusal, ...]:
    """In the words that the run would be refused with. spent: by subject; nothing where it is not known."""
    found = []
    if available < hold:
        poor = short(hold.micro, available.micro)
        found.append(Refusal(poor.code, poor.detail))
    for line in lines(budgets, at):
        gone = spent.get(line.subject)
        used = getattr(gone, line.period).micro if gone else 0
        if line.limit - used < hold.micro:
            refused = exhausted(line, used, hold, at)
            found.append(Refusal(refused.code, refused.detail))
    return tuple(found)


def nth(ordered: Sequence[T], percent: int) -> T:
    """The smallest value that `percent` of 100 do not exceed."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
