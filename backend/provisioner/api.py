"""Saleor's deliveries, its app's manifest and registration, and orders for their workspace."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.requests import ClientDisconnect

from backend.doors import Who
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError, TooLarge, Unavailable
from backend.kernel.page import MAX_PAGE
from backend.problem import problem
from backend.provisioner import manifest
from backend.provisioner.orders import Orders
from backend.provisioner.schemas import Accepted, OrderOut, OrdersOut, Registration
from backend.provisioner.service import MAX_BODY, Provisioner


def routes(provisioner: Provisioner, orders: Orders, who: Who, *, base_url: str, version: str) -> APIRouter:
    router = APIRouter()
    _webhooks(router, provisioner, who)
    _app(router, provisioner, who, base_url, version)
    _orders(router, orders, who)
    return router


def _webhooks(router: APIRouter, provisioner: Provisioner, who: Who) -> None:
    async def take(cause: str, request: Request) -> Accepted:
        return Accepted(order=await provisioner.receive(cause, await _body(request), request.headers))

    guard: dict[str, Any] = {"status_code": 202, "dependencies": [Depends(who.signed)], "tags": ["saleor"]}

    @router.post(manifest.PATHS["paid"], **guard)
    async def order_paid(request: Request) -> Accepted:
        """An order was paid in full. 202 once it will be provisioned whatever happens to us next."""
        return await take("paid", request)

    @router.post(manifest.PATHS["refunded"], **guard)
    async def order_refunded(request: Request) -> Accepted:
        """An order was refunded, in part or in full."""
        return await take("refunded", request)

    @router.post(manifest.PATHS["cancelled"], **guard)
    async def order_cancelled(request: Request) -> Accepted:
        """An order was cancelled."""
        return await take("cancelled", request)

    @router.post(manifest.PATHS["updated"], **guard)
    async def order_updated(request: Request) -> Accepted:
        """Anything about an order changed: a charge-back comes as nothing else. Looked into only when it touches money or lines."""
        return await take("updated", request)

    @router.post(manifest.PATHS[manifest.CATALOGUE], **guard)
    async def catalogue_changed(request: Request) -> Accepted:
        """A product, variant, picture, stock or category changed: pages show it from the next visit on."""
        return await take(manifest.CATALOGUE, request)


def _app(router: APIRouter, provisioner: Provisioner, who: Who, base_url: str, version: str) -> None:
    @router.get("/api/saleor/manifest", dependencies=[Depends(who.public)], tags=["saleor"])
    async def app_manifest() -> dict[str, Any]:
        """What Saleor reads to install the app."""
        return manifest.manifest(base_url, version)

    @router.post(manifest.REGISTER_PATH, response_model=dict[str, bool], dependencies=[Depends(who.public)], tags=["saleor"])
    async def register(body: Registration, saleor_api_url: Annotated[str, Header()] = "") -> Any:
        """Saleor hands the app's token over. It is kept only when the configured Saleor confirms it."""
        try:
            await provisioner.register(saleor_api_url, body.auth_token)
        except DomainError as fault:
            # Saleor's dashboard shows the words of this member, and of no other.
            return problem(fault, error={"message": fault.detail})
        return {"success": True}


def _orders(router: APIRouter, orders: Orders, who: Who) -> None:
    @router.get("/v1/orders", tags=["orders"])
    async def list_orders(
        caller: Annotated[Caller, Depends(who.auditor)],
        cursor: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    ) -> OrdersOut:
        """The workspace's orders, newest first, each with its timeline."""
        page = (await orders.page(caller, cursor=cursor, limit=limit)).map(OrderOut.model_validate)
        return OrdersOut(items=list(page.items), next=page.next)

    @router.get("/v1/orders/{ref}", tags=["orders"])
    async def get_order(ref: str, caller: Annotated[Caller, Depends(who.auditor)]) -> OrderOut:
        """One order. 404 for an unknown one and for another workspace's."""
        return OrderOut.model_validate(await orders.view(ref, caller=caller))


async def _body(request: Request) -> bytes:
    """The raw bytes, which the signature is over. Raises TooLarge before more than the limit is in memory."""
    received = bytearray()
    try:
        async for chunk in request.stream():
            received += chunk
            if len(received) > MAX_BODY:
                raise TooLarge("A delivery of ours is never this large.")
    except ClientDisconnect:
        # Nobody hears this; left alone, each sender that gives up would be a failure of ours in the log.
        raise Unavailable("The delivery was not sent to its end.") from None
    return bytes(received)
