"""Runs, their filters, and the one whose receipt is open. All of it is in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import reflex as rx

from backend.gateway.search import moment
from backend.gateway.views import RunFilter, RunView
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError
from cmp_web import routes
from cmp_web.state import app_asked
from cmp_web.state.app_agents import opened
from cmp_web.state.app_asked import FILTERS, asked, run_filter
from cmp_web.state.app_base import Loading
from cmp_web.state.app_owners import names, owner_names
from cmp_web.state.app_rows import RunRow, RunSheet, stamp
from cmp_web.state.app_run_rows import run_row, run_sheet
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

PAGE = 25
LOOKS = 5
"""How often one page goes on looking when the last look found too little."""
YEAR = 366


@dataclass(frozen=True)
class OwnerRow:
    id: str
    name: str


class Runs(Loading, rx.State):
    """asked: the address, see `app_asked`. older, newest: where the pager leads, "" where it does not. reached: how far back a page looked
    that found too little, ISO 8601. searched: what a search looked through. file: the same runs as CSV. sheet: the open run.
    """

    rows: list[RunRow] = []
    asked: dict[str, str] = asked({})
    filtered: bool = False
    owners: list[OwnerRow] = []
    older: str = ""
    newest: str = ""
    reached: str = ""
    searched: str = ""
    file: str = ""
    closed: str = ""
    opened: bool = False
    sheet: RunSheet = RunSheet()
    problem: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        """Every run of the workspace that the address asks for."""
        with self._loading():
            await self._fill(caller, routes.APP_RUNS)
            usage = services().gateway.usage
            found = await owner_names(caller, usage.period(None, None, YEAR))
            self.owners = [OwnerRow(owner, name) for owner, name in found.items()]
        await self._open(caller)

    @rx.event
    @signed_in
    async def load_agent(self, caller: Caller) -> None:
        """The runs of the open agent."""
        with self._loading():
            agent_id = opened(self)
            await self._fill(caller, f"{routes.agent(agent_id)}/runs", agent_id)
        await self._open(caller)

    @rx.event
    @signed_in
    async def search(self, caller: Caller, text: str) -> Any:
        return self._go(q=text)

    @rx.event
    @signed_in
    async def submit(self, caller: Caller, form: dict[str, Any]) -> Any:
        """The whole form at once, for whoever presses Enter in it."""
        return self._go(**{name: str(form[name]) for name in ("q", "from", "to") if name in form})

    @rx.event
    @signed_in
    async def narrow(self, caller: Caller, name: str, value: str) -> Any:
        """name: one of the address's filters, or the first or last day."""
        return self._go(**{name: value}) if name in {*FILTERS, "from", "to"} else None

    @rx.event
    @signed_in
    async def clear(self, caller: Caller) -> Any:
        return [rx.set_value("q", ""), rx.redirect(routes.APP_RUNS, replace=True)]

    def _parameters(self) -> dict[str, str]:
        return dict(self.router.url.query_parameters)

    def _go(self, **changes: str) -> Any:
        """Another filter begins with the newest run again, and with none open."""
        kept = asked({**self._parameters(), **changes, "after": ""})
        return rx.redirect(routes.with_query(routes.APP_RUNS, **kept), replace=True)

    async def _fill(self, caller: Caller, path: str, agent_id: str = "") -> None:
        """path: of the page. agent_id: of the one whose page it is."""
        now, wanted = services().clock.now(), asked(self._parameters())
        if agent_id:
            wanted = asked({"after": wanted["after"]})
        views, after = await look(caller, replace(run_filter(wanted | ({"agent": agent_id} if agent_id else {}), now), limit=PAGE))
        self.asked, self.filtered = wanted, any(wanted[name] for name in FILTERS)
        self.closed = routes.with_query(path, **wanted)
        self.rows = [run_row(view, routes.with_query(path, **wanted, run=view.id)) for view in views]
        self.older = routes.with_query(path, **(wanted | {"after": after})) if after else ""
        self.newest = routes.with_query(path, **(wanted | {"after": ""})) if wanted["after"] else ""
        self.reached = stamp(moment(after)[0]) if after and len(views) < PAGE else ""
        self.searched, self.file = app_asked.searched(wanted, now), app_asked.sheet(wanted, now)

    async def _open(self, caller: Caller) -> None:
        """The run that the address names; one that there is not leaves the list as it is."""
        run_id, self.opened, self.problem = self._parameters().get("run", ""), False, ""
        if not run_id or self.phase != "ready":
            return
        try:
            view = await services().gateway.get(caller, run_id)
            who = await names(caller, [view.owner])
        except DomainError as error:
            self.problem = error.detail
            return
        ids = [row.id for row in self.rows]
        at = ids.index(run_id) if run_id in ids else -1
        newer = self.rows[at - 1].href if at > 0 else ""
        older = self.rows[at + 1].href if 0 <= at < len(ids) - 1 else ""
        self.sheet, self.opened = replace(run_sheet(view, who[view.owner]), newer=newer, older=older), True


async def look(caller: Caller, wanted: RunFilter) -> tuple[list[RunView], str]:
    """A page of runs and the cursor of the next. It looks a few times more than an API client's page before it gives up for now."""
    found: list[RunView] = []
    for _ in range(LOOKS):
        page = await services().gateway.runs(caller, replace(wanted, limit=wanted.limit - len(found)))
        found += page.items
        if page.next is None or len(found) >= wanted.limit:
            return found, page.next or ""
        wanted = replace(wanted, cursor=page.next)
    return found, wanted.cursor or ""
