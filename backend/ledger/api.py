"""Credits, entries and receipts over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.doors import Who
from backend.kernel.caller import Caller
from backend.kernel.errors import NotFound
from backend.kernel.ids import RunId
from backend.kernel.page import MAX_PAGE
from backend.ledger.schemas import CreditsOut, EntriesOut, ReceiptOut
from backend.ledger.service import Ledger


async def unseen(_caller: Caller, _run_id: str) -> None:
    raise NotFound("There is no receipt for this run.")


def routes(ledger: Ledger, who: Who, sees: Callable[[Caller, str], Awaitable[object]] = unseen) -> APIRouter:
    """sees: raises NotFound for a run that the caller may not see; asked for callers who may not see all of the workspace's."""
    router = APIRouter(prefix="/v1", tags=["credits"])

    @router.get("/credits")
    async def read_credits(caller: Annotated[Caller, Depends(who.viewer)]) -> CreditsOut:
        """The workspace's balance, what runs under way hold of it, and its lots."""
        return CreditsOut.of(await ledger.balance(caller.workspace_id), await ledger.lots(caller.workspace_id))

    @router.get("/credits/entries")
    async def list_entries(
        caller: Annotated[Caller, Depends(who.auditor)],
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    ) -> EntriesOut:
        """Every change of the balance, newest first."""
        return EntriesOut.of(await ledger.entries(caller.workspace_id, cursor=cursor, limit=limit))

    @router.get("/receipts/{run_id}")
    async def read_receipt(run_id: str, caller: Annotated[Caller, Depends(who.run_lister)]) -> ReceiptOut:
        """What one run cost, and which lots paid."""
        if caller.own_runs_only or caller.instances is not None:
            await sees(caller, run_id)
        return ReceiptOut.of(await ledger.receipt(caller.workspace_id, RunId(run_id)))

    return router
