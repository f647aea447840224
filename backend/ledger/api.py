"""Credits and entries over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from backend.doors import Who
from backend.kernel import sheet
from backend.kernel.caller import Caller
from backend.kernel.page import MAX_PAGE
from backend.ledger import export
from backend.ledger.schemas import CreditsOut, EntriesOut
from backend.ledger.service import Ledger
from backend.ledger.views import EntryKind

LOTS = 100


def routes(ledger: Ledger, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["credits"])

    @router.get("/credits")
    async def read_credits(caller: Annotated[Caller, Depends(who.viewer)]) -> CreditsOut:
        """The workspace's balance, what runs under way hold of it, and its lots: the next 100 to burn, and the last 100 that are used up.

        A key that is limited to some agents is told of no lots.
        """
        seen = await ledger.lots_at_a_glance(caller.workspace_id, 0 if caller.instances is not None else LOTS)
        return CreditsOut.of(await ledger.balance(caller.workspace_id), [*seen.open, *seen.spent])

    @router.get("/credits/entries")
    async def list_entries(
        caller: Annotated[Caller, Depends(who.auditor)],
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        kind: EntryKind | None = None,
    ) -> EntriesOut:
        """Every change of the balance, newest first."""
        return EntriesOut.of(await ledger.entries(caller.workspace_id, cursor=cursor, limit=limit, kind=kind))

    @router.get("/credits/entries.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
    async def export_entries(caller: Annotated[Caller, Depends(who.auditor)], kind: EntryKind | None = None) -> StreamingResponse:
        """Every change of the balance as CSV, newest first."""
        lines = await sheet.begun(caller, export.entries(ledger, caller.workspace_id, kind))
        return StreamingResponse(lines, media_type=sheet.TYPE, headers=sheet.headers("credits"))

    return router
