"""When a workspace is told that its credits run low, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.control_plane.alerts.schemas import AlertsIn, AlertsOut
from backend.control_plane.alerts.service import Alerts
from backend.doors import Who
from backend.kernel.caller import Caller
from backend.kernel.ids import WorkspaceId


def routes(alerts: Alerts, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1/credits", tags=["credits"])

    async def shown(workspace_id: WorkspaceId) -> AlertsOut:
        rule, standing = await alerts.rule(workspace_id), await alerts.standing(workspace_id)
        return AlertsOut.of(rule, await alerts.thresholds(workspace_id), standing)

    @router.get("/alerts")
    async def read_alerts(caller: Annotated[Caller, Depends(who.viewer)]) -> AlertsOut:
        """When the workspace is told that its credits run low, and how it stands."""
        return await shown(caller.workspace_id)

    @router.put("/alerts")
    async def set_alerts(wanted: AlertsIn, caller: Annotated[Caller, Depends(who.boss)]) -> AlertsOut:
        """Choose when owners and admins are told."""
        await alerts.set_rule(caller, wanted.rule())
        return await shown(caller.workspace_id)

    return router
