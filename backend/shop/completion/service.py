"""Places the order of a checkout: once, whoever asks and however often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from backend.db.engine import Tx
from backend.kernel.clock import Clock
from backend.shop import ids
from backend.shop.checkout.service import Checkouts, pairs
from backend.shop.checkout.views import CheckoutLineView, CheckoutView
from backend.shop.context import EventSink
from backend.shop.errors import Fault, Refused, refuse
from backend.shop.models import CheckoutRow, OrderLineRow, OrderRow, TransactionRow, VariantRow
from backend.shop.orders.policy import PAID
from backend.shop.orders.service import Orders
from backend.shop.vouchers import service as vouchers


class Completion:
    def __init__(self, tx: Tx, clock: Clock, events: EventSink) -> None:
        self._tx = tx
        self._clock = clock
        self._orders = Orders(tx, clock.now(), events)

    async def complete(self, global_id: str | None, metadata: Sequence[Mapping[str, str]] | None) -> str:
        """The UUID of the checkout's order. Raises Refused, in Saleor's words and order, when it cannot be placed yet.

        The checkout's row is locked first; whoever comes second finds it gone and its order in its place.
        """
        checkouts = await Checkouts.open(self._tx, self._clock)
        try:
            row = await checkouts.row(global_id)
        except Refused:
            if placed := await self._placed(global_id):
                return placed
            raise
        view = await checkouts.view(row)
        refuse_unready(view, row.voucher_code)
        await self._take_stock(view)
        key = await self._place(row, view, pairs(metadata))
        await checkouts.discard(row)
        return key

    async def _take_stock(self, view: CheckoutView) -> None:
        """Take the counted units in one statement a line, so that the last one is sold once. Raises Refused with INSUFFICIENT_STOCK.

        Always in the variants' order: two checkouts that hold the same two variants then wait for each other, and never in a circle.
        """
        for line in sorted(view.lines, key=lambda line: line.variant.key):
            enough = col(VariantRow.stock) >= line.quantity
            taken = update(VariantRow).where(col(VariantRow.id) == line.variant.key, col(VariantRow.track_inventory), enough)
            done: Any = await self._tx.execute(taken.values(stock=col(VariantRow.stock) - line.quantity))
            if line.variant.track_inventory and not done.rowcount:
                raise _out_of_stock(line)

    async def _placed(self, global_id: str | None) -> str | None:
        key = ids.token("Checkout", global_id or "")
        found: str | None = await self._tx.scalar(select(OrderRow.id).where(OrderRow.checkout_id == key)) if key else None
        return found

    async def _place(self, row: CheckoutRow, view: CheckoutView, extra: Mapping[str, str]) -> str:
        now = self._clock.now()
        order = OrderRow(
            id=ids.fresh(),
            checkout_id=row.id,
            channel_id=row.channel_id,
            status="UNFULFILLED",
            email=row.email or "",
            billing=row.billing or {},
            total=view.total,
            undiscounted=view.total + view.off,
            voucher_code=view.voucher_code,
            meta={**row.meta, **extra},
            private_meta=row.private_meta,
            created=now,
            updated=now,
            charge_status=view.charge_status,
            authorize_status=view.authorize_status,
        )
        self._tx.add(order)
        await self._tx.flush()
        self._tx.add_all(_lines(order.id, view))
        mine = col(TransactionRow.checkout_id) == row.id
        await self._tx.execute(update(TransactionRow).where(mine).values(checkout_id=None, order_id=order.id))
        if view.voucher_code and not await vouchers.use(self._tx, view.voucher_code):
            raise _no_longer_worth_anything()
        await self._announce(order)
        return order.id

    async def _announce(self, order: OrderRow) -> None:
        """What happens at once with a new order: ORDER_PAID and ORDER_FULLY_PAID also for one that costs nothing."""
        paid = order.charge_status in PAID
        await self._orders.note(order, "PLACED")
        if paid:
            await self._orders.note(order, "ORDER_FULLY_PAID")
        await self._orders.note(order, "CONFIRMED")
        events = ["ORDER_CREATED", *(["ORDER_PAID", "ORDER_FULLY_PAID"] if paid else []), "ORDER_CONFIRMED"]
        await self._orders.announce(order, *events)


def refuse_unready(view: CheckoutView, voucher_code: str | None) -> None:
    """Raises Refused for the first thing that keeps the checkout from becoming an order."""
    if not view.lines:
        raise refuse("NO_LINES", "The checkout has no lines.", "lines")
    if not view.email:
        raise refuse("EMAIL_NOT_SET", "Checkout email must be set.")
    if view.billing is None:
        raise refuse("BILLING_ADDRESS_NOT_SET", "Billing address is not set", "billingAddress")
    if hidden := [line.variant.id for line in view.lines if not line.variant.product.published]:
        message = "Some of the checkout lines variants are unavailable."
        raise Refused([Fault("UNAVAILABLE_VARIANT_IN_CHANNEL", message, "lines", variants=hidden)])
    for line in view.lines:
        if line.quantity > line.variant.quantity_available:
            raise _out_of_stock(line)
    if voucher_code and not view.voucher_code:
        raise _no_longer_worth_anything()
    if view.authorize_status != "FULL" and not view.transactions:
        raise refuse("CHECKOUT_NOT_FULLY_PAID", "Provided payment methods can not cover the checkout's total amount")
    if view.authorize_status != "FULL":
        raise refuse("CHECKOUT_NOT_FULLY_PAID", "The authorized amount doesn't cover the checkout's total amount.", "id")


def _no_longer_worth_anything() -> Refused:
    return refuse("VOUCHER_NOT_APPLICABLE", "Voucher is not applicable.", "voucherCode")


def _out_of_stock(line: CheckoutLineView) -> Refused:
    message = f"Insufficient product stock: {line.variant.name}"
    return Refused([Fault("INSUFFICIENT_STOCK", message, variants=[line.variant.id])])


def _lines(order_key: str, view: CheckoutView) -> list[OrderLineRow]:
    return [
        OrderLineRow(
            id=ids.fresh(),
            order_id=order_key,
            variant_id=line.variant.key,
            position=position,
            product_name=line.variant.product.name,
            variant_name=line.variant.name,
            sku=line.variant.sku,
            quantity=line.quantity,
            total=line.total,
            undiscounted_unit=line.unit,
            meta={item.key: item.value for item in line.metadata},
            private_meta={item.key: item.value for item in line.private_metadata},
        )
        for position, line in enumerate(view.lines)
    ]
