"""What one look at an order in Saleor showed, as JSON: a durable workflow remembers it."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict

from backend.commerce.order_schemas import Bill, Order, OrderLine
from backend.identity.policy import normal_email
from backend.kernel.errors import Invalid
from backend.provisioner.facts import Facts, facts
from backend.provisioner.models import OrderRow


class Line(TypedDict):
    """total: minor units of the order's currency."""

    id: str
    sku: str
    name: str
    quantity: int
    total: int


class Sums(TypedDict):
    """What the buyer is shown of the total beside what decides about the order (`facts.Facts`); minor units."""

    undiscounted: int
    tax: int
    authorized: int


class Snapshot(TypedDict):
    number: str
    channel: NotRequired[str]
    email: str
    currency: str
    facts: Facts
    sums: NotRequired[Sums]
    created: str
    workspace: str
    lines: list[Line]


class Look(TypedDict):
    """ticket: drawn before looking. order: None, with the reason in `refused`, when Saleor would not show it."""

    ticket: int
    order: Snapshot | None
    refused: str


def snapshot(order: Order) -> Snapshot:
    return Snapshot(
        number=order.number,
        channel=order.channel,
        email=email_of(order.user_email),
        currency=order.total.currency,
        facts=facts(order.money),
        sums=_sums(order.bill),
        created=order.created.isoformat(),
        workspace=order.metadata.get("cmp_workspace", ""),
        lines=[Line(id=x.id, sku=x.sku, name=_name(x), quantity=x.quantity, total=x.total.amount_minor) for x in order.lines],
    )


def record(row: OrderRow, seen: Snapshot) -> None:
    """Keep on the row what a page about the order needs."""
    row.number, row.email = seen["number"], seen["email"]
    row.currency, row.total_minor = seen["currency"], seen["facts"]["total"]
    row.placed_at = datetime.fromisoformat(seen["created"])
    row.lines = [dict(line) for line in seen["lines"]]
    row.sums = dict(seen.get("sums", {}))


def _sums(bill: Bill) -> Sums:
    return Sums(undiscounted=bill.undiscounted.amount_minor, tax=bill.tax.amount_minor, authorized=bill.authorized.amount_minor)


def _name(line: OrderLine) -> str:
    return (
        f"{line.product_name} – {line.variant_name}" if line.variant_name and line.variant_name != line.product_name else line.product_name
    )


def email_of(email: str) -> str:
    """In the spelling accounts have; as it came when it is no address at all (staff can type anything into Saleor)."""
    try:
        return normal_email(email)
    except Invalid:
        return email.strip().lower()
