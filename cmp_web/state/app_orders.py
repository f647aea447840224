"""The orders of the workspace. Search, state and page live in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.kernel.caller import Caller
from backend.provisioner.orders import OrderView
from cmp_web import routes
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
    "charged_back": ("Taken back by the bank", "ba"),
}
VIEWS = {"": "State: all", "under_way": "Under way", "ready": "Ready", "returned": "Refunded or cancelled"}
PAGE = 25
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
    """state, q: the filters, "" for none. said: how many orders they let through. older, newest: where the pager leads."""

    rows: list[OrderRow] = []
    state: str = ""
    q: str = ""
    said: str = ""
    older: str = ""
    newest: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        asked = self._asked()
        self.q, self.state = asked["q"], asked["state"] if asked["state"] in VIEWS else ""
        with self._loading():
            orders, wanted = services().orders, {"view": self.state, "search": self.q}
            page = await orders.page(caller, cursor=asked["after"] or None, limit=PAGE, **wanted)
            self.rows, self.said = [order_row(view) for view in page.items], words.count(await orders.count(caller, **wanted), "order")
            self.older = _address(asked | {"after": page.next}) if page.next else ""
            self.newest = _address(asked | {"after": ""}) if asked["after"] else ""

    @rx.event
    @signed_in
    async def search(self, caller: Caller, text: str) -> Any:
        return self._go(q=text)

    @rx.event
    @signed_in
    async def submit(self, caller: Caller, form: dict[str, Any]) -> Any:
        return self._go(q=str(form.get("q", "")))

    @rx.event
    @signed_in
    async def filter_state(self, caller: Caller, state: str) -> Any:
        return self._go(state=state)

    @rx.event
    @signed_in
    async def clear(self, caller: Caller) -> Any:
        return [rx.set_value("q", ""), rx.redirect(routes.APP_ORDERS, replace=True)]

    def _asked(self) -> dict[str, str]:
        asked = self.router.url.query_parameters
        return {name: asked.get(name, "") for name in ("q", "state", "after")}

    def _go(self, **changes: str) -> Any:
        """Another filter begins with the newest order again."""
        kept = {name: value.strip()[:80] for name, value in {**self._asked(), **changes}.items()}
        return rx.redirect(_address(kept | {"after": ""}), replace=True)


def _address(asked: dict[str, str]) -> str:
    return routes.with_query(routes.APP_ORDERS, **asked)


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
