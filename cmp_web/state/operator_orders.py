"""Every order there is, for the people who run the market. View, search, page and the open order live in the address."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError
from cmp_web.state import words
from cmp_web.state.app_base import Loading
from cmp_web.state.operator_rows import VIEWS, Row, Tab, address, reported, row, tabs
from cmp_web.state.services import services
from cmp_web.state.session import Operator, operator_only

PAGE = 50


class OperatorOrders(Loading, rx.State):
    """older, newest: where the pager leads, "" where it does not. strays: grants without a paid order, by our refs.

    turn: grows with each reconciliation, so that the second click of a double click is known by its old turn.
    """

    rows: list[Row] = []
    tabs: list[Tab] = []
    view: str = "all"
    q: str = ""
    total: int = 0
    older: str = ""
    newest: str = ""
    closed: str = ""
    report: str = ""
    strays: list[str] = []
    busy: bool = False
    turn: int = 0
    said: str = ""
    problem: str = ""

    @rx.event
    @operator_only
    async def load(self, caller: Caller) -> None:
        with self._loading():
            await self._fill()

    @rx.event
    @operator_only
    async def search(self, caller: Caller, text: str) -> Any:
        return self._look_for(text)

    @rx.event
    @operator_only
    async def submit(self, caller: Caller, form: dict[str, Any]) -> Any:
        return self._look_for(str(form.get("q", "")))

    @rx.event
    @operator_only
    async def clear(self, caller: Caller) -> Any:
        return [rx.set_value("q", ""), rx.redirect(address({"view": self.view}), replace=True)]

    @rx.event
    @operator_only
    async def reconcile(self, caller: Caller, turn: int) -> Any:
        if turn != self.turn:
            return
        self.busy, self.said, self.problem = True, "", ""
        yield
        try:
            report = await services().desk.reconcile(caller)
            self.said = f"Compared {words.count(report.looked_at, 'order')} with Saleor. " + (
                f"{len(report.taken_up)} differed and {'is' if len(report.taken_up) == 1 else 'are'} being looked at again."
                if report.taken_up
                else "Nothing differed."
            )
            await self._fill()
        except DomainError as error:
            self.problem = error.detail
        finally:
            self.busy, self.turn = False, self.turn + 1

    def _asked(self) -> dict[str, str]:
        asked = self.router.url.query_parameters
        return {name: asked.get(name, "") for name in ("view", "q", "after")}

    def _look_for(self, text: str) -> Any:
        return rx.redirect(address({"view": self.view, "q": text.strip()[:80]}), replace=True)

    async def _fill(self) -> None:
        """What the address asks for, and the counts around it."""
        desk, asked, now = services().desk, self._asked(), services().clock.now()
        view = asked["view"] if asked["view"] in VIEWS else "all"
        counts = await desk.counts()
        page = await desk.page(view, asked["q"], asked["after"] or None, PAGE)
        self.view, self.q, self.total = view, asked["q"], counts.all
        self.tabs, self.rows = tabs(counts, view, self.q), [row(one, asked, now) for one in page.items]
        self.older = address(asked, after=page.next) if page.next else ""
        self.newest, self.closed = address(asked, after="") if asked["after"] else "", address(asked)
        report = await desk.last_report()
        self.report, self.strays = reported(report, now), list(report.without_order) if report else []
        (await self.get_state(Operator)).needs_hand = counts.needs_hand
