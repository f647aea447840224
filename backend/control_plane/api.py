"""What a workspace owns, over HTTP: its agents, what is on offer, its API keys."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.control_plane.instances import Instances
from backend.control_plane.offerings import Offerings
from backend.control_plane.schemas import InstanceOut, InstancePatch, KeyIn, KeyOut, ListOut, NewKeyOut, OfferingOut
from backend.doors import Who
from backend.identity.keys import ApiKeys
from backend.kernel.caller import Caller
from backend.kernel.ids import KeyId


def routes(instances: Instances, offerings: Offerings, keys: ApiKeys, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1")
    _instances(router, instances, who)
    _keys(router, keys, who)

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


def _keys(router: APIRouter, keys: ApiKeys, who: Who) -> None:
    @router.get("/keys", tags=["keys"])
    async def list_keys(caller: Annotated[Caller, Depends(who.member)]) -> ListOut[KeyOut]:
        """The workspace's API keys, newest first, without their secrets."""
        return ListOut(items=[KeyOut.of(view) for view in await keys.list(caller.workspace_id)])

    @router.post("/keys", tags=["keys"], status_code=201)
    async def create_key(wanted: KeyIn, caller: Annotated[Caller, Depends(who.admin)]) -> NewKeyOut:
        """A new key. Its secret is in this answer and nowhere else. A key cannot make keys."""
        return NewKeyOut.made(await keys.create(caller.workspace_id, caller.account_id, wanted.name))

    @router.delete("/keys/{key_id}", tags=["keys"], status_code=204)
    async def revoke_key(key_id: str, caller: Annotated[Caller, Depends(who.admin)]) -> None:
        """The key stops working at once."""
        await keys.revoke(caller.workspace_id, KeyId(key_id))
