"""Orders, read and worked on as the shop's app: every call carries the app's token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.commerce import policy, wire
from backend.commerce.errors import CommerceError
from backend.commerce.schemas import AppView, Order, OrderFilter, OrderLine, OrderPage
from backend.commerce.session import Session
from backend.kernel.errors import Forbidden, Unauthenticated, UpstreamFailed
from backend.kernel.ids import SaleorOrderId, Sku

_FULFILLED_ALREADY = "FULFILL_ORDER_LINE"


class OrderCalls:
    """app_token: gives the token the shop issued to our app; asked for each call, so that a new installation counts at once."""

    def __init__(self, session: Session, app_token: Callable[[], Awaitable[str]]) -> None:
        self._session, self._app_token = session, app_token

    async def app(self, token: str) -> AppView:
        """Whose token this is. Raises Unauthenticated when the shop does not know it."""
        try:
            data = (await self._session.ask("App", {}, token=token))["app"]
        except Forbidden:
            data = None
        if not data:
            raise Unauthenticated("The shop does not know this token.", code="bad_app_token")
        return AppView(data["id"], data["name"] or "", data["identifier"] or "")

    async def order(self, order_id: SaleorOrderId) -> Order | None:
        data = (await self._as_app("Order", {"id": order_id}))["order"]
        return _order(data) if data else None

    async def orders(self, where: OrderFilter | None = None, *, first: int = 50, after: str | None = None) -> OrderPage:
        """Newest first. first: 1 to 100."""
        filters: dict[str, Any] = {}
        if where and where.charge_status:
            filters["chargeStatus"] = list(where.charge_status)
        if where and where.created_since:
            filters["created"] = {"gte": where.created_since.isoformat()}
        connection = (await self._as_app("Orders", {"first": first, "after": after, "filter": filters or None}))["orders"]
        return OrderPage(tuple(_order(node) for node in wire.nodes(connection)), wire.cursor(connection))

    async def fulfil(self, order_id: SaleorOrderId, lines: Sequence[OrderLine]) -> None:
        """Mark what is still open of these lines as delivered. Lines fulfilled already are left as they are."""
        warehouse = await self._warehouse()
        for line in lines:
            if line.quantity_to_fulfill > 0:
                await self._fulfil_line(order_id, line, warehouse)

    async def add_note(self, order_id: SaleorOrderId, message: str) -> None:
        await self._do("OrderNoteAdd", {"order": order_id, "input": {"message": message}})

    async def set_metadata(self, object_id: str, metadata: Mapping[str, str]) -> None:
        """Merge public metadata into an order, a checkout, or anything else our app may change."""
        await self._do("UpdateMetadata", {"id": object_id, "input": wire.metadata_input(metadata)})

    async def _fulfil_line(self, order_id: SaleorOrderId, line: OrderLine, warehouse: str) -> None:
        """A line a call, so that one which is fulfilled already does not keep the others from it."""
        stocks = [{"warehouse": warehouse, "quantity": line.quantity_to_fulfill}]
        given: dict[str, Any] = {"notifyCustomer": False, "lines": [{"orderLineId": line.id, "stocks": stocks}]}
        # Nothing leaves a shelf: a warehouse without a stock row must not stop a digital delivery.
        given["allowStockToBeExceeded"] = True
        try:
            await self._do("OrderFulfill", {"order": order_id, "input": given})
        except CommerceError as refused:
            if refused.code != _FULFILLED_ALREADY.lower():
                raise

    async def _warehouse(self) -> str:
        found = list(wire.nodes((await self._as_app("Warehouses", {}))["warehouses"]))
        if not found:
            raise UpstreamFailed("The shop has no warehouse to fulfil orders from. Create one.", code="shop_no_warehouse")
        return str(found[0]["id"])

    async def _as_app(self, operation: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return await self._session.ask(operation, variables, token=await self._app_token())

    async def _do(self, operation: str, variables: Mapping[str, Any]) -> None:
        (data,) = (await self._as_app(operation, variables)).values()
        if data["errors"]:
            raise policy.refusal(data["errors"])


def _order(data: wire.Data) -> Order:
    return Order(
        id=SaleorOrderId(data["id"]),
        number=data["number"],
        created=datetime.fromisoformat(data["created"]),
        status=data["status"],
        charge_status=data["chargeStatus"],
        is_paid=data["isPaid"],
        user_email=data["userEmail"] or "",
        total=wire.gross(data["total"]),
        metadata=wire.metadata(data["metadata"]),
        lines=tuple(_line(line) for line in data["lines"]),
    )


def _line(data: wire.Data) -> OrderLine:
    return OrderLine(
        id=data["id"],
        sku=Sku(data["productSku"] or ""),
        product_name=data["productName"],
        variant_name=data["variantName"],
        quantity=data["quantity"],
        unit_price=wire.gross(data["unitPrice"]),
        total=wire.gross(data["totalPrice"]),
        metadata=wire.metadata(data["metadata"]),
        quantity_to_fulfill=data["quantityToFulfill"],
    )
