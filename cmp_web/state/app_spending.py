"""What the whole workspace may spend, on the settings page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.control_plane.budgets import Limits, workspace_subject
from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Invalid
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_budgets import BoundRow, asked, bounds, typed
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

REFUSED = "The workspace's budget is set by owners and admins."


class WorkspaceBudget(Loading, rx.State):
    """may_set: whether this member sets it."""

    may_set: bool = False
    bounds: list[BoundRow] = []
    budget_day: str = ""
    budget_month: str = ""
    day_fault: str = ""
    month_fault: str = ""
    problem: str = ""
    saved: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self._clear()
        with self._loading():
            await self._fill(caller)

    @rx.event
    @signed_in
    async def save(self, caller: Caller, form: dict[str, Any]) -> None:
        self._clear()
        self.budget_day, self.budget_month = str(form.get("budget_day", "")), str(form.get("budget_month", ""))
        try:
            need(caller, Role.ADMIN, REFUSED)
            await services().budgets.set_workspace(caller.workspace_id, asked(form))
        except Invalid as error:
            self.day_fault, self.month_fault = error.fields.get("budget.day", ""), error.fields.get("budget.month", "")
            return
        except DomainError as error:
            self.problem = error.detail
            return
        await self._fill(caller)
        self.saved = "Saved. It binds the next run."

    async def _fill(self, caller: Caller) -> None:
        subject = workspace_subject(caller.workspace_id)
        limits = (await services().budgets.of(subject)).get(subject, Limits())
        self.budget_day, self.budget_month = typed(limits.day), typed(limits.month)
        self.bounds = bounds(limits, (await services().spending([subject])).get(subject))
        self.may_set = caller.at_least(Role.ADMIN)

    def _clear(self) -> None:
        self.day_fault = self.month_fault = self.problem = self.saved = ""
