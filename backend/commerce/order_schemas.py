"""What the shop says of orders, as values. Every amount is gross unless its name says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.kernel.ids import SaleorOrderId, Sku
from backend.kernel.money import Money


@dataclass(frozen=True, slots=True)
class OrderLine:
    id: str
    sku: Sku
    product_name: str
    variant_name: str
    quantity: int
    unit_price: Money
    total: Money
    metadata: Mapping[str, str]
    quantity_to_fulfill: int


@dataclass(frozen=True, slots=True)
class LinesBack:
    """Lines that went back. status: Saleor's word for it, of a granted refund or of a fulfilment. lines: units by the id of their line."""

    status: str
    amount: Money
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """What was paid for an order, and what of it went back. status, charge_status: Saleor's own words (`UNFULFILLED`, `FULL`).

    charge_status: FULL and OVERCHARGED are measured against the total *less the refunds that were granted*, so an order that was
    refunded by a granted refund is FULL again. charged_back: the sum of what banks took back. lines: units by the id of their line.
    """

    status: str
    charge_status: str
    total: Money
    charged: Money
    refunded: Money
    refund_pending: Money
    charged_back: Money
    lines: Mapping[str, int]
    granted: tuple[LinesBack, ...] = ()
    returned: tuple[LinesBack, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    """What the total of an order is made of. undiscounted: before anything was taken off, tax included. tax: within the total."""

    undiscounted: Money
    tax: Money
    authorized: Money


@dataclass(frozen=True, slots=True)
class Order:
    """channel: the slug of the one it was placed in."""

    id: SaleorOrderId
    number: str
    channel: str
    created: datetime
    is_paid: bool
    user_email: str
    money: OrderMoney
    bill: Bill
    metadata: Mapping[str, str]
    lines: tuple[OrderLine, ...]

    @property
    def status(self) -> str:
        return self.money.status

    @property
    def charge_status(self) -> str:
        return self.money.charge_status

    @property
    def total(self) -> Money:
        return self.money.total


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that may still have units to hand over. places: the warehouses they can come from, with how many, the best first."""

    id: str
    quantity: int
    to_fulfil: int
    places: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OrderDelivery:
    """What matters when an order is handed over. notes: what was written into its history."""

    status: str
    metadata: Mapping[str, str]
    notes: tuple[str, ...]
    lines: tuple[OpenLine, ...]


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """updated_since: anything about the order, its money too, changed then or later. ids: at most 100; all orders when there are none."""

    charge_status: tuple[str, ...] = ()
    updated_since: datetime | None = None
    ids: tuple[SaleorOrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderPage:
    items: tuple[Order, ...]
    after: str | None = None
