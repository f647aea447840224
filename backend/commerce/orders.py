"""Orders, read and worked on as the shop's app: every call carries the app's token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.commerce import policy, wire
from backend.commerce.checkouts import address_from
from backend.commerce.errors import CommerceError
from backend.commerce.order_schemas import Bill, LinesBack, OpenLine, Order, OrderDelivery, OrderFilter, OrderLine, OrderMoney, OrderPage
from backend.commerce.schemas import Address, AppView
from backend.commerce.session import Session
from backend.kernel.errors import Forbidden, Unauthenticated, UpstreamFailed
from backend.kernel.ids import SaleorOrderId, Sku
from backend.kernel.money import Money

_FULFILLED_ALREADY, _CONFIRMED_ALREADY = "FULFILL_ORDER_LINE", "INVALID"


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

    async def billed_to(self, order_id: SaleorOrderId) -> Address | None:
        """The billing address of an order. None when it has none, and for an order that is gone."""
        data = (await self._as_app("OrderBilling", {"id": order_id}))["order"]
        return address_from(data["billingAddress"]) if data and data["billingAddress"] else None

    async def orders(self, where: OrderFilter | None = None, *, first: int = 50, after: str | None = None) -> OrderPage:
        """Newest first. first: 1 to 100."""
        filters: dict[str, Any] = {}
        if where and where.charge_status:
            filters["chargeStatus"] = list(where.charge_status)
        if where and where.updated_since:
            filters["updatedAt"] = {"gte": where.updated_since.isoformat()}
        if where and where.ids:
            filters["ids"] = list(where.ids)
        connection = (await self._as_app("Orders", {"first": first, "after": after, "filter": filters or None}))["orders"]
        return OrderPage(tuple(_order(node) for node in wire.nodes(connection)), wire.cursor(connection))

    async def delivery(self, order_id: SaleorOrderId) -> OrderDelivery | None:
        data = (await self._as_app("OrderDelivery", {"id": order_id}))["order"]
        return _delivery(data) if data else None

    async def confirm(self, order_id: SaleorOrderId) -> None:
        """Accept an order that its channel left for somebody to look at. One that is confirmed already stays so."""
        try:
            await self._do("OrderConfirm", {"id": order_id})
        except CommerceError as refused:
            if refused.code != _CONFIRMED_ALREADY.lower():
                raise

    async def fulfil(self, order_id: SaleorOrderId, line: OpenLine, quantity: int) -> None:
        """Mark so many units of a line as delivered. One that somebody else has fulfilled meanwhile is left as it is."""
        places = line.places or ((await self._warehouse(), quantity),)
        given: dict[str, Any] = {"notifyCustomer": False, "lines": [{"orderLineId": line.id, "stocks": _stocks(places, quantity)}]}
        # Nothing leaves a shelf: a warehouse without a stock row must not stop a digital delivery.
        given["allowStockToBeExceeded"] = True
        try:
            await self._do("OrderFulfill", {"order": order_id, "input": given})
        except CommerceError as refused:
            if refused.code != _FULFILLED_ALREADY.lower():
                raise

    async def add_note(self, order_id: SaleorOrderId, message: str) -> None:
        await self._do("OrderNoteAdd", {"order": order_id, "input": {"message": message}})

    async def set_metadata(self, object_id: str, metadata: Mapping[str, str]) -> None:
        """Merge public metadata into an order, a checkout, or anything else our app may change."""
        await self._do("UpdateMetadata", {"id": object_id, "input": wire.metadata_input(metadata)})

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


def order_money(data: wire.Data) -> OrderMoney:
    """From whatever selects what `OrderParts` selects of the money: an answer of the API, or the body of a webhook.

    Raises KeyError, TypeError or ArithmeticError for what has another shape.
    """
    total = wire.gross(data["total"])
    nothing = Money(0, total.currency)
    prices = {line["id"]: wire.gross(line["unitPrice"]) for line in data["lines"]}
    events = [event for transaction in data["transactions"] for event in transaction["events"]]
    return OrderMoney(
        status=data["status"],
        charge_status=data["chargeStatus"],
        total=total,
        charged=wire.money(data["totalCharged"]),
        refunded=wire.money(data["totalRefunded"]),
        refund_pending=sum((wire.money(transaction["refundPendingAmount"]) for transaction in data["transactions"]), nothing),
        charged_back=sum((wire.money(event["amount"]) for event in events if event["type"] == "CHARGE_BACK"), nothing),
        lines={line["id"]: line["quantity"] for line in data["lines"]},
        granted=tuple(LinesBack(one["status"], wire.money(one["amount"]), _units(one["lines"])) for one in data["grantedRefunds"]),
        returned=tuple(_returned(one["status"], _units(one["lines"]), prices, nothing) for one in data["fulfillments"]),
    )


def _units(lines: list[wire.Data] | None) -> dict[str, int]:
    """Units by the id of their order line; a line that was deleted since is left out."""
    units: dict[str, int] = {}
    for line in lines or ():
        if line["orderLine"]:
            units[line["orderLine"]["id"]] = units.get(line["orderLine"]["id"], 0) + line["quantity"]
    return units


def _returned(status: str, units: dict[str, int], prices: Mapping[str, Money], nothing: Money) -> LinesBack:
    """A fulfilment names no sum in every version of Saleor: what its units cost is what went back with them."""
    return LinesBack(status, sum((prices.get(line, nothing).times(number) for line, number in units.items()), nothing), units)


def _order(data: wire.Data) -> Order:
    return Order(
        id=SaleorOrderId(data["id"]),
        number=data["number"],
        channel=data["channel"]["slug"],
        created=datetime.fromisoformat(data["created"]),
        is_paid=data["isPaid"],
        user_email=data["userEmail"] or "",
        money=order_money(data),
        bill=Bill(wire.gross(data["undiscountedTotal"]), wire.money(data["total"]["tax"]), wire.money(data["totalAuthorized"])),
        metadata=wire.metadata(data["metadata"]),
        lines=tuple(_line(line) for line in data["lines"]),
    )


def _delivery(data: wire.Data) -> OrderDelivery:
    channel = [warehouse["id"] for warehouse in data["channel"]["warehouses"]]
    return OrderDelivery(
        status=data["status"],
        metadata=wire.metadata(data["metadata"]),
        notes=tuple(event["message"] or "" for event in data["events"] if event["type"] == "NOTE_ADDED"),
        lines=tuple(OpenLine(line["id"], line["quantity"], line["quantityToFulfill"], _places(line, channel)) for line in data["lines"]),
    )


def _places(line: wire.Data, channel: list[str]) -> tuple[tuple[str, int], ...]:
    """Where the units were set aside; else where the variant has stock, the channel's own warehouses first; else those warehouses."""
    allocated = [(place["warehouse"]["id"], place["quantity"]) for place in line["allocations"] or () if place["quantity"] > 0]
    stocks = [(stock["warehouse"]["id"], stock["quantity"]) for stock in (line["variant"] or {}).get("stocks") or ()]
    stocks.sort(key=lambda stock: (stock[0] not in channel, -stock[1]))
    return tuple(allocated or stocks or [(warehouse, 0) for warehouse in channel[:1]])


def _stocks(places: Sequence[tuple[str, int]], quantity: int) -> list[dict[str, Any]]:
    """Spread the units over the places; what they do not hold comes from the first, which may be exceeded."""
    taken: dict[str, int] = {}
    for warehouse, held in places:
        taken[warehouse] = max(0, min(held, quantity - sum(taken.values())))
    taken[places[0][0]] += quantity - sum(taken.values())
    return [{"warehouse": warehouse, "quantity": number} for warehouse, number in taken.items() if number]


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
