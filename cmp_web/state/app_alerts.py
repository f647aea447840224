"""When the workspace is told that its credits run low."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.control_plane.alerts.policy import Rule
from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Invalid
from backend.kernel.money import Credits
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

NOT_A_NUMBER = "A number, or nothing."


class CreditAlerts(rx.State):
    """percent, credits: as they stand in their fields, "" for none. may: whether this member may change them.

    at: the balances at which the workspace is told now. version: another one when the fields have other values.
    """

    percent: str = ""
    credits: str = ""
    mail: bool = True
    may: bool = False
    at: str = ""
    percent_fault: str = ""
    credits_fault: str = ""
    problem: str = ""
    saved: str = ""
    version: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self.percent_fault = self.credits_fault = self.problem = self.saved = ""
        await self._show(caller)

    @rx.event
    @signed_in
    async def save(self, caller: Caller, form: dict[str, Any]) -> None:
        self.percent_fault = self.credits_fault = self.problem = self.saved = ""
        try:
            await services().proofs.alerts.set_rule(caller, _rule(form))
        except Invalid as error:
            self.percent_fault, self.credits_fault = error.fields.get("percent", ""), error.fields.get("credits", "")
        except DomainError as error:
            self.problem = error.detail
        else:
            await self._show(caller)
            self.saved = "Saved."

    async def _show(self, caller: Caller) -> None:
        alerts = services().proofs.alerts
        rule, met = await alerts.rule(caller.workspace_id), await alerts.thresholds(caller.workspace_id)
        self.percent = "" if rule.percent is None else str(rule.percent)
        self.credits = "" if rule.credits is None else str(rule.credits)
        self.mail, self.may = rule.mail, caller.at_least(Role.ADMIN)
        self.at = ", ".join(str(threshold.at) for threshold in reversed(met))
        self.version = f"{self.percent}/{self.credits}/{self.mail}"


def _rule(form: dict[str, Any]) -> Rule:
    """Raises Invalid with fields."""
    percent, credits_ = str(form.get("alert-percent", "")).strip(), str(form.get("alert-credits", "")).strip()
    faults: dict[str, str] = {}
    if percent and not (percent.isascii() and percent.isdigit() and len(percent) <= 3):
        faults["percent"] = NOT_A_NUMBER
    try:
        amount = Credits.of(credits_) if credits_ else None
    except ValueError:
        faults["credits"] = NOT_A_NUMBER
    if faults:
        raise Invalid("Check the thresholds.", fields=faults)
    return Rule(int(percent) if percent else None, amount, mail=bool(form.get("alert-mail")))
