"""The agents of the workspace, and the one that is open."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Invalid, NotFound
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_rows import AgentRow, agent_row, usual
from cmp_web.state.services import services
from cmp_web.state.session import signed_in
from cmp_web.state.views import Row


class Agents(Loading, rx.State):
    rows: list[AgentRow] = []

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        with self._loading():
            self.rows = [agent_row(view) for view in await services().instances.list(caller)]


class Agent(Loading, rx.State):
    """The agent whose page is open. documents: how many it has. usual: what its answers came to; none while they are few.
    problem: why it could not be paused, resumed or renamed."""

    row: AgentRow = AgentRow()
    documents: int = 0
    usual: list[Row] = []
    problem: str = ""
    saved: str = ""
    name_fault: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self.problem = self.saved = self.name_fault = ""
        with self._loading():
            self.row, self.documents, self.usual = AgentRow(), 0, []
            view = await services().instances.get(caller, opened(self))
            self.row = agent_row(view)
            self.documents = len(await services().knowledge.list(caller, view.id))
            self.usual = usual(await services().quotes.estimate(view, view.terms.run))

    @rx.event
    @signed_in
    async def pause(self, caller: Caller) -> None:
        await self._set(caller, live=False)

    @rx.event
    @signed_in
    async def resume(self, caller: Caller) -> None:
        await self._set(caller, live=True)

    @rx.event
    @signed_in
    async def rename(self, caller: Caller, form: dict[str, Any]) -> None:
        self.saved = self.name_fault = self.problem = ""
        try:
            need(caller, Role.MEMBER, "Viewers cannot rename an agent. Ask a member of the workspace.")
            self.row = agent_row(await services().instances.rename(caller, self.row.id, str(form.get("name", ""))))
            self.saved = "Saved."
        except Invalid as error:
            self.name_fault = error.fields.get("name", error.detail)
        except DomainError as error:
            self.problem = error.detail

    async def _set(self, caller: Caller, *, live: bool) -> None:
        self.problem = ""
        instances = services().instances
        try:
            need(caller, Role.MEMBER, "Viewers cannot pause or resume an agent. Ask a member of the workspace.")
            self.row = agent_row(await (instances.resume if live else instances.pause)(caller, self.row.id))
        except DomainError as error:
            self.problem = error.detail


def opened(state: rx.State) -> str:
    """The instance id in the address of the page. Raises NotFound when there is none."""
    instance_id = str(getattr(state, "instance_id", "") or "")
    if not instance_id:
        raise NotFound("There is no such agent.")
    return instance_id
