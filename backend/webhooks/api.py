"""Webhooks over HTTP: endpoints and their deliveries, for owners and admins of the workspace."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.doors import Who
from backend.kernel.caller import Caller, Scope
from backend.kernel.errors import Forbidden
from backend.kernel.page import MAX_PAGE
from backend.webhooks.schemas import (
    DeliveriesOut,
    DeliveryOut,
    NewWebhookOut,
    RotateIn,
    WebhookIn,
    WebhookOut,
    WebhookPatch,
    WebhooksOut,
)
from backend.webhooks.service import Webhooks
from backend.webhooks.views import DeliveryStatus


def routes(webhooks: Webhooks, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["webhooks"])
    _endpoints(router, webhooks, who)
    _acts(router, webhooks, who)
    _deliveries(router, webhooks, who)
    return router


def _endpoints(router: APIRouter, webhooks: Webhooks, who: Who) -> None:
    @router.get("/webhooks")
    async def list_webhooks(caller: Annotated[Caller, Depends(who.steward)]) -> WebhooksOut:
        """The workspace's endpoints, newest first, without their secrets."""
        return WebhooksOut(items=[WebhookOut.of(view) for view in await webhooks.list(caller.workspace_id)])

    @router.post("/webhooks", status_code=201)
    async def create_webhook(wanted: WebhookIn, caller: Annotated[Caller, Depends(who.steward)]) -> NewWebhookOut:
        """A new endpoint. Its secret is in this answer and nowhere else."""
        _may_read(caller, wanted.include_content)
        return NewWebhookOut.made(await webhooks.create(caller.workspace_id, wanted.change()))

    @router.get("/webhooks/{webhook_id}")
    async def get_webhook(webhook_id: str, caller: Annotated[Caller, Depends(who.steward)]) -> WebhookOut:
        return WebhookOut.of(await webhooks.get(caller.workspace_id, webhook_id))

    @router.patch("/webhooks/{webhook_id}")
    async def change_webhook(webhook_id: str, patch: WebhookPatch, caller: Annotated[Caller, Depends(who.steward)]) -> WebhookOut:
        """Change what it is told and where; pause it, or let it go on with all that waited."""
        moved = patch.url is not None and (await webhooks.get(caller.workspace_id, webhook_id)).include_content
        _may_read(caller, bool(patch.include_content) or moved)
        return WebhookOut.of(await webhooks.change(caller.workspace_id, webhook_id, patch.change()))

    @router.delete("/webhooks/{webhook_id}", status_code=204)
    async def delete_webhook(webhook_id: str, caller: Annotated[Caller, Depends(who.steward)]) -> None:
        """With all its deliveries."""
        await webhooks.delete(caller.workspace_id, webhook_id)


def _may_read(caller: Caller, contents: bool) -> None:
    """Raises Forbidden for a key that could have questions and answers sent that it may not read."""
    if contents and Scope.READ not in caller.scopes:
        raise Forbidden("To send questions and answers, the key needs the scope “read”.", code="scope_missing")


def _acts(router: APIRouter, webhooks: Webhooks, who: Who) -> None:
    @router.post("/webhooks/{webhook_id}:rotate")
    async def rotate_secret(
        webhook_id: str, caller: Annotated[Caller, Depends(who.steward)], wanted: RotateIn | None = None
    ) -> NewWebhookOut:
        """A new secret, in this answer and nowhere else. The old one signs beside it for a while."""
        hours = (wanted or RotateIn()).overlap_hours
        return NewWebhookOut.made(await webhooks.rotate(caller.workspace_id, webhook_id, hours))

    @router.post("/webhooks/{webhook_id}:test")
    async def send_test(webhook_id: str, caller: Annotated[Caller, Depends(who.steward)]) -> DeliveryOut:
        """Send a `webhook.test` event now, once, and answer with how it went."""
        return DeliveryOut.of(await webhooks.test(caller.workspace_id, webhook_id))


def _deliveries(router: APIRouter, webhooks: Webhooks, who: Who) -> None:
    @router.get("/webhooks/{webhook_id}/deliveries")
    async def list_deliveries(
        webhook_id: str,
        caller: Annotated[Caller, Depends(who.steward)],
        status: DeliveryStatus | None = None,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    ) -> DeliveriesOut:
        """What was sent to it in the last 30 days, newest first."""
        page = await webhooks.deliveries(caller.workspace_id, webhook_id, status=status, cursor=cursor, limit=limit)
        return DeliveriesOut.of(page)

    @router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}:replay", status_code=202)
    async def replay_delivery(webhook_id: str, delivery_id: str, caller: Annotated[Caller, Depends(who.steward)]) -> DeliveryOut:
        """Send it again under the same `webhook-id`."""
        return DeliveryOut.of(await webhooks.replay(caller.workspace_id, webhook_id, delivery_id))
