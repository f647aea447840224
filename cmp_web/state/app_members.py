"""The people of the workspace, and what each may spend. An account has one workspace of its own so far, so the member there is, is the one
who looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from backend.control_plane.budgets import Limits, member_subject
from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Invalid
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_budgets import BoundRow, asked, bounds, typed
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

REFUSED = "Budgets are set by owners and admins."


@dataclass(frozen=True)
class MemberRow:
    id: str
    name: str
    email: str
    role: str
    you: bool
    bounds: list[BoundRow] = field(default_factory=list)


class Members(Loading, rx.State):
    """editing: the account whose budget is in the form, "" without one. may_set: whether this member sets budgets."""

    rows: list[MemberRow] = []
    may_set: bool = False
    editing: str = ""
    editing_name: str = ""
    budget_day: str = ""
    budget_month: str = ""
    day_fault: str = ""
    month_fault: str = ""
    problem: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self.editing = ""
        self._clear()
        with self._loading():
            await self._list(caller)

    @rx.event
    @signed_in
    async def edit(self, caller: Caller, account_id: str) -> None:
        """Open the form with this member's budget."""
        self._clear()
        row = next((row for row in self.rows if row.id == account_id), None)
        if row is None or not caller.at_least(Role.ADMIN):
            self.problem = REFUSED
            return
        limits = await self._limits(caller, row.id)
        self.editing, self.editing_name = row.id, row.name
        self.budget_day, self.budget_month = typed(limits.day), typed(limits.month)

    @rx.event
    @signed_in
    async def leave(self, caller: Caller) -> None:
        self._clear()
        self.editing = ""

    @rx.event
    @signed_in
    async def save(self, caller: Caller, form: dict[str, Any]) -> None:
        self._clear()
        self.budget_day, self.budget_month = str(form.get("budget_day", "")), str(form.get("budget_month", ""))
        try:
            need(caller, Role.ADMIN, REFUSED)
            await services().budgets.set_member(caller.workspace_id, self.editing, asked(form))
        except Invalid as error:
            self.day_fault, self.month_fault = error.fields.get("budget.day", ""), error.fields.get("budget.month", "")
            return
        except DomainError as error:
            self.problem = error.detail
            return
        self.editing = ""
        await self._list(caller)

    async def _list(self, caller: Caller) -> None:
        assert caller.account_id, "a session always has an account"
        account = await services().accounts.get(caller.account_id)
        subject, limits = member_subject(caller.workspace_id, account.id), await self._limits(caller, account.id)
        spent = bounds(limits, (await services().spending([subject])).get(subject))
        self.may_set = caller.at_least(Role.ADMIN)
        self.rows = [MemberRow(account.id, account.name, account.email, caller.role.capitalize(), you=True, bounds=spent)]

    async def _limits(self, caller: Caller, account_id: str) -> Limits:
        subject = member_subject(caller.workspace_id, account_id)
        return (await services().budgets.of(subject)).get(subject, Limits())

    def _clear(self) -> None:
        self.day_fault = self.month_fault = self.problem = ""
