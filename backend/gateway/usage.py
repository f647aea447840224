"""What runs come to, by day, agent, owner and door. The sums are kept in the transaction that ends a run, so that reading them costs
the same however many runs there were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from backend.db.engine import Database
from backend.gateway.models import GatewayUsage
from backend.kernel.caller import Caller
from backend.kernel.clock import Clock
from backend.kernel.errors import Invalid
from backend.kernel.money import ZERO, Credits

SUMS = ("runs", "succeeded", "failed", "cancelled", "charged_micro", "tokens", "duration_ms")
MAX_DAYS = 366


class By(StrEnum):
    DAY = "day"
    AGENT = "agent"
    OWNER = "owner"
    DOOR = "door"


_COLUMNS: Mapping[By, Mapped[str]] = {
    By.DAY: col(GatewayUsage.day),
    By.AGENT: col(GatewayUsage.instance_id),
    By.OWNER: col(GatewayUsage.owner),
    By.DOOR: col(GatewayUsage.door),
}


@dataclass(frozen=True, slots=True)
class Sums:
    """duration_ms: of all of them together."""

    runs: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    charged: Credits = ZERO
    tokens: int = 0
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, the last one too. instance_id: of one agent alone."""

    first: date
    last: date
    instance_id: str | None = None

    @property
    def days(self) -> list[str]:
        return [date.fromordinal(n).isoformat() for n in range(self.first.toordinal(), self.last.toordinal() + 1)]


class Usage:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def period(self, first: date | None, last: date | None, days: int, instance_id: str | None = None) -> Period:
        """last: today when absent. first: so that there are `days`, when absent."""
        last = last or self._clock.now().astimezone(UTC).date()
        return Period(first or date.fromordinal(max(1, last.toordinal() - days + 1)), last, instance_id)

    async def sums(self, caller: Caller, by: By, period: Period) -> dict[str, Sums]:
        """By the day, the agent's id, the owner or the door. Every day has its sums; of the others, those with any run, by what they cost.

        Raises Invalid for a period that ends before it begins or is longer than a year.
        """
        column = _COLUMNS[by]
        async with self._database.read() as tx:
            rows = await tx.execute(_summed(column, where=_where(caller, period)).group_by(column))
            found = {row[0]: _sums(row[1:]) for row in rows}
        if by is By.DAY:
            return {day: found.get(day, Sums()) for day in period.days}
        return dict(sorted(found.items(), key=lambda pair: (-pair[1].charged.micro, -pair[1].runs, pair[0])))

    async def crossed(self, caller: Caller, by: By, within: By, period: Period) -> dict[str, dict[str, Sums]]:
        """The same by two at once, as in each agent's days; only where there was a run."""
        columns, found = (_COLUMNS[by], _COLUMNS[within]), dict[str, dict[str, Sums]]()
        async with self._database.read() as tx:
            for row in await tx.execute(_summed(*columns, where=_where(caller, period)).group_by(*columns)):
                found.setdefault(row[0], {})[row[1]] = _sums(row[2:])
        return found


def total(sums: Iterable[Sums]) -> Sums:
    whole = Sums()
    for one in sums:
        whole = Sums(*(getattr(whole, name) + getattr(one, name) for name in Sums.__slots__))
    return whole


def _where(caller: Caller, period: Period) -> list[ColumnElement[bool]]:
    if not 0 <= (period.last - period.first).days < MAX_DAYS:
        raise Invalid("A period is one day to one year.", fields={"to": f"from the first day to {MAX_DAYS - 1} days later"})
    where = [col(GatewayUsage.workspace_id) == caller.workspace_id]
    where += [col(GatewayUsage.day) >= period.first.isoformat(), col(GatewayUsage.day) <= period.last.isoformat()]
    if caller.instances is not None:
        where.append(col(GatewayUsage.instance_id).in_(caller.instances))
    if period.instance_id is not None:
        where.append(col(GatewayUsage.instance_id) == period.instance_id)
    return where


def _summed(*columns: Mapped[str], where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return select(*columns, *(func.sum(getattr(GatewayUsage, name)) for name in SUMS)).where(*where)


def _sums(row: Sequence[Any]) -> Sums:
    """PostgreSQL's sums of whole numbers come as Decimal."""
    runs, succeeded, failed, cancelled, charged, tokens_, took = (int(value) for value in row)
    return Sums(runs, succeeded, failed, cancelled, Credits(charged), tokens_, took)
