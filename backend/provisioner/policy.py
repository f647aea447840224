"""The rules of provisioning: data in, decision out.

The decision on mixed orders: the lines we know are granted at once and the line we do not know waits for the operator. Somebody who
bought an agent and an item of a new kind has paid for both; making the agent wait for the other would help nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """How an order stands with us."""

    PAID = "paid"
    """Placed, or under way."""
    UNPAID = "unpaid"
    """Saleor does not hold the whole sum (yet)."""
    UNCLAIMED = "unclaimed"
    """Paid by an e-mail address that nobody has proven to own."""
    NEEDS_HAND = "needs_hand"
    """Waits for the operator; the reason is written beside it."""
    READY = "ready"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


STUCK = frozenset({Status.NEEDS_HAND, Status.UNCLAIMED})
RETURNED = frozenset({Status.REFUNDED, Status.CANCELLED})


class Standing(StrEnum):
    """How an order stands with Saleor."""

    PAID = "paid"
    UNPAID = "unpaid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


def standing(charge_status: str, order_status: str, *, refund_seen: bool, once_paid: bool) -> Standing:
    """refund_seen: Saleor told us of a refund. once_paid: it was seen paid in full before.

    A cancelled order stays charged at Saleor, hence its status is looked at first.
    """
    if order_status.upper() == "CANCELED":
        return Standing.CANCELLED
    if charge_status.upper() in {"FULL", "OVERCHARGED"}:
        return Standing.PAID
    if not (refund_seen or once_paid):
        return Standing.UNPAID
    return Standing.PARTLY_REFUNDED if charge_status.upper() == "PARTIAL" else Standing.REFUNDED


def settled(status: str, applied: str, now: Standing) -> bool:
    """Whether our side of an order agrees with Saleor's, so that the poll can leave it alone.

    applied: the standing that was last put into effect.
    """
    return status != Status.PAID and applied == now


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of an order line; `unit` counts from 1."""

    line_id: str
    unit: int
    sku: str


def units(lines: Sequence[Mapping[str, object]], known: Collection[str]) -> list[Unit]:
    """Every piece of every line whose SKU is known, in the order of the lines."""
    return [
        Unit(str(line["id"]), unit, str(line["sku"]))
        for line in lines
        if line["sku"] in known
        for unit in range(1, int(str(line["quantity"])) + 1)
    ]


def unknown(lines: Sequence[Mapping[str, object]], known: Collection[str]) -> list[str]:
    """The SKUs of the lines that nothing is offered for; a line without one is called by its name."""
    return [str(line["sku"] or line["name"]) for line in lines if line["sku"] not in known]


def once_paid(applied: str) -> bool:
    """applied: the standing that was last put into effect, or ""."""
    return applied not in {"", Standing.UNPAID}


STAGES = {"paid": "Paid", "received": "Order received", "granted": "Agents and credits added", "fulfilled": "Order complete"}
RETURN_TITLES = {Status.REFUNDED: "Refunded", Status.CANCELLED: "Cancelled"}


@dataclass(frozen=True, slots=True)
class Reached:
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class StageView:
    """status: "done", "now", "todo" or "stuck"."""

    key: str
    title: str
    status: str
    at: datetime | None
    note: str


def timeline(status: str, reason: str, reached: Mapping[str, Reached]) -> list[StageView]:
    """The stages as the buyer sees them. The first one that was not reached is where the order is, or where it is stuck."""
    seen: list[StageView] = []
    ahead = "todo" if status in RETURNED else "stuck" if status in STUCK else "now"
    for key, title in STAGES.items():
        if at := reached.get(key):
            seen.append(StageView(key, title, "done", at.at, at.note))
        elif status not in RETURNED:
            seen.append(StageView(key, title, ahead, None, reason if ahead != "todo" else ""))
            ahead = "todo"
    if status in RETURNED:
        at = reached.get("returned")
        seen.append(StageView("returned", RETURN_TITLES[Status(status)], "done", at.at if at else None, at.note if at else ""))
    return seen
