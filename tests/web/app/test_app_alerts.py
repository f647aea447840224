"""Low credits on the pages: the banner, and the form that says when the workspace is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.control_plane.alerts.policy import Rule
from backend.kernel.caller import Caller, Role
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from cmp_web.components.app_alerts import alert_form
from cmp_web.state.app_alerts import NOT_A_NUMBER, CreditAlerts
from cmp_web.state.app_workspace import Workspace
from tests.web.app.conftest import Desk, call


async def test_the_form_shows_the_defaults_and_what_they_come_to(desk: Desk) -> None:
    await desk.gift("200")
    await desk.services.proofs.alerts.sweep()
    tab = desk.tab(CreditAlerts)
    await call(CreditAlerts.load, tab)
    assert (tab.percent, tab.credits, tab.mail, tab.may, tab.at) == ("20", "10", True, True, "40, 10, 0")


async def test_thresholds_are_saved_and_left_empty_for_none(desk: Desk) -> None:
    tab = desk.tab(CreditAlerts)
    await call(CreditAlerts.save, tab, {"alert-percent": " ", "alert-credits": " 2.5 ", "alert-mail": "on"})
    assert (tab.percent, tab.credits, tab.saved, tab.at) == ("", "2.5", "Saved.", "2.5, 0")
    assert await desk.services.proofs.alerts.rule(desk.caller.workspace_id) == Rule(None, Credits.of("2.5"), mail=True)
    await call(CreditAlerts.save, tab, {"alert-percent": "30", "alert-credits": ""})
    assert await desk.services.proofs.alerts.rule(desk.caller.workspace_id) == Rule(30, None, mail=False)


@pytest.mark.parametrize(
    ("percent", "credits_", "faults"),
    [
        ("x", "NaN", (NOT_A_NUMBER, NOT_A_NUMBER)),
        ("٣", "", (NOT_A_NUMBER, "")),
        ("91", "0", ("1 to 90, or nothing.", "More than 0 and at most 1,000,000,000, or nothing.")),
        ("-1", "1e99", (NOT_A_NUMBER, NOT_A_NUMBER)),
    ],
)
async def test_what_makes_no_sense_is_said_at_its_field_and_not_saved(
    desk: Desk, percent: str, credits_: str, faults: tuple[str, str]
) -> None:
    tab = desk.tab(CreditAlerts)
    await call(CreditAlerts.save, tab, {"alert-percent": percent, "alert-credits": credits_})
    assert ((tab.percent_fault, tab.credits_fault), tab.saved) == (faults, "")
    assert await desk.services.proofs.alerts.rule(desk.caller.workspace_id) == Rule()


async def test_a_member_sees_and_does_not_choose(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def member(_header: str) -> Caller:
        return replace(desk.caller, role=Role.MEMBER)

    monkeypatch.setattr(desk.services.access, "from_cookie_header", member)
    tab = desk.tab(CreditAlerts)
    await call(CreditAlerts.load, tab)
    await call(CreditAlerts.save, tab, {"alert-percent": "30", "alert-credits": ""})
    assert (tab.may, "Only owners and admins" in tab.problem) == (False, True)
    assert await desk.services.proofs.alerts.rule(desk.caller.workspace_id) == Rule()


async def test_nobody_is_sent_to_sign_in_and_learns_nothing(desk: Desk) -> None:
    tab = desk.tab(CreditAlerts, signed_in=False)
    assert await call(CreditAlerts.load, tab)
    assert await call(CreditAlerts.save, tab, {"alert-percent": "30"})
    assert (tab.percent, tab.at) == ("", "")


async def test_the_banner_comes_with_low_credits_and_goes_with_more(desk: Desk) -> None:
    async def shown() -> tuple[bool, bool]:
        await desk.services.proofs.alerts.sweep()
        tab = desk.tab(Workspace)
        await call(Workspace.load, tab)
        return tab.low, tab.empty

    await desk.gift("200")
    seen = [await shown()]
    for run, amount in (("run_1", "165"), ("run_2", "40")):
        await desk.services.ledger.hold(desk.caller.workspace_id, RunId(run), Credits.of(amount))
        await desk.services.ledger.settle(RunId(run), Credits.of(amount))
        seen.append(await shown())
    await desk.gift("50")
    seen.append(await shown())
    assert seen == [(False, False), (True, False), (True, True), (False, False)]


def test_the_form_can_be_drawn() -> None:
    drawn = str(alert_form(CreditAlerts))
    assert "When credits run low" in drawn
    assert "Write to owners and admins" in drawn
