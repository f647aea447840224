"""The orders of the workspace."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from backend.kernel.caller import Caller
from backend.provisioner.orders import OrderView
from cmp_web.state import words
from cmp_web.state.app_base import Loading
from cmp_web.state.app_rows import stamp
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

STATUS = {
    "unpaid": ("Not paid", "wa"),
    "paid": ("Under way", "live"),
    "unclaimed": ("Waits to be claimed", "wa"),
    "needs_hand": ("Waits for us", "wa"),
    "ready": ("Ready", "go"),
    "refunded": ("Refunded", ""),
    "cancelled": ("Cancelled", ""),
    "charged_back": ("Charged back", "wa"),
}
PIPS = {"done": "g", "stuck": "w"}


@dataclass(frozen=True)
class OrderRow:
    """pips: one class name a stage. what: its lines in words."""

    ref: str
    number: str
    what: str
    total: str
    placed: str
    status_words: str
    tone: str
    pips: list[str]
    stages: str


class Orders(Loading, rx.State):
    rows: list[OrderRow] = []

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        with self._loading():
            self.rows = [order_row(view) for view in await services().orders.list(caller)]


def order_row(view: OrderView) -> OrderRow:
    said, tone = STATUS[view.status]
    done = sum(stage.status == "done" for stage in view.stages)
    return OrderRow(
        ref=view.ref,
        number=view.number,
        what=", ".join(line.name if line.quantity == 1 else f"{line.quantity} × {line.name}" for line in view.lines),
        total=view.total,
        placed=stamp(view.placed_at),
        status_words=said,
        tone=tone,
        pips=[PIPS.get(stage.status, "") for stage in view.stages],
        stages=f"{done} of {words.count(len(view.stages), 'stage')} done",
    )
