"""Credits and entries over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.doors import Who
from backend.kernel.caller import Caller
from backend.kernel.page import MAX_PAGE
from backend.ledger.schemas import CreditsOut, EntriesOut
from backend.ledger.service import Ledger


def routes(ledger: Ledger, who: Who) -> APIRouter:
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

    return router
