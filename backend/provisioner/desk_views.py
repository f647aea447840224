"""What the desk shows of an order: frozen copies, built from rows, with everything in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from backend.kernel.money import ZERO, Credits, Money
from backend.ledger.views import LotBook
from backend.provisioner import policy
from backend.provisioner.facts import Facts
from backend.provisioner.granting import lot_of
from backend.provisioner.models import EventRow, GrantRow, OrderRow
from backend.provisioner.policy import Plan, Reached, StageView, Standing, Status


@dataclass(frozen=True, slots=True)
class DeskRow:
    """workspace: its name, "" while nobody's. stage: in words. pips: "done", "now", "stuck" or "todo", one a stage."""

    ref: str
    number: str
    placed_at: datetime
    skus: tuple[str, ...]
    email: str
    workspace: str
    status: str
    stage: str
    pips: tuple[str, ...]
    total: str


@dataclass(frozen=True, slots=True)
class DeskUnit:
    """One unit of a line, as it was given. credits: what it came with; unspent: what of all that is left."""

    line_id: str
    unit: int
    sku: str
    name: str
    kind: str
    instance_id: str | None
    credits: str
    unspent: str
    active: bool


@dataclass(frozen=True, slots=True)
class DeskEvent:
    at: datetime
    words: str
    by: str


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """charge_status, saleor_status: Saleor's own words at the last look. saleor_url: the order in its dashboard, "" when embedded.

    excess: what the shop holds and is not owed, "" when nothing is.
    looks: the number of the last look at it in Saleor that was put into effect. log: newest first. actions: of "retry", "restore",
    "take_back", "keep", "reconcile", those that would be accepted.
    """

    row: DeskRow
    stages: list[StageView]
    reason: str
    units: list[DeskUnit]
    charged: str
    refunded: str
    excess: str
    charge_status: str
    saleor_status: str
    saleor_url: str
    told_at: datetime | None
    looks: int
    log: list[DeskEvent]
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Counts:
    all: int
    needs_hand: int
    under_way: int
    unclaimed: int
    done: int
    returned: int


@dataclass(frozen=True, slots=True)
class Report:
    """looked_at: orders of Saleor's. taken_up: refs. without_order: refs of what was given without an order that Saleor holds paid."""

    at: datetime
    looked_at: int
    taken_up: tuple[str, ...]
    without_order: tuple[str, ...]


STAGES = {
    Status.UNPAID: "Not paid in full",
    Status.UNCLAIMED: "Waits to be claimed",
    Status.READY: "Complete",
    Status.REFUNDED: "Refunded",
    Status.CANCELLED: "Cancelled",
    Status.CHARGED_BACK: "Charged back",
}
UNDER_WAY = {
    "paid": "Waits for the payment",
    "received": "Waits for the shop",
    "granted": "Being added",
    "fulfilled": "Being closed in the shop",
}
STUCK_AT = {
    "paid": "Not readable in the shop",
    "received": "Not readable in the shop",
    "granted": "Not all added",
    "fulfilled": "Not closed in the shop",
}


def row_of(row: OrderRow, reached: Mapping[str, Reached], workspace: str) -> DeskRow:
    stages = policy.timeline(row.status, row.reason, reached)
    pips = [stage.status for stage in stages]
    if row.status == Status.NEEDS_HAND and "stuck" not in pips:
        pips[-1] = "stuck"
    return DeskRow(
        ref=row.ref,
        number=row.number,
        placed_at=row.placed_at,
        skus=tuple(str(line["sku"] or line["name"]) for line in row.lines),
        email=row.email,
        workspace=workspace,
        status=row.status,
        stage=_stage(row, stages),
        pips=tuple(pips),
        total=_money(row.total_minor, row),
    )


def order_of(
    row: OrderRow,
    reached: Mapping[str, Reached],
    workspace: str,
    grants: Sequence[GrantRow],
    books: Sequence[LotBook],
    log: Sequence[EventRow],
    saleor_url: str,
) -> DeskOrder:
    names = {line["sku"]: str(line["name"]) for line in row.lines}
    facts = row.facts
    beyond = policy.excess(facts) if facts else 0  # type: ignore[arg-type]
    return DeskOrder(
        row=row_of(row, reached, workspace),
        stages=policy.timeline(row.status, row.reason, reached),
        reason=row.reason if row.status in policy.STUCK | {Status.CHARGED_BACK, Status.UNPAID} else "",
        units=[_unit(grant, names.get(grant.sku, grant.sku), books) for grant in grants],
        charged=_money(facts["charged"], row) if facts else "",
        refunded=_money(facts["refunded"], row) if facts else "",
        excess=_money(beyond, row) if beyond else "",
        charge_status=str(facts.get("charge_status", "")),
        saleor_status=str(facts.get("status", "")),
        saleor_url=dashboard(saleor_url, row.saleor_order_id),
        told_at=row.told_at,
        looks=row.applied,
        log=[DeskEvent(event.at, event.words, event.by) for event in log],
        actions=actions(row, grants),
    )


def plan_of(row: OrderRow) -> Plan:
    """What is taken back of it by what is known now."""
    if not row.facts:
        return Plan(frozenset())
    seen: Facts = row.facts  # type: ignore[assignment]
    return policy.plan(Standing(row.standing), seen, row.received_minor, row.decision or None)  # type: ignore[arg-type]


def actions(row: OrderRow, grants: Sequence[GrantRow]) -> frozenset[str]:
    partly = row.standing == Standing.PARTLY_REFUNDED and row.workspace_id is not None
    offered = {
        "retry": row.status in policy.WAITING,
        "restore": any(not grant.active for grant in grants),
        "take_back": partly and any(grant.active for grant in grants),
        "keep": partly and plan_of(row).undecided > 0,
        "reconcile": True,
    }
    return frozenset(name for name, there in offered.items() if there)


def dashboard(api_url: str, order_id: str) -> str:
    """Where Saleor's own dashboard shows an order, at the place it has beside a Saleor of one host."""
    if not api_url:
        return ""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc}/dashboard/orders/{quote(order_id, safe='')}"


def _stage(row: OrderRow, stages: Sequence[StageView]) -> str:
    if row.status in STAGES:
        return STAGES[Status(row.status)]
    if plan_of(row).undecided and row.status == Status.NEEDS_HAND:
        return "Not paid in full" if policy.unpaid(row.facts, row.received_minor) else "Refund to decide"
    ahead = next((stage for stage in stages if stage.status in {"now", "stuck"}), None)
    if row.status == Status.NEEDS_HAND:
        return STUCK_AT[ahead.key] if ahead else "Buyer not told"
    return UNDER_WAY[ahead.key] if ahead else "Under way"


def _unit(grant: GrantRow, name: str, books: Sequence[LotBook]) -> DeskUnit:
    left = sum((book.lot.remaining for book in books if book.lot.ref == lot_of(grant)), ZERO)
    return DeskUnit(
        line_id=grant.line_id,
        unit=grant.unit,
        sku=grant.sku,
        name=name,
        kind=grant.kind,
        instance_id=grant.instance_id,
        credits=str(Credits(grant.credits_micro)),
        unspent=str(left),
        active=grant.active,
    )


def _money(minor: int, row: OrderRow) -> str:
    return str(Money(minor, row.currency)) if row.currency else ""
