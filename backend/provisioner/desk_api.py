"""Orders for the people who run the market, over HTTP. Everybody else is refused at the door."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from backend.doors import Who
from backend.kernel.caller import Caller
from backend.kernel.errors import Invalid
from backend.kernel.page import MAX_PAGE
from backend.provisioner.desk import MAX_SEARCH, Desk
from backend.provisioner.schemas import DeskOrderOut, DeskRowOut, DeskRowsOut, KeepIn, ReportOut, TakeBackIn


def routes(desk: Desk, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1/operator", tags=["operator"])
    _reading(router, desk, who)
    _deciding(router, desk, who)
    return router


def _reading(router: APIRouter, desk: Desk, who: Who) -> None:
    guard: dict[str, Any] = {"dependencies": [Depends(who.operator)]}

    @router.get("/orders", **guard)
    async def desk_orders(
        view: Annotated[str, Query(max_length=20)] = "all",
        search: Annotated[str, Query(max_length=MAX_SEARCH)] = "",
        cursor: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    ) -> DeskRowsOut:
        """Every workspace's orders, newest first. view: all, needs_hand, under_way, unclaimed, done or returned."""
        page = (await desk.page(view, search, cursor, limit)).map(DeskRowOut.model_validate)
        return DeskRowsOut(items=list(page.items), next=page.next)

    @router.get("/orders/{ref}", **guard)
    async def desk_order(ref: str) -> DeskOrderOut:
        """One order with what it gave, its log, and what may be done about it."""
        return DeskOrderOut.model_validate(await desk.order(ref))

    @router.get("/books.csv", **guard)
    async def books(since: datetime | None = None) -> StreamingResponse:
        """Order, line, unit, lot and debit, with their sums, as CSV. since: a moment with its zone."""
        if since is not None and since.tzinfo is None:
            raise Invalid("Say the zone of the moment, such as 2026-11-20T00:00Z.", fields={"since": "without a zone"})
        headers = {"Content-Disposition": 'attachment; filename="books.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(desk.books(since), media_type="text/csv; charset=utf-8", headers=headers)


def _deciding(router: APIRouter, desk: Desk, who: Who) -> None:
    operator = Annotated[Caller, Depends(who.operator)]

    @router.post("/orders:reconcile")
    async def reconcile(caller: operator) -> ReportOut:
        """Compare the last days with Saleor, and take up what differs."""
        return ReportOut.model_validate(await desk.reconcile(caller))

    @router.post("/orders/{ref}:retry", status_code=204)
    async def retry(ref: str, caller: operator) -> None:
        """Have another look at an order that waits. 409 when it does not."""
        await desk.retry(caller, ref)

    @router.post("/orders/{ref}:restore", status_code=204)
    async def restore(ref: str, caller: operator) -> None:
        """Let its suspended agents run again, and give the credits that were taken back again."""
        await desk.restore(caller, ref)

    @router.post("/orders/{ref}:take-back", status_code=204)
    async def take_back(ref: str, body: TakeBackIn, caller: operator) -> None:
        """Decide a partial refund: take these units back, keep the rest."""
        await desk.take_back(caller, ref, [(unit.line_id, unit.unit) for unit in body.units], body.reason)

    @router.post("/orders/{ref}:keep", status_code=204)
    async def keep(ref: str, body: KeepIn, caller: operator) -> None:
        """Decide that a partial refund takes nothing back."""
        await desk.keep(caller, ref, body.reason)
