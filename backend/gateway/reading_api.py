"""Runs as CSV, and what they come to, over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from backend.doors import Who
from backend.gateway.asking import run_filter
from backend.gateway.export import RunSheets
from backend.gateway.schemas import UsageOut
from backend.gateway.usage import By, Usage
from backend.gateway.views import RunFilter
from backend.kernel import sheet
from backend.kernel.caller import Caller

MONTH = 30
"""Days that are told of when none are named."""


def routes(sheets: RunSheets, usage: Usage, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["runs"])

    @router.get("/runs.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
    async def export_runs(
        caller: Annotated[Caller, Depends(who.run_lister)], wanted: Annotated[RunFilter, Depends(run_filter)]
    ) -> StreamingResponse:
        """Every run that the filters let through as CSV, newest first, with its question, its answer and what it cost."""
        lines = await sheet.begun(caller, sheets.lines(caller, wanted))
        return StreamingResponse(lines, media_type=sheet.TYPE, headers=sheet.headers("runs"))

    @router.get("/usage")
    async def read_usage(
        caller: Annotated[Caller, Depends(who.viewer)],
        since: Annotated[
            date | None, Query(alias="from", description="The first day, UTC; 30 days up to the last one when absent.")
        ] = None,
        until: Annotated[date | None, Query(alias="to", description="The last day, UTC; today when absent.")] = None,
        by: By = By.DAY,
        instance_id: Annotated[str | None, Query(max_length=64, description="Of one agent alone.")] = None,
    ) -> UsageOut:
        """What runs came to, by day, agent, owner or door. At most one year at once."""
        period = usage.period(since, until, MONTH, instance_id)
        return UsageOut.of(period, by, await usage.sums(caller, by, period))

    return router
