"""Gives a run back: the credits in the ledger, and with them what the run counted for in its day's sums and in its budgets."""

from __future__ import annotations

from sqlalchemy import ColumnElement, update
from sqlmodel import col

from backend.db.engine import Tx
from backend.gateway import repository
from backend.gateway.models import GatewayBudgetUse, GatewayRun, GatewayUsage
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import Receipt


class Refunds:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def give(self, run_id: RunId, reason: str, *, by: str) -> Receipt:
        """Once: the same run again changes nothing. The run stays counted, as one that cost nothing. Raises what `Ledger.refund` does."""
        return await self._ledger.refund(run_id, reason, by=by, beside=_uncount)


async def _uncount(tx: Tx, run_id: RunId, amount: Credits) -> None:
    row = await repository.get(tx, run_id)
    if row is None or row.finished_at is None:
        return
    await tx.execute(update(GatewayUsage).where(*_counted(row)).values(charged_micro=col(GatewayUsage.charged_micro) - amount.micro))
    for subject, start in row.budgets:
        mine = (col(GatewayBudgetUse.subject) == subject) & (col(GatewayBudgetUse.period_start) == start)
        await tx.execute(update(GatewayBudgetUse).where(mine).values(used=col(GatewayBudgetUse.used) - amount.micro))


def _counted(row: GatewayRun) -> list[ColumnElement[bool]]:
    assert row.finished_at is not None, "only a run that has ended was counted"
    day = row.finished_at.date().isoformat()
    values = {"workspace_id": row.workspace_id, "day": day, "instance_id": row.instance_id, "owner": row.spender, "door": row.door}
    return [col(getattr(GatewayUsage, name)) == value for name, value in values.items()]
