"""Orders in the database: reading them, and moving them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from backend.db.engine import Tx
from backend.shop import ids
from backend.shop.catalogue import service as catalogue_service
from backend.shop.catalogue.service import Catalogue
from backend.shop.checkout import addresses
from backend.shop.checkout.policy import authorize_status, charge_status
from backend.shop.context import EventSink
from backend.shop.errors import Fault, Refused, refuse
from backend.shop.models import FulfillmentLineRow, FulfillmentRow, OrderEventRow, OrderLineRow, OrderRow, VariantRow, WarehouseRow
from backend.shop.orders import policy
from backend.shop.orders.views import FulfillmentLineView, FulfillmentView, OrderEventView, OrderLineView, OrderView
from backend.shop.payments import service as payments
from backend.shop.views import items, moment


class Orders:
    """Serves one transaction. events: told, inside it, of what happens to an order."""

    def __init__(self, tx: Tx, now: datetime, events: EventSink) -> None:
        self._tx = tx
        self._now = now
        self._events = events

    async def locked(self, global_id: str | None, field: str = "id", code: str = "NOT_FOUND") -> OrderRow:
        """The order, locked until the transaction ends. Raises Refused with `code`."""
        key = ids.token("Order", global_id or "")
        if key is not None:
            found: OrderRow | None = await self._tx.scalar(select(OrderRow).where(OrderRow.id == key).with_for_update())
            if found:
                return found
        raise refuse(code, f"Couldn't resolve to a node: {global_id}", field)

    async def announce(self, row: OrderRow, *events: str) -> None:
        for event in events:
            await self._events.emit(self._tx, event, ids.global_id("Order", row.id))

    async def note(self, row: OrderRow, kind: str, message: str | None = None) -> OrderEventRow:
        """An entry in the order's history."""
        entry = OrderEventRow(order_id=row.id, type=kind, message=message, at=self._now)
        self._tx.add(entry)
        row.updated = self._now
        self._tx.add(row)
        await self._tx.flush()
        return entry

    async def settle(self, row: OrderRow, charged_before: int, *, charge_back: bool = False) -> None:
        """Bring the order's statuses up to its transactions and announce what that means. charged_before: minor units.

        charge_back: the bank took the money; Saleor calls that an update, not a refund.
        """
        paid = await payments.rows_of(self._tx, order_id=row.id)
        charged = sum(one.charged for one in paid)
        before = row.charge_status
        row.charge_status = charge_status(row.total, charged)
        row.authorize_status = authorize_status(row.total, charged + sum(one.authorized for one in paid))
        row.updated = self._now
        self._tx.add(row)
        happened = ["ORDER_UPDATED"] if charge_back else policy.payment_events(charged_before, charged, before, row.charge_status)
        if "ORDER_FULLY_PAID" in happened:
            await self.note(row, "ORDER_FULLY_PAID")
        await self.announce(row, *happened)

    async def charged(self, row: OrderRow) -> int:
        return sum(one.charged for one in await payments.rows_of(self._tx, order_id=row.id))

    async def cancel(self, row: OrderRow) -> None:
        """Raises Refused with CANNOT_CANCEL_ORDER once anything was fulfilled. What was charged stays charged: a refund is its own step."""
        lines = await lines_of(self._tx, row.id)
        if not policy.may_cancel(row.status, sum(line.fulfilled for line in lines)):
            raise refuse("CANNOT_CANCEL_ORDER", "This order can't be canceled.", "order")
        row.status = "CANCELED"
        await self.note(row, "CANCELED")
        await self.announce(row, "ORDER_CANCELLED", "ORDER_UPDATED")

    async def confirm(self, row: OrderRow) -> None:
        """Raises Refused with INVALID unless the order waits to be confirmed."""
        if row.status != "UNCONFIRMED":
            raise refuse("INVALID", "Only an unconfirmed order can be confirmed.", "id")
        row.status = "UNFULFILLED"
        await self.note(row, "CONFIRMED")
        await self.announce(row, "ORDER_CONFIRMED", "ORDER_UPDATED")

    async def fulfil(self, row: OrderRow, given: Mapping[str, Any]) -> FulfillmentRow:
        """Hand over quantities of lines. Raises Refused with FULFILL_ORDER_LINE for more than is left, ZERO_QUANTITY for nothing."""
        lines = {ids.global_id("OrderLine", line.id): line for line in await lines_of(self._tx, row.id)}
        if row.status not in {"UNFULFILLED", "PARTIALLY_FULFILLED", "FULFILLED"}:
            raise refuse("INVALID", "An order in this state cannot be fulfilled.", "order")
        wanted: dict[str, int] = {}
        for line in given["lines"]:
            asked = sum(stock["quantity"] for stock in line.get("stocks") or ())
            wanted[str(line.get("orderLineId"))] = wanted.get(str(line.get("orderLineId")), 0) + asked
        _refuse_wrong_quantities(lines, wanted)
        if not given.get("allowStockToBeExceeded"):
            await self._refuse_without_stock([lines[key] for key in wanted])
        fulfillment = await self._hand_over(row, {lines[key].id: quantity for key, quantity in wanted.items()}, lines.values())
        row.status = policy.fulfilment_status([(line.quantity, line.fulfilled) for line in lines.values()])
        await self.note(row, "FULFILLMENT_FULFILLED_ITEMS")
        await self.announce(row, "ORDER_UPDATED", *(["ORDER_FULFILLED"] if row.status == "FULFILLED" else []))
        return fulfillment

    async def _refuse_without_stock(self, lines: Sequence[OrderLineRow]) -> None:
        """A variant without a stock row cannot be handed over, even where stock is not counted: Saleor's rule."""
        statement = select(VariantRow.id).where(
            col(VariantRow.id).in_([line.variant_id for line in lines]), col(VariantRow.stock).is_(None)
        )
        lacking = set(await self._tx.scalars(statement))
        if without := [ids.global_id("OrderLine", line.id) for line in lines if line.variant_id in lacking]:
            place = ids.global_id("Warehouse", await self._tx.scalar(select(WarehouseRow.id)))
            fault = Fault("INSUFFICIENT_STOCK", "Insufficient product stock.", "stocks", warehouse=place, order_lines=without)
            raise Refused([fault])

    async def _hand_over(self, row: OrderRow, wanted: Mapping[str, int], lines: Any) -> FulfillmentRow:
        earlier = len(list(await self._tx.scalars(select(FulfillmentRow.id).where(FulfillmentRow.order_id == row.id))))
        made = FulfillmentRow(order_id=row.id, sequence=earlier + 1, created=self._now)
        self._tx.add(made)
        await self._tx.flush()
        for line in lines:
            if quantity := wanted.get(line.id):
                line.fulfilled += quantity
                self._tx.add(line)
                self._tx.add(FulfillmentLineRow(fulfillment_id=made.id or 0, order_line_id=line.id, quantity=quantity))
        await self._tx.flush()
        return made


def _refuse_wrong_quantities(lines: Mapping[str, OrderLineRow], wanted: Mapping[str, int]) -> None:
    for key, quantity in wanted.items():
        if key not in lines:
            raise refuse("NOT_FOUND", "This line is not in the order.", "orderLineId")
        left = lines[key].quantity - lines[key].fulfilled
        if quantity < 0 or quantity > left:
            message = f"Only {left} item{'' if left == 1 else 's'} remaining to fulfill."
            raise Refused([Fault("FULFILL_ORDER_LINE", message, "orderLineId", order_lines=[key])])
    if not any(wanted.values()):
        raise refuse("ZERO_QUANTITY", "Total quantity must be larger than 0.", "lines")


async def lines_of(tx: Tx, order_key: str) -> list[OrderLineRow]:
    ordered = select(OrderLineRow).where(OrderLineRow.order_id == order_key).order_by(col(OrderLineRow.position))
    return list(await tx.scalars(ordered))


async def find(tx: Tx, key: str | None) -> OrderView | None:
    """key: the order's UUID."""
    row = await tx.scalar(select(OrderRow).where(OrderRow.id == key)) if key else None
    return (await views(tx, [row]))[0] if row else None


async def views(tx: Tx, rows: Sequence[OrderRow]) -> list[OrderView]:
    catalogue = await catalogue_service.load(tx)
    return [await _view(tx, row, catalogue) for row in rows]


async def _view(tx: Tx, row: OrderRow, catalogue: Catalogue) -> OrderView:
    channel = next(one for one in catalogue.channels if one.key == row.channel_id)
    lines = [_line(line, catalogue, channel.currency_code) for line in await lines_of(tx, row.id)]
    events = await tx.scalars(select(OrderEventRow).where(OrderEventRow.order_id == row.id).order_by(col(OrderEventRow.id)))
    return OrderView(
        id=ids.global_id("Order", row.id),
        key=row.id,
        number=str(row.number),
        status=row.status,
        created=moment(row.created),
        updated_at=moment(row.updated),
        user_email=row.email,
        checkout_id=ids.global_id("Checkout", row.checkout_id),
        channel=channel,
        billing_address=addresses.view(row.id, row.billing),
        lines=lines,
        fulfillments=await _fulfillments(tx, row.id, {line.key: line for line in lines}),
        events=[event_view(event) for event in events],
        transactions=await payments.views(tx, await payments.rows_of(tx, order_id=row.id), channel.currency_code),
        total_minor=row.total,
        undiscounted=row.undiscounted,
        charge_status=row.charge_status,
        authorize_status=row.authorize_status,
        voucher_code=row.voucher_code,
        metadata=items(row.meta),
        private_metadata=items(row.private_meta),
    )


def event_view(event: OrderEventRow) -> OrderEventView:
    return OrderEventView(ids.global_id("OrderEvent", event.id), event.type, moment(event.at), event.message)


def _line(line: OrderLineRow, catalogue: Catalogue, currency: str) -> OrderLineView:
    return OrderLineView(
        id=ids.global_id("OrderLine", line.id),
        key=line.id,
        product_name=line.product_name,
        variant_name=line.variant_name,
        product_sku=line.sku,
        product_variant_id=ids.global_id("ProductVariant", line.variant_id),
        quantity=line.quantity,
        quantity_fulfilled=line.fulfilled,
        total=line.total,
        undiscounted_unit=line.undiscounted_unit,
        currency=currency,
        variant=catalogue.variant(line.variant_id),
        metadata=items(line.meta),
        private_metadata=items(line.private_meta),
    )


async def _fulfillments(tx: Tx, order_key: str, lines: Mapping[str, OrderLineView]) -> list[FulfillmentView]:
    made = list(await tx.scalars(select(FulfillmentRow).where(FulfillmentRow.order_id == order_key).order_by(col(FulfillmentRow.id))))
    statement = select(FulfillmentLineRow).where(col(FulfillmentLineRow.fulfillment_id).in_([one.id for one in made]))
    handed = list(await tx.scalars(statement.order_by(col(FulfillmentLineRow.id)))) if made else []
    return [
        FulfillmentView(
            ids.global_id("Fulfillment", one.id),
            one.sequence,
            moment(one.created),
            [
                FulfillmentLineView(ids.global_id("FulfillmentLine", line.id), line.quantity, lines[line.order_line_id])
                for line in handed
                if line.fulfillment_id == one.id
            ],
        )
        for one in made
    ]
