"""An order's page: its timeline, watched while a stage is open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.kernel.errors import DomainError, NotFound
from backend.provisioner.orders import OrderLineView, OrderView
from cmp_web import routes
from cmp_web.state import shelf, words
from cmp_web.state.services import services
from cmp_web.state.session import caller_of, public, visitor_of
from cmp_web.state.views import Row

OPEN = {"paid", "unpaid"}
"""The standings in which the order moves by itself."""
WATCH_SECONDS = 15 * 60
FIRST, LATER = 0.5, 3.0
"""Seconds between two looks: at the beginning, when the order moves quickly, and after half a minute."""
HEADINGS = {
    "paid": ("Your order is on its way", "It is being delivered now. This page shows each stage as it happens."),
    "unpaid": ("Waiting for the payment", "The shop does not hold the whole sum yet. The order goes on by itself when it does."),
    "unclaimed": ("Paid. Where should it go?", "Sign in or create an account, and what you bought is delivered to your workspace."),
    "needs_hand": (
        "Paid, and one stage needs a hand",
        "A stage could not finish by itself. Nothing is lost, and nothing is charged again.",
    ),
    "refunded": ("This order was refunded", "What was not used of it has been taken back."),
    "cancelled": ("This order was cancelled", "What was not used of it has been taken back."),
    "charged_back": (
        "The payment was taken back by the bank",
        "Its agents are suspended, and what was not used of it has been taken back, until that is settled.",
    ),
}
PARTLY = (
    "Partly refunded, and we are looking at it",
    "Part of the money went back. Until it is settled what that was for, nothing more is taken back.",
)
OWED = (
    "Not paid in full",
    "Part of the total has not come in, and we are looking at it. Nothing that you paid is lost.",
)
QUESTIONS = {"partly_refunded": PARTLY, "partly_paid": OWED}
"""By how the payment stands: for an order whose reason is a question to the operator, which is not the buyer's."""
PAYMENT = {
    "free": "Nothing to pay",
    "paid": "Paid",
    "authorized": "Authorised, not charged yet",
    "partly_paid": "Paid in part",
    "waiting": "Waiting for the payment",
    "partly_refunded": "Partly refunded",
    "refunded": "Refunded",
    "charged_back": "Taken back by the bank",
    "cancelled": "Cancelled",
}


@dataclass(frozen=True)
class Stage:
    key: str
    title: str
    status: str
    at: str
    note: str
    place: int


@dataclass(frozen=True)
class Line:
    name: str
    sku: str
    emblem: str
    total: str
    outcome: str
    agent: str


@dataclass(frozen=True)
class Shown:
    """open: whether it still moves. agent: the id of the first agent it brought. sums: what the total is made of. paid: the payment's
    standing in words, "" before the shop was asked. back: what of the money went back. stuck: why it waits, where no stage says so."""

    ref: str
    number: str
    day: str
    status: str
    heading: str
    lead: str
    stages: list[Stage]
    lines: list[Line]
    sums: list[Row]
    total: str
    tax: str
    paid: str
    back: list[Row]
    email: str
    open: bool
    stuck: str
    claimable: bool
    agent: str


NOTHING = Shown("", "", "", "", "", "", [], [], [], "", "", "", [], "", False, "", False, "")


class Order(rx.State):
    order: Shown = NOTHING
    title: str = "Order · CMP"
    missing: bool = False
    failed: str = ""
    member: bool = False
    sign_in: str = ""
    register: str = ""

    @rx.event
    @public
    async def load(self) -> Any:
        self.order, self.missing, self.failed = NOTHING, False, ""
        await self._look()
        if self.order.claimable and self.member:
            await self._claim()
        if self.order.open:
            yield Order.watch(self.order.ref)

    @rx.event(background=True)
    @public
    async def watch(self, ref: str) -> Any:
        """Look again until nothing moves any more, the reader has left, or a quarter of an hour is over."""
        began = services().clock.now()
        while True:
            waited = (services().clock.now() - began).total_seconds()
            if waited > WATCH_SECONDS:
                return
            await asyncio.sleep(FIRST if waited < 30 else LATER)
            async with self:
                if self._ref() != ref or self.order.ref != ref:
                    return
                await self._look()
                if not self.order.open:
                    return

    def _ref(self) -> str:
        return self.router.url.path.rstrip("/").rpartition("/")[2]

    async def _look(self) -> None:
        ref, caller = self._ref(), await caller_of(self)
        self.member = caller is not None
        self.sign_in = routes.sign_in(routes.order(ref))
        self.register = routes.with_query(routes.REGISTER, next=routes.order(ref))
        try:
            view = await services().orders.view(ref, caller=caller, visitor=visitor_of(self))
        except NotFound:
            self.missing = True
            return
        except DomainError as error:
            self.failed = error.detail
            return
        self.order, self.failed = _shown(view), ""
        self.title = f"Order {view.number} · CMP" if view.number else "Order · CMP"

    async def _claim(self) -> None:
        """The buyer's own browser, signed in: the order is theirs."""
        caller = await caller_of(self)
        account = await services().accounts.get(caller.account_id)
        await services().orders.claim(account, visitor=visitor_of(self))
        await self._look()


def _shown(view: OrderView) -> Shown:
    agents = [agent for line in view.lines for agent in line.instance_ids]
    question = QUESTIONS.get(view.payment) if view.status == "needs_hand" else None
    heading, lead = question or (HEADINGS.get(view.status, ("", "")) if view.status != "ready" else _ready(len(agents)))
    told = any(stage.note == view.stuck_reason for stage in view.stages)
    return Shown(
        ref=view.ref,
        number=view.number,
        day=words.day(view.placed_at),
        status=view.status,
        heading=heading,
        lead=lead,
        stages=[
            Stage(s.key, s.title, s.status, words.time(s.at) if s.at else "", "" if question and s.status == "stuck" else s.note, place)
            for place, s in enumerate(view.stages, start=1)
        ],
        lines=[_line(line) for line in view.lines],
        sums=_sums(view),
        total=view.total,
        tax=view.sums.tax,
        paid=PAYMENT.get(view.payment, ""),
        back=_back(view),
        email=view.email,
        open=view.status in OPEN,
        stuck="" if question or told else view.stuck_reason,
        claimable=view.claimable,
        agent=agents[0] if agents else "",
    )


def _sums(view: OrderView) -> list[Row]:
    """Where something was taken off: what it cost before, and how much that was."""
    return [Row("Subtotal", view.sums.subtotal), Row("Discount", f"−{view.sums.discount}")] if view.sums.discount else []


def _back(view: OrderView) -> list[Row]:
    back = (("Refunded", view.sums.refunded), ("Taken back by the bank", view.sums.charged_back))
    return [Row(name, f"−{amount}") for name, amount in back if amount]


def _ready(agents: int) -> tuple[str, str]:
    if not agents:
        return "Your credits are here", "Every agent in your workspace can use them."
    one = "Your agent is ready" if agents == 1 else f"Your {agents} agents are ready"
    return one, "One step is left: put it on your site." if agents == 1 else "One step is left: put them on your site."


def _line(line: OrderLineView) -> Line:
    slug = next((card.slug for card in shelf.built_cards() if card.sku == line.sku), "")
    name = line.name if line.quantity == 1 else f"{line.quantity} × {line.name}"
    return Line(name, line.sku, shelf.emblem_of(slug), line.total, line.outcome, line.instance_id or "")
