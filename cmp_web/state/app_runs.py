"""Runs, their filters, and the one whose receipt is open."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from backend.gateway.views import RunFilter, RunStatus, RunView
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError
from cmp_web.state.app_agents import opened
from cmp_web.state.app_base import Loading
from cmp_web.state.app_rows import DOORS, RUN_STATUS, RunRow, RunSheet, SourceRow, charged_words, pieces, receipt_row, stamp
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

PAGE = 25


class Runs(Loading, rx.State):
    """agent_id, status: the filters, "" for all. cursor: of the following page, "" at the end. sheet: the open run."""

    rows: list[RunRow] = []
    agent_id: str = ""
    status: str = ""
    cursor: str = ""
    opened: bool = False
    sheet: RunSheet = RunSheet()
    problem: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        """Every run of the workspace; `?run=` opens one of them, `?agent=` and `?status=` filter."""
        asked = self.router.url.query_parameters
        self.agent_id, self.status, self.opened = asked.get("agent", ""), asked.get("status", ""), False
        with self._loading():
            await self._fill(caller)
            if asked.get("run"):
                await self._open(caller, asked["run"])

    @rx.event
    @signed_in
    async def load_agent(self, caller: Caller) -> None:
        """The runs of the open agent."""
        self.status, self.opened = "", False
        with self._loading():
            self.agent_id = opened(self)
            await self._fill(caller)

    @rx.event
    @signed_in
    async def filter_agent(self, caller: Caller, agent_id: str) -> None:
        self.agent_id, self.opened = agent_id, False
        with self._loading():
            await self._fill(caller)

    @rx.event
    @signed_in
    async def filter_status(self, caller: Caller, status: str) -> None:
        self.status, self.opened = status, False
        with self._loading():
            await self._fill(caller)

    @rx.event
    @signed_in
    async def more(self, caller: Caller) -> None:
        with self._loading():
            await self._fill(caller, self.cursor)

    @rx.event
    @signed_in
    async def show(self, caller: Caller, run_id: str) -> None:
        self.problem = ""
        try:
            await self._open(caller, run_id)
        except DomainError as error:
            self.problem = error.detail

    @rx.event
    @signed_in
    async def close(self, caller: Caller) -> None:
        self.opened = False

    async def _fill(self, caller: Caller, cursor: str = "") -> None:
        status = RunStatus(self.status) if self.status in RUN_STATUS else None
        wanted = RunFilter(instance_id=self.agent_id or None, status=status, cursor=cursor or None, limit=PAGE)
        page = await services().gateway.runs(caller, wanted)
        fresh = [run_row(view) for view in page.items]
        self.rows, self.cursor = [*self.rows, *fresh] if cursor else fresh, page.next or ""

    async def _open(self, caller: Caller, run_id: str) -> None:
        self.sheet, self.opened = run_sheet(await services().gateway.get(caller, run_id)), True


def run_row(view: RunView) -> RunRow:
    said, tone = RUN_STATUS[view.status]
    return RunRow(
        id=view.id,
        short=f"…{view.id[-4:]}",
        agent_id=view.instance_id,
        agent=view.instance_name,
        door=DOORS[view.door],
        status=view.status,
        status_words=said,
        tone=tone,
        query=view.query,
        started=stamp(view.started_at),
        charged=charged_words(view.receipt),
        seconds=f"{view.duration_ms / 1000:.1f} s" if view.status is not RunStatus.RUNNING else "",
    )


def run_sheet(view: RunView) -> RunSheet:
    return RunSheet(
        row=run_row(view),
        pieces=pieces(view.text),
        sources=[SourceRow(s.n, s.document_name, s.place, s.quote) for s in view.sources],
        receipt=receipt_row(view.receipt),
        tokens=_tokens(view.usage),
        error=view.error_detail,
        error_code=view.error_code,
    )


def _tokens(usage: Mapping[str, int]) -> str:
    """Tokens in and out, or "" when no model was asked."""
    return f"{usage['input_tokens']}, {usage['output_tokens']}" if "input_tokens" in usage else ""
