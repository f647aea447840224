"""The rules of provisioning: data in, decision out.

The decision on mixed orders: the lines we know are granted at once and the line we do not know waits for the operator. Somebody who
bought an agent and an item of a new kind has paid for both; making the agent wait for the other would help nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypedDict

from backend.provisioner.facts import PAID, Facts


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
    CHARGED_BACK = "charged_back"
    """The buyer's bank took the money back. Its agents are suspended until an operator or a new charge restores them."""


STUCK = frozenset({Status.NEEDS_HAND, Status.UNCLAIMED})
WAITING = frozenset({Status.NEEDS_HAND, Status.UNCLAIMED, Status.UNPAID, Status.PAID})
"""Worth another look when somebody asks for it."""
RETURNED = frozenset({Status.REFUNDED, Status.CANCELLED, Status.CHARGED_BACK})


class Standing(StrEnum):
    """How an order stands with Saleor."""

    PAID = "paid"
    UNPAID = "unpaid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    CHARGED_BACK = "charged_back"


GONE = {Standing.REFUNDED: Status.REFUNDED, Standing.CANCELLED: Status.CANCELLED, Standing.CHARGED_BACK: Status.CHARGED_BACK}
"""The standings in which everything is taken back, and how an order is called then."""


def standing(seen: Facts, *, refund_seen: bool, once_paid: bool, received: int) -> Standing:
    """refund_seen: Saleor told us of a refund. once_paid: it was seen paid in full before. received: the most we ever saw come in.

    A cancelled order stays charged at Saleor, hence its status is looked at first. A full charge status is not enough: Saleor measures it
    against the total less granted refunds, so the sum that is there has to be the whole total.
    """
    if seen["status"] == "CANCELED":
        return Standing.CANCELLED
    if seen["charged"] >= seen["total"] and (seen["charge_status"] in PAID or once_paid):
        return Standing.PAID
    whole = seen["charged"] + seen["refunded"] + seen["charged_back"] >= seen["total"]
    if not (once_paid or whole or seen["charge_status"] in PAID or (refund_seen and seen["charged"] <= 0)):
        return Standing.UNPAID
    if lost(seen, received):
        return Standing.CHARGED_BACK
    return Standing.REFUNDED if seen["charged"] <= 0 else Standing.PARTLY_REFUNDED


def lost(seen: Facts, received: int) -> int:
    """Minor units that are gone without a refund: a bank took them, told by its event or by a sum that fell. 0 while the order is paid."""
    there = seen["charged"] + seen["refunded"]
    # Never more than the total misses: one look may see a sum that Saleor corrects a moment later, and `received` keeps the higher one.
    return min(max(seen["charged_back"], received - there), max(0, seen["total"] - there)) if seen["charged"] < seen["total"] else 0


class Payment(StrEnum):
    """How the payment of an order stands, for its buyer."""

    FREE = "free"
    PAID = "paid"
    AUTHORIZED = "authorized"
    """The money is set aside and not taken yet."""
    PARTLY_PAID = "partly_paid"
    WAITING = "waiting"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"
    CANCELLED = "cancelled"


def payment(applied: str, seen: Mapping[str, Any], sums: Mapping[str, int], received: int) -> Payment:
    """applied: the standing that was last put into effect. seen: `Facts`. sums: `snapshot.Sums`, empty for an order from before them.
    received: the most we ever saw come in, in minor units."""
    if applied == Standing.PAID:
        return Payment.PAID if seen["total"] else Payment.FREE
    if applied == Standing.UNPAID:
        if seen["charged"] > 0:
            return Payment.PARTLY_PAID
        return Payment.AUTHORIZED if sums.get("authorized", 0) > 0 else Payment.WAITING
    if applied == Standing.PARTLY_REFUNDED and seen["charged"] >= received and not seen["refunded"]:
        return Payment.PARTLY_PAID
    if applied == Standing.CANCELLED and seen["refunded"] > 0:
        return Payment.REFUNDED if seen["charged"] <= 0 else Payment.PARTLY_REFUNDED
    if applied == Standing.CANCELLED and seen["charged"] > 0:
        return Payment.PAID if seen["charged"] >= seen["total"] else Payment.PARTLY_PAID
    return Payment(applied)


def missing(seen: Facts) -> int:
    """Minor units of the total that the shop does not hold."""
    return max(0, seen["total"] - seen["charged"])


def unpaid(seen: Mapping[str, Any], received: int) -> int:
    """Minor units of the total that never came in: an order that is not confirmed yet can be edited, and may grow after it was paid."""
    return max(0, int(seen["total"]) - max(received, int(seen["charged"]) + int(seen["refunded"])))


def excess(seen: Facts) -> int:
    """Minor units that the shop holds beyond the total; Saleor calls such an order OVERCHARGED, and gives nothing back by itself. Neither
    does it when an order is cancelled, of which nothing is owed."""
    return max(0, seen["charged"] - (0 if seen.get("status") == "CANCELED" else seen["total"]))


class Decision(TypedDict):
    """What an operator decided about an order that is not fully paid any more, and how the order stood then.

    taken: the units to keep away from the buyer, as [line, unit]; nothing else is. It holds until more money is gone than was then.
    """

    standing: str
    missing: int
    lost: int
    named: dict[str, int]
    explained: int
    taken: list[list[Any]]


Piece = tuple[str, int]
"""One unit of a line: the line's id, and the number of the unit, from 1."""


@dataclass(frozen=True, slots=True)
class Plan:
    """away: what the buyer is not to have. undecided: minor units that went back without a word for what."""

    away: frozenset[Piece]
    undecided: int = 0


def plan(now: Standing, seen: Facts, received: int, decision: Decision | None) -> Plan:
    """Which units are taken back. Units of a line are taken from the last one on, so that a second look takes the same."""
    if now in {Standing.PAID, Standing.UNPAID}:
        return Plan(frozenset())
    before = decision or Decision(standing="", missing=0, lost=0, named={}, explained=0, taken=[])
    away = {(str(line), int(unit)) for line, unit in before["taken"]}
    if decision and _still_holds(decision, now, seen, received):
        return Plan(frozenset(away))
    if now in GONE:
        return Plan(frozenset(pieces(seen["lines"])))
    for line, number in seen["named"].items():
        fresh = number - before["named"].get(line, 0)
        there = [(line, unit) for unit in range(seen["lines"].get(line, 0), 0, -1) if (line, unit) not in away]
        away |= set(there[: max(0, fresh)])
    told = max(0, seen["explained"] - before["explained"])
    return Plan(frozenset(away), max(0, missing(seen) - before["missing"] - told))


def decide(now: Standing, seen: Facts, received: int, taken: Collection[Piece]) -> Decision:
    return Decision(
        standing=now,
        missing=missing(seen),
        lost=lost(seen, received),
        named=seen["named"],
        explained=seen["explained"],
        taken=[list(piece) for piece in sorted(taken)],
    )


def carried(decision: Decision, now: Standing, seen: Facts, received: int) -> Decision:
    """The decision as it is kept after this look. What Saleor names of it afterwards is the same money: it must not count again."""
    if not _still_holds(decision, now, seen, received):
        return decision
    return Decision(**(decision | {"named": seen["named"], "explained": seen["explained"]}))


def pieces(lines: Mapping[str, int]) -> list[Piece]:
    return [(line, unit) for line, quantity in lines.items() for unit in range(1, quantity + 1)]


def settled(status: str, *, told: bool, same: bool) -> bool:
    """Whether our side of an order agrees with Saleor's, so that the poll can leave it alone.

    told: its buyer had a mail. same: Saleor says what it said when that was last put into effect.
    """
    return same and status != Status.PAID and (told or status not in {Status.READY, Status.UNCLAIMED})


def _still_holds(decision: Decision, now: Standing, seen: Facts, received: int) -> bool:
    """Not once more money is gone than the operator knew of, nor when the order was cancelled or charged back after it."""
    cancelled_since = now is Standing.CANCELLED and decision["standing"] != Standing.CANCELLED
    return missing(seen) <= decision["missing"] and lost(seen, received) <= decision["lost"] and not cancelled_since


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


def unknown(lines: Sequence[Mapping[str, object]], known: Collection[str], away: Collection[Piece] = ()) -> list[str]:
    """The SKUs of the lines that nothing is offered for; a line without one is called by its name, one refunded whole is not wanted."""
    wanted = [line for line in lines if any((line["id"], unit) not in away for unit in range(1, int(str(line["quantity"])) + 1))]
    return [str(line["sku"] or line["name"]) for line in wanted if line["sku"] not in known]


RETRY = timedelta(seconds=10)
"""Presses of Retry within so long are one look."""


def look_key(tickets: int, now: datetime, every: timedelta) -> str:
    """Names another look at an order that we know: at most one in `every` while no ticket is drawn.

    By the tickets drawn so far: a workflow that is still at it is not doubled, one that gave up is followed by another. By the time, too,
    since one that ended before it drew a ticket would keep its name for good.
    """
    return f"{tickets}:{int(now.timestamp() // every.total_seconds())}"


def once_paid(applied: str) -> bool:
    """applied: the standing that was last put into effect, or ""."""
    return applied not in {"", Standing.UNPAID}


STAGES = {"paid": "Paid", "received": "Order received", "granted": "Agents and credits added", "fulfilled": "Order complete"}
RETURN_TITLES = {Status.REFUNDED: "Refunded", Status.CANCELLED: "Cancelled", Status.CHARGED_BACK: "Charged back"}
PARTLY = "partly"


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
    if status not in RETURNED and (part := reached.get(PARTLY)):
        seen.append(StageView(PARTLY, "Partly refunded", "done", part.at, part.note))
    if status in RETURNED:
        at = reached.get("returned")
        seen.append(StageView("returned", RETURN_TITLES[Status(status)], "done", at.at if at else None, at.note if at else ""))
    return seen
