"""The chat widget of the open agent: where it may appear, and what it says."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.control_plane.budgets import Limits, widget_subject
from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Invalid
from backend.widget.views import WidgetUpdate, WidgetView
from cmp_web.state.app_agents import opened
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_budgets import BoundRow, asked, bounds, typed
from cmp_web.state.services import services
from cmp_web.state.session import signed_in


class Widget(Loading, rx.State):
    """origins: one a line. site: where this market is reached, for the snippets. The _fault fields belong to the fields of the form."""

    widget_id: str = ""
    site: str = ""
    enabled: bool = True
    origins: str = ""
    title: str = ""
    greeting: str = ""
    contact_email: str = ""
    origins_fault: str = ""
    title_fault: str = ""
    greeting_fault: str = ""
    contact_fault: str = ""
    budget_day: str = ""
    budget_month: str = ""
    day_fault: str = ""
    month_fault: str = ""
    spent: list[BoundRow] = []
    problem: str = ""
    saved: str = ""
    _instance: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self._clear()
        self.site = services().settings.base_url
        with self._loading():
            self._instance = opened(self)
            await self._fill(await services().widgets.settings(caller, self._instance))

    @rx.event
    @signed_in
    async def save(self, caller: Caller, form: dict[str, Any]) -> None:
        self._clear()
        self._keep(form)
        try:
            need(caller, Role.MEMBER, "Viewers cannot change the widget. Ask a member of the workspace.")
            await self._fill(await services().widgets.update(caller, self._instance, self._asked(asked(form))))
            self.saved = "Saved. Pages that are open take it over when they are loaded again."
        except Invalid as error:
            self._blame(error)
        except DomainError as error:
            self.problem = error.detail

    def _keep(self, form: dict[str, Any]) -> None:
        """What was typed stays in the fields when it is refused."""
        self.origins, self.title = str(form.get("origins", "")), str(form.get("title", ""))
        self.greeting, self.contact_email = str(form.get("greeting", "")), str(form.get("contact_email", ""))
        self.enabled = bool(form.get("enabled"))
        self.budget_day, self.budget_month = str(form.get("budget_day", "")), str(form.get("budget_month", ""))

    def _asked(self, budget: Limits) -> WidgetUpdate:
        origins = tuple(line.strip() for line in self.origins.splitlines() if line.strip())
        return WidgetUpdate(
            allowed_origins=origins,
            title=self.title.strip(),
            greeting=self.greeting.strip(),
            contact_email=self.contact_email.strip(),
            enabled=self.enabled,
            budget=budget,
        )

    def _blame(self, error: Invalid) -> None:
        """Each fault stands at its field; one of a field that is not shown stands above the form."""
        faults = dict(error.fields)
        self.origins_fault = next((faults.pop(name) for name in list(faults) if name.startswith("allowed_origins")), "")
        self.title_fault, self.greeting_fault = faults.pop("title", ""), faults.pop("greeting", "")
        self.contact_fault = faults.pop("contact_email", "")
        self.day_fault, self.month_fault = faults.pop("budget.day", ""), faults.pop("budget.month", "")
        shown = self.origins_fault or self.title_fault or self.greeting_fault or self.contact_fault or self.day_fault or self.month_fault
        self.problem = "" if shown else error.detail

    async def _fill(self, view: WidgetView) -> None:
        self.widget_id, self.enabled = view.id, view.enabled
        self.origins = "\n".join(view.allowed_origins)
        self.title, self.greeting, self.contact_email = view.title, view.greeting, view.contact_email
        self.budget_day, self.budget_month = typed(view.budget.day), typed(view.budget.month)
        subject = widget_subject(view.id)
        self.spent = bounds(view.budget, (await services().spending([subject])).get(subject))

    def _clear(self) -> None:
        self.origins_fault = self.title_fault = self.greeting_fault = self.contact_fault = self.problem = self.saved = ""
        self.day_fault = self.month_fault = ""


class Site(rx.State):
    """Where this market is reached, for examples of calls."""

    url: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self.url = services().settings.base_url
