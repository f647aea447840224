"""What the operator's pages show of orders, as plain values ready to print. Pure: a service's view in, a row out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from cmp_web import routes
from cmp_web.state import words

if TYPE_CHECKING:
    from backend.commerce.outcomes import StrandedView
    from backend.provisioner.desk import Counts, DeskOrder, DeskRow, DeskUnit, Report

VIEWS = {
    "all": "All",
    "needs_hand": "Needs a hand",
    "under_way": "Under way",
    "unclaimed": "To be claimed",
    "done": "Done",
    "returned": "Returned",
}
PIPS = {"done": "g", "now": "n", "stuck": "w"}
ACTS = frozenset({"retry", "restore", "take_back", "keep"})
"""What can be done about one order; reconciling is about all of them."""
STANDS = {
    "paid": "Under way.",
    "unpaid": "Not paid.",
    "unclaimed": "Waits to be claimed.",
    "needs_hand": "Needs a hand.",
    "charged_back": "Charged back.",
}
"""The headings of the note above an order that is not done."""


@dataclass(frozen=True)
class Tab:
    words: str
    count: int
    href: str
    here: bool
    waits: bool


@dataclass(frozen=True)
class Row:
    """pips: one class name a stage. tone: of the stage's words. done: the pips for a screen reader."""

    ref: str
    number: str
    placed: str
    skus: list[str]
    email: str
    workspace: str
    stage: str
    tone: str
    pips: list[str]
    done: str
    total: str
    href: str


@dataclass(frozen=True)
class Stage:
    key: str
    title: str
    status: str
    at: str
    note: str
    place: int


@dataclass(frozen=True)
class Unit:
    """One piece of a line. key: names it in the form that takes it back. open: it was given and can still be taken back."""

    key: str
    name: str
    left: str
    open: bool


@dataclass(frozen=True)
class Event:
    at: str
    words: str
    by: str


@dataclass(frozen=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True)
class Sheet:
    """One order in full. can: the acts it allows, by their names. excess: what to do about a sum beyond the total.
    looks: how often Saleor was asked about it, and that put into effect.
    """

    ref: str = ""
    number: str = ""
    placed: str = ""
    status: str = ""
    heading: str = ""
    reason: str = ""
    excess: str = ""
    moving: bool = False
    looks: int = 0
    stages: list[Stage] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    can: list[str] = field(default_factory=list)
    saleor_url: str = ""


@dataclass(frozen=True)
class Unordered:
    """A payment without its order. ref: what its buyer was told to write."""

    ref: str = ""
    amount: str = ""
    email: str = ""
    gateway: str = ""
    transaction: str = ""
    since: str = ""
    reason: str = ""


def unordered(view: StrandedView, now: datetime) -> Unordered:
    return Unordered(
        ref=view.id,
        amount=str(view.amount),
        email=view.email or "Not known",
        gateway=view.gateway or "Not known",
        transaction=view.transaction_id or "Not known",
        since=words.moment(view.at, now),
        reason=view.reason,
    )


def tabs(counts: Counts, here: str, query: str) -> list[Tab]:
    """query: what is searched for; it stays when the tab changes."""
    return [
        Tab(
            said,
            getattr(counts, key),
            address({"view": key, "q": query}),
            here=key == here,
            waits=key == "needs_hand" and counts.needs_hand > 0,
        )
        for key, said in VIEWS.items()
    ]


def address(asked: Mapping[str, str], **changes: str) -> str:
    """The orders page with what is asked for; the view of all orders needs no name."""
    wanted = {**asked, **changes}
    view = wanted.get("view", "")
    return routes.with_query(
        routes.OPERATOR_ORDERS,
        view="" if view == "all" else view,
        q=wanted.get("q", ""),
        after=wanted.get("after", ""),
        order=wanted.get("order", ""),
    )


def row(view: DeskRow, asked: Mapping[str, str], now: datetime) -> Row:
    done = sum(pip == "done" for pip in view.pips)
    return Row(
        ref=view.ref,
        number=view.number or "not known yet",
        placed=words.moment(view.placed_at, now),
        skus=list(view.skus),
        email=view.email,
        workspace=view.workspace,
        stage=view.stage,
        tone="warn med" if "stuck" in view.pips else "i2",
        pips=[PIPS.get(pip, "") for pip in view.pips],
        done=f"{done} of {words.count(len(view.pips), 'stage')} done",
        total=view.total,
        href=address(asked, order=view.ref),
    )


def sheet(view: DeskOrder, now: datetime) -> Sheet:
    order = view.row
    return Sheet(
        ref=order.ref,
        number=order.number,
        placed=f"{order.total}, placed {words.day(order.placed_at)}, {order.placed_at:%H:%M}".removeprefix(", "),
        status=order.status,
        heading=STANDS.get(order.status, ""),
        reason=view.reason,
        excess=_excess(view),
        moving=order.status == "paid",
        looks=view.looks,
        stages=[
            Stage(s.key, s.title, s.status, words.moment(s.at, now, seconds=True) if s.at else "", _but(s.note, view.reason), place)
            for place, s in enumerate(view.stages, start=1)
        ],
        units=[_unit(unit, Counter(one.line_id for one in view.units)) for unit in view.units],
        facts=_facts(view, now),
        log=[Event(words.moment(event.at, now, seconds=True), event.words, event.by) for event in view.log],
        can=sorted(view.actions & ACTS),
        saleor_url=view.saleor_url,
    )


def _excess(view: DeskOrder) -> str:
    if not view.excess:
        return ""
    cancelled = view.saleor_status == "CANCELED"
    fault = (
        f"It was cancelled, and the shop still holds {view.excess}, if no refund is under way"
        if cancelled
        else f"Paid {view.excess} more than its total"
    )
    return f"{fault}; give it back in Saleor."


def _but(note: str, reason: str) -> str:
    """The reason stands above the stages already."""
    return "" if note == reason else note


def _unit(unit: DeskUnit, pieces: Counter[str]) -> Unit:
    """pieces: how many units each line has; one of several says which it is."""
    name = f"{unit.name}, {unit.unit} of {pieces[unit.line_id]}" if pieces[unit.line_id] > 1 else unit.name
    left = f"{unit.unspent} of {unit.credits} credits unspent" if unit.active else "Taken back"
    return Unit(f"{unit.line_id}:{unit.unit}", name, left, open=unit.active)


def _facts(view: DeskOrder, now: datetime) -> list[Fact]:
    order = view.row
    told = f"{words.moment(view.told_at, now)}, by e-mail" if view.told_at else "Not yet"
    refunded = [Fact("Refunded", view.refunded)] if set(view.refunded) & set("123456789") else []
    return [
        Fact("Buyer", order.email or "Not known"),
        Fact("Workspace", order.workspace or "Nobody's yet"),
        Fact("Charged", view.charged or "Nothing"),
        *refunded,
        Fact("Payment in Saleor", _enum(view.charge_status)),
        Fact("Order in Saleor", _enum(view.saleor_status)),
        Fact("Buyer was told", told),
    ]


def _enum(name: str) -> str:
    """Saleor's PARTIALLY_FULFILLED as "Partially fulfilled"; before Saleor was asked there is none."""
    return name.replace("_", " ").capitalize() or "Not asked yet"


def reported(report: Report | None, now: datetime) -> str:
    """The last reconciliation, in words."""
    if report is None:
        return "Nothing was reconciled yet."
    when = f"Last reconciliation {words.moment(report.at, now)}: "
    if not report.taken_up and not report.without_order:
        return f"{when}Saleor and CMP agree on {words.count(report.looked_at, 'order')}."
    taken = f"{len(report.taken_up)} of {words.count(report.looked_at, 'order')} differed and {_were(len(report.taken_up))} taken up again."
    return when + taken


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
