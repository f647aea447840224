"""The widget over HTTP: its settings for members, its sessions for visitors of the customer's pages."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request

from backend.doors import Who
from backend.kernel.caller import Caller
from backend.widget.schemas import SessionIn, SessionOut, WidgetIn, WidgetOut
from backend.widget.service import Widgets

Number = Annotated[int, Query(ge=1, description="which of the plan's widgets")]


def routes(widgets: Widgets, who: Who) -> APIRouter:
    """Pages elsewhere can read the answers only behind `backend.widget.cors.VisitorCors`."""
    router = APIRouter(prefix="/v1", tags=["widget"])

    @router.get("/instances/{instance_id}/widget")
    async def get_widget(instance_id: str, caller: Annotated[Caller, Depends(who.viewer)], number: Number = 1) -> WidgetOut:
        return WidgetOut.of(await widgets.settings(caller, instance_id, number))

    @router.put("/instances/{instance_id}/widget")
    async def set_widget(
        instance_id: str, wanted: WidgetIn, caller: Annotated[Caller, Depends(who.member)], number: Number = 1
    ) -> WidgetOut:
        """Say where it may stand and what it says."""
        return WidgetOut.of(await widgets.update(caller, instance_id, wanted.update(), number))

    @router.post("/widget/session:init", dependencies=[Depends(who.public)])
    async def open_session(wanted: SessionIn, request: Request, origin: Annotated[str | None, Header()] = None) -> SessionOut:
        """A visitor opens the chat. The browser's `Origin` decides: a page that is not on the list gets 403."""
        return SessionOut.of(await widgets.open_session(wanted.widget_id, origin, request.client.host if request.client else ""))

    return router
