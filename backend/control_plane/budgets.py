"""Budgets: what a key, a widget, a member or a whole workspace may spend in a UTC day and in a calendar month.

They are set here and carried by every caller they bind; what was spent of them is counted by whoever runs agents.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import delete, select, text
from sqlmodel import col

from backend.control_plane.models import BudgetRow
from backend.db.engine import Database, Tx
from backend.kernel.caller import Budget, Caller, Door, Period
from backend.kernel.errors import Invalid, NotFound
from backend.kernel.ids import AccountId, KeyId, WidgetId, WorkspaceId
from backend.kernel.memory import Callers
from backend.kernel.money import ZERO, Credits
from backend.workspaces.service import Workspaces

_PUT = text(
    "INSERT INTO budget (subject, workspace_id, day, month) VALUES (:subject, :workspace_id, :day, :month) "
    "ON CONFLICT (subject) DO UPDATE SET day = excluded.day, month = excluded.month"
)
MOST = Credits.of(1_000_000_000)
"""Far more than anybody has, and far less than a counter holds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """None: no such bound."""

    day: Credits | None = None
    month: Credits | None = None

    def __bool__(self) -> bool:
        return self.day is not None or self.month is not None

    def budgets(self, subject: str) -> tuple[Budget, ...]:
        bounds: tuple[tuple[Period, Credits | None], ...] = (("day", self.day), ("month", self.month))
        return tuple(Budget(subject, period, limit) for period, limit in bounds if limit is not None)


@dataclass(frozen=True, slots=True)
class Spent:
    """Of budgets that are set: what was charged and is held, in the day and the month that are running."""

    day: Credits = ZERO
    month: Credits = ZERO


class Counters(Protocol):
    async def __call__(self, subjects: Collection[str]) -> Mapping[str, Spent]:
        """By subject, those that have spent something."""
        ...


def key_subject(key_id: KeyId) -> str:
    return f"key:{key_id}"


def widget_subject(widget_id: WidgetId) -> str:
    return f"widget:{widget_id}"


def member_subject(workspace_id: WorkspaceId, account_id: AccountId) -> str:
    """A member's budget is for one workspace: elsewhere they may have another."""
    return f"member:{workspace_id}:{account_id}"


def workspace_subject(workspace_id: WorkspaceId) -> str:
    return f"workspace:{workspace_id}"


def subjects(caller: Caller) -> tuple[str, ...]:
    """Whose budgets bind this caller. A key is bound by its own, not by those of the member who made it."""
    whole = workspace_subject(caller.workspace_id)
    if caller.door is Door.WIDGET:
        return (widget_subject(caller.widget_id), whole) if caller.widget_id else (whole,)
    if caller.key_id:
        return key_subject(caller.key_id), whole
    return (member_subject(caller.workspace_id, caller.account_id), whole) if caller.account_id else (whole,)


def check(limits: Limits, prefix: str = "budget.") -> None:
    """prefix: what stands before the name of a field. Raises Invalid with fields."""
    faults = {
        f"{prefix}{period}": f"0 to {MOST.micro // 1_000_000:,} credits, or nothing for no budget."
        for period, limit in (("day", limits.day), ("month", limits.month))
        if limit is not None and not ZERO <= limit <= MOST
    }
    if faults:
        raise Invalid("Check the budget.", fields=faults)


class Budgets:
    """callers: told of every workspace whose budgets change, so that the change counts at once."""

    def __init__(self, database: Database, workspaces: Workspaces, callers: Callers) -> None:
        self._database, self._workspaces, self._callers = database, workspaces, callers

    async def of(self, *wanted: str) -> dict[str, Limits]:
        """By subject, those that have any."""
        async with self._database.read() as tx:
            rows = await tx.scalars(select(BudgetRow).where(col(BudgetRow.subject).in_(wanted)))
            return {row.subject: _limits(row) for row in rows}

    async def all(self, workspace_id: WorkspaceId) -> dict[str, Limits]:
        """Every budget that is set in the workspace, by subject."""
        async with self._database.read() as tx:
            rows = await tx.scalars(select(BudgetRow).where(col(BudgetRow.workspace_id) == workspace_id))
            return {row.subject: _limits(row) for row in rows}

    async def bound(self, caller: Caller) -> tuple[Budget, ...]:
        """Every budget that a run of this caller must keep."""
        whose = subjects(caller)
        found = await self.of(*whose)
        return tuple(budget for subject in whose if subject in found for budget in found[subject].budgets(subject))

    async def set_workspace(self, workspace_id: WorkspaceId, limits: Limits) -> None:
        """Raises Invalid with fields."""
        await self._set(workspace_id, workspace_subject(workspace_id), limits)

    async def set_member(self, workspace_id: WorkspaceId, account_id: str, limits: Limits) -> None:
        """Raises Invalid with fields, NotFound for somebody who does not belong to the workspace."""
        member = AccountId(account_id)
        if await self._workspaces.role(member, workspace_id) is None:
            raise NotFound("There is no such member.")
        await self._set(workspace_id, member_subject(workspace_id, member), limits)

    async def _set(self, workspace_id: WorkspaceId, subject: str, limits: Limits) -> None:
        async with self._database.write() as tx:
            await self.put(tx, workspace_id, subject, limits)
        self._callers.forget(workspace_id)

    async def put(self, tx: Tx, workspace_id: WorkspaceId, subject: str, limits: Limits) -> None:
        """Within a unit of work of the caller's, who forgets the callers it binds once it is committed. Raises Invalid with fields."""
        check(limits)
        day, month = (None if limit is None else limit.micro for limit in (limits.day, limits.month))
        if limits:
            await tx.execute(_PUT, {"subject": subject, "workspace_id": workspace_id, "day": day, "month": month})
        else:
            await tx.execute(delete(BudgetRow).where(col(BudgetRow.subject) == subject))


def _limits(row: BudgetRow) -> Limits:
    day, month = (None if limit is None else Credits(limit) for limit in (row.day, row.month))
    return Limits(day, month)
