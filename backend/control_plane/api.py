"""What a workspace owns, over HTTP: its agents, and what is on offer."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.control_plane.instances import Instances
from backend.control_plane.offerings import Offerings
from backend.control_plane.schemas import InstanceOut, InstancePatch, ListOut, OfferingOut
from backend.doors import Who
from backend.kernel.caller import Caller


def routes(instances: Instances, offerings: Offerings, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1")
    _instances(router, instances, who)

    @router.get("/offerings", tags=["offerings"], dependencies=[Depends(who.public)])
    async def list_offerings() -> ListOut[OfferingOut]:
        """What can be bought, and what a run of it costs."""
        return ListOut(items=[OfferingOut.of(offering) for offering in await offerings.all()])

    return router


def _instances(router: APIRouter, instances: Instances, who: Who) -> None:
    @router.get("/instances", tags=["instances"])
    async def list_instances(caller: Annotated[Caller, Depends(who.viewer)]) -> ListOut[InstanceOut]:
        """The agents of the workspace, oldest first."""
        return ListOut(items=[InstanceOut.of(view) for view in await instances.list(caller)])

    @router.get("/instances/{instance_id}", tags=["instances"])
    async def get_instance(instance_id: str, caller: Annotated[Caller, Depends(who.viewer)]) -> InstanceOut:
        return InstanceOut.of(await instances.get(caller, instance_id))

    @router.patch("/instances/{instance_id}", tags=["instances"])
    async def change_instance(instance_id: str, patch: InstancePatch, caller: Annotated[Caller, Depends(who.member)]) -> InstanceOut:
        """Rename it, pause it, or set it live again."""
        if patch.name is not None:
            await instances.rename(caller, instance_id, patch.name)
        if patch.status is not None:
            await (instances.pause if patch.status == "paused" else instances.resume)(caller, instance_id)
        return InstanceOut.of(await instances.get(caller, instance_id))
