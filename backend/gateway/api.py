"""Runs over HTTP. Widget pages reach these routes from other origins: see `backend.gateway.cors`."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response, StreamingResponse

from backend.doors import Who
from backend.gateway import sse
from backend.gateway.asking import run_filter
from backend.gateway.door import EVENTS, reply, told
from backend.gateway.schemas import RunIn, RunOut, RunsOut
from backend.gateway.service import Gateway
from backend.gateway.views import RunFilter
from backend.kernel.caller import Caller
from backend.kernel.page import MAX_PAGE

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": sse.EVENT}}, "description": "The run, or its events when `stream` is true."},
    202: {"model": RunOut, "description": "Begun in the background; read it later."},
}


_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": sse.EVENT}}, "description": "The events, to the run's end."},
}


def routes(gateway: Gateway, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1/runs", tags=["runs"])

    @router.post("", response_model=RunOut, responses=_STREAM)
    async def run_agent(
        body: RunIn,
        caller: Annotated[Caller, Depends(who.runs)],
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Any:
        """Ask an agent. What it may cost is held first; what it did cost is on the receipt. A failed run costs nothing."""
        answer = await reply(gateway, caller, body, idempotency_key)
        if isinstance(answer.body, bytes):
            return Response(answer.body, answer.status, answer.headers, answer.type)
        return StreamingResponse(answer.body, answer.status, answer.headers, answer.type)

    @router.get("")
    async def list_runs(
        caller: Annotated[Caller, Depends(who.run_lister)],
        wanted: Annotated[RunFilter, Depends(run_filter)],
        cursor: Annotated[str | None, Query(max_length=90)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    ) -> RunsOut:
        """The workspace's runs, newest first; a key without the scope `read` gets its own. A page looks at so many runs and may hold few,
        even none, that match: go on while there is a `next`."""
        return RunsOut.of(await gateway.runs(caller, replace(wanted, cursor=cursor, limit=limit)))

    @router.get("/{run_id}")
    async def read_run(run_id: str, caller: Annotated[Caller, Depends(who.run_reader)]) -> RunOut:
        """One run with its receipt."""
        return RunOut.of(told(await gateway.get(caller, run_id), caller))

    @router.post("/{run_id}:cancel")
    async def cancel_run(run_id: str, caller: Annotated[Caller, Depends(who.runs)]) -> RunOut:
        """Stop a run. It is charged for the part that was delivered; one that has ended stays as it is."""
        return RunOut.of(told(await gateway.cancel(caller, run_id), caller))

    _events(router, gateway, who)
    return router


def _events(router: APIRouter, gateway: Gateway, who: Who) -> None:
    @router.get("/{run_id}/events", response_class=StreamingResponse, responses=_EVENTS)
    async def follow_run(
        run_id: str, caller: Annotated[Caller, Depends(who.run_reader)], last_event_id: Annotated[str | None, Header()] = None
    ) -> StreamingResponse:
        """The run's events as they come; with `Last-Event-ID`, those that follow it. A run that has ended is told again."""
        after = sse.position(last_event_id)
        begun = await gateway.resume(caller, run_id)
        return StreamingResponse(sse.lines(begun, after=after), headers=sse.HEADERS, media_type=EVENTS)
