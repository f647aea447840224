"""The counters of budgets: one guarded statement takes, one gives back. `used` is what was charged plus what runs under way hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from backend.control_plane.budgets import Spent
from backend.db.engine import Database
from backend.db.writer import Execute
from backend.gateway.budgets import Line, exhausted, period_start
from backend.gateway.models import GatewayBudgetUse
from backend.kernel.clock import Clock
from backend.kernel.money import Credits

TAKE = """INSERT INTO gateway_budget_use (subject, period_start, used) VALUES (?, ?, ?)
ON CONFLICT (subject, period_start) DO UPDATE SET used = gateway_budget_use.used + excluded.used
WHERE gateway_budget_use.used + excluded.used <= ? RETURNING used"""
GIVE_BACK = "UPDATE gateway_budget_use SET used = used - ? WHERE subject = ? AND period_start = ?"
_USED = "SELECT used FROM gateway_budget_use WHERE subject = ? AND period_start = ?"


def take_on_sqlite(execute: Execute, lines: Sequence[Line], amount: int, at: datetime) -> None:
    """Count `amount` micro-credits in every line. Raises BudgetExhausted for the first that has no room for it: then nothing may stay."""
    for line in lines if amount else ():
        if not _fits(line, amount) or execute(TAKE, _values(line, amount)).fetchone() is None:
            [used] = execute(_USED, (line.subject, line.period_start)).fetchone() or (0,)
            raise exhausted(line, used, Credits(amount), at)


async def take_on_postgres(connection: Any, lines: Sequence[Line], amount: int, at: datetime) -> None:
    """As `take_on_sqlite`, on psycopg's AsyncConnection."""
    for line in lines if amount else ():
        taken = await connection.execute(TAKE.replace("?", "%s"), _values(line, amount)) if _fits(line, amount) else None
        if taken is None or await taken.fetchone() is None:
            found = await connection.execute(_USED.replace("?", "%s"), (line.subject, line.period_start))
            [used] = await found.fetchone() or (0,)
            raise exhausted(line, used, Credits(amount), at)


def _fits(line: Line, amount: int) -> bool:
    # The guard of the statement does not see a row's first amount.
    return amount <= line.limit


def _values(line: Line, amount: int) -> tuple[str, str, int, int]:
    return line.subject, line.period_start, amount, line.limit


class Spending:
    """Reads the counters."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def __call__(self, subjects: Collection[str]) -> Mapping[str, Spent]:
        """By subject, those that have spent something in the day or the month that is running."""
        if not subjects:
            return {}
        now = self._clock.now()
        day, month = period_start("day", now), period_start("month", now)
        mine = col(GatewayBudgetUse.subject).in_(subjects) & col(GatewayBudgetUse.period_start).in_([day, month])
        async with self._database.read() as tx:
            rows = list(await tx.scalars(select(GatewayBudgetUse).where(mine)))
        used = {(row.subject, row.period_start): Credits(row.used) for row in rows}
        zero = Credits(0)
        return {row.subject: Spent(used.get((row.subject, day), zero), used.get((row.subject, month), zero)) for row in rows}
