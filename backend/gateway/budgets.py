"""Which budgets a run must keep, until when each lasts, and what a caller is told whose budget is used up. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.kernel.caller import Budget, Period
from backend.kernel.errors import BudgetExhausted
from backend.kernel.money import Credits

_KINDS = {
    "key": ("This API key", "An owner or admin can raise it at /app/keys."),
    "widget": ("This chat widget", "A member can raise it on the Widget page of the agent."),
    "member": ("Your account", "An owner or admin can raise it at /app/members."),
    "workspace": ("The workspace", "An owner or admin can raise it at /app/settings."),
}


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One counter that a run is counted in. limit: micro-credits."""

    subject: str
    period_start: str
    limit: int
    period: Period

    @property
    def row(self) -> list[str]:
        return [self.subject, self.period_start]


def lines(budgets: Iterable[Budget], at: datetime) -> tuple[Line, ...]:
    """The counters of a run that is held at `at`, in the order in which every run takes them: two never wait for each other."""
    return tuple(sorted(Line(b.subject, period_start(b.period, at), b.limit.micro, b.period) for b in budgets))


def period_start(period: Period, at: datetime) -> str:
    there = at.astimezone(UTC)
    return f"day:{there:%Y-%m-%d}" if period == "day" else f"month:{there:%Y-%m}"


def renews(period: Period, at: datetime) -> datetime:
    """When the UTC day or month of `at` is over."""
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1) if period == "day" else (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def exhausted(line: Line, used: int, amount: Credits, at: datetime) -> BudgetExhausted:
    """What the caller is told. used: micro-credits counted in the line. amount: what the run would have held."""
    whose, mend = _KINDS[line.subject.partition(":")[0]]
    limit, left, end = Credits(line.limit), Credits(max(0, line.limit - used)), renews(line.period, at)
    detail = f"{whose} may spend {_credits(limit)} a {line.period} and has {left} left; this run needs {amount}."
    if amount > limit:
        return BudgetExhausted(f"{detail} {mend}", retry_after=0)
    wait = math.ceil((end - at).total_seconds())
    return BudgetExhausted(f"{detail} The budget renews on {end:%-d %b %Y, %H:%M} UTC. {mend}", retry_after=wait)


def _credits(amount: Credits) -> str:
    return f"{amount} credit{'' if amount == Credits.of(1) else 's'}"
