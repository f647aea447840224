"""Gives back what a run was charged, once: to the lots that paid; what such a lot has lost by expiry comes as a new lot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import insert, update

from backend.db.engine import Tx
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits
from backend.ledger import repository
from backend.ledger.models import LedgerRefund
from backend.ledger.policy import Debit
from backend.ledger.reading import charges_of
from backend.ledger.repository import LOT
from backend.ledger.views import EntryKind, HoldStatus, LotSource
from backend.ledger.writing import REVENUE, refund_key

MAX_REASON = 200
Grant = Callable[..., Awaitable[bool]]


async def refund(tx: Tx, run_id: str, reason: str, by: str, *, grant: Grant, now: datetime) -> Credits | None:
    """What was given back; None for a run that was given back already, which stays so. grant: adds a lot.

    Raises NotFound when nothing was held, Conflict while it is under way, Invalid without a reason or when nothing was charged.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MAX_REASON:
        raise Invalid("Say why it is given back.", fields={"reason": f"1 to {MAX_REASON} characters."})
    hold = await repository.hold_row(tx, run_id)
    if hold is None:
        raise NotFound("Nothing was held for this run.")
    if hold["status"] == HoldStatus.OPEN:
        raise Conflict("This run is under way. Stop it, or wait for its end.", code="run_under_way")
    if not hold["charged"]:
        raise Invalid("This run cost nothing.", code="nothing_charged")
    workspace_id, label = hold["workspace_id"], f"Given back: {reason}"
    txn = await repository.begin(tx, refund_key(run_id), EntryKind.REFUND, workspace_id, label, now, run_id)
    if txn is None:
        return None
    await repository.account(tx, workspace_id, lock=True)
    back, anew = await _parts(tx, run_id, now)
    await _put_back(tx, workspace_id, txn, back)
    if anew:
        given = {"amount": Credits(anew), "source": LotSource.REFUND, "ref": run_id, "key": refund_key(run_id), "label": label}
        await grant(tx, workspace_id=WorkspaceId(workspace_id), **given)
    values = {"run_id": run_id, "workspace_id": workspace_id, "amount": hold["charged"], "anew": anew}
    await tx.execute(insert(LedgerRefund).values(**values, reason=reason, by=by[:200], at=now))
    return Credits(hold["charged"])


async def _parts(tx: Tx, run_id: str, now: datetime) -> tuple[list[Debit], int]:
    """What goes back to each lot, and how much no lot can take any more."""
    back: list[Debit] = []
    anew = 0
    for lot_id, expires_at, amount in await charges_of(tx, run_id):
        if expires_at is not None and expires_at <= now:
            anew += amount
        else:
            back.append(Debit(lot_id, amount))
    return back, anew


async def _put_back(tx: Tx, workspace_id: str, txn: str, back: list[Debit]) -> None:
    if not back:
        return
    after = await repository.move(tx, workspace_id, balance=sum(part.amount for part in back), entries=len(back))
    assert after is not None, "an account always takes a positive amount"
    for part in back:
        await tx.execute(update(LOT).where(LOT.c.id == part.lot_id).values(remaining=LOT.c.remaining + part.amount))
    await repository.post(tx, txn, workspace_id, back, after, REVENUE)
