"""Keys and budgets as the workspace's pages show and take them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.control_plane.budgets import Limits
from backend.gateway.views import RunCommand
from backend.kernel.caller import Caller, Role, Scope
from backend.kernel.errors import Unauthenticated
from backend.kernel.money import Credits
from cmp_web.state.app_budgets import BoundRow
from cmp_web.state.app_keys import NEW, Keys
from cmp_web.state.app_members import Members
from cmp_web.state.app_spending import WorkspaceBudget
from cmp_web.state.app_widget import Widget
from tests.web.app.conftest import Desk, call

BOXES = {"reach": "all", "scope-runs": "on", "scope-read": "on"}


async def opened(desk: Desk) -> Keys:
    tab = desk.tab(Keys)
    await call(Keys.load, tab)
    await call(Keys.begin, tab)
    return tab


async def test_a_key_is_shown_once_works_and_is_gone_when_revoked(desk: Desk) -> None:
    tab = await opened(desk)
    await call(Keys.save, tab, {"key-name": " ", **BOXES})
    assert (tab.rows, tab.name_fault, tab.editing) == ([], "1 to 80 characters, to recognise it by.", NEW)
    await call(Keys.save, tab, {"key-name": "Website", **BOXES})
    assert await desk.services.keys.find(tab.secret)
    assert (tab.editing, tab.rows[0].scopes, tab.rows[0].agents) == ("", "runs, read", "All agents")
    secret = tab.secret
    await call(Keys.kept, tab)
    assert tab.secret == ""
    assert secret not in str(tab.rows)
    await call(Keys.revoke, tab, tab.rows[0].id)
    assert tab.rows == []
    with pytest.raises(Unauthenticated):
        await desk.services.keys.find(secret)


async def test_the_form_opens_with_what_a_new_key_may_and_with_what_an_old_one_has(desk: Desk) -> None:
    tab = await opened(desk)
    assert [one.id for one in tab.scopes if one.on] == ["runs", "read"]
    assert ([one.label for one in tab.agents], tab.some) == ([desk.agent.name], False)
    form = {"key-name": "Site", "scope-knowledge": "on", "reach": "some", f"agent-{desk.agent.id}": "on"}
    await call(Keys.save, tab, form | {"expires": "2027-01-31", "budget_day": "2.5", "budget_month": " 40 "})
    [row] = tab.rows
    assert (row.agents, row.expires[:10], row.over) == (desk.agent.name, "2027-01-31", False)
    assert row.bounds == [BoundRow("0 of 2.5 credits today", 0, ""), BoundRow("0 of 40 credits this month", 0, "")]
    await call(Keys.edit, tab, row.id)
    assert (tab.name, tab.expires, tab.budget_day, tab.budget_month, tab.some) == ("Site", "2027-01-31", "2.5", "40", True)
    assert [one.id for one in tab.scopes if one.on] == ["knowledge"]
    assert [one.on for one in tab.agents] == [True]
    await call(Keys.save, tab, {"key-name": "Site 2", "reach": "all", "scope-runs": "on"})
    [detail] = await desk.services.keyring.list(desk.caller)
    assert (detail.key.name, detail.key.limits.scopes, detail.key.limits.instances) == ("Site 2", frozenset({Scope.RUNS}), None)
    assert (detail.key.limits.expires_at, detail.budget) == (None, Limits())


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"reach": "all"}, "scopes_fault"),
        (BOXES | {"reach": "some"}, "agents_fault"),
        (BOXES | {"expires": "2020-01-01"}, "expires_fault"),
        (BOXES | {"expires": "soon"}, "expires_fault"),
        (BOXES | {"budget_day": "-1"}, "day_fault"),
        (BOXES | {"budget_month": "a lot"}, "month_fault"),
        (BOXES | {"budget_month": "1e99"}, "month_fault"),
    ],
)
async def test_what_is_wrong_with_a_key_stands_at_its_field_and_what_was_typed_stays(desk: Desk, form: dict[str, str], fault: str) -> None:
    tab = await opened(desk)
    await call(Keys.save, tab, {"key-name": "Site", **form})
    faults = {name for name in ("name", "scopes", "agents", "expires", "day", "month") if getattr(tab, f"{name}_fault")}
    assert ({f"{name}_fault" for name in faults}, tab.problem, tab.editing, tab.name) == ({fault}, "", NEW, "Site")
    assert (tab.rows, tab.secret) == ([], "")


async def test_keys_are_refused_to_a_weaker_role_with_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    account = desk.caller.account_id
    assert account is not None
    made = await desk.services.keys.create(desk.caller.workspace_id, account, "Ann's")

    async def role(*_: object) -> object:
        return Caller(door=desk.caller.door, workspace_id=desk.caller.workspace_id, role=Role.MEMBER, account_id=account)

    monkeypatch.setattr("cmp_web.state.session.caller_of", role)
    tab = await opened(desk)
    assert (tab.phase, tab.fault_code) == ("refused", "forbidden")
    await call(Keys.save, tab, {"key-name": "Website", **BOXES})
    await call(Keys.edit, tab, made.view.id)
    await call(Keys.revoke, tab, made.view.id)
    assert (tab.secret, tab.editing, tab.name) == ("", NEW, "")
    assert [(key.name, key.revoked) for key in await desk.services.keys.list(desk.caller.workspace_id)] == [("Ann's", False)]
    for state in (WorkspaceBudget, Members):
        page = desk.tab(state)
        await call(state.load, page)
        if state is Members:
            await call(Members.edit, page, account)
        await call(state.save, page, {"budget_day": "1"})
        assert (page.may_set, bool(page.problem)) == (False, True)
    assert await desk.services.budgets.all(desk.caller.workspace_id) == {}


async def test_another_workspaces_key_can_not_be_opened_or_revoked_from_a_tab(desk: Desk) -> None:
    account = desk.caller.account_id
    made = await desk.services.keys.create(desk.caller.workspace_id, account, "Ann's")
    await desk.move("bob@example.com")
    tab = await opened(desk)
    await call(Keys.edit, tab, made.view.id)
    assert tab.problem
    await call(Keys.revoke, tab, made.view.id)
    assert tab.problem
    assert await desk.services.keys.find(made.secret)


async def test_an_expired_key_says_so(desk: Desk) -> None:
    tab = await opened(desk)
    await call(Keys.save, tab, {"key-name": "Site", "expires": "2026-11-23", **BOXES})
    desk.services.clock.advance(timedelta(days=2))  # type: ignore[attr-defined]
    token = await desk.services.sessions.open(desk.caller.account_id, "")  # type: ignore[arg-type]
    desk.token = token
    again = desk.tab(Keys)
    await call(Keys.load, again)
    assert again.rows[0].over


async def test_the_workspaces_budget_is_set_shown_and_kept(desk: Desk) -> None:
    tab = desk.tab(WorkspaceBudget)
    await call(WorkspaceBudget.load, tab)
    assert (tab.phase, tab.may_set, tab.bounds) == ("ready", True, [])
    await call(WorkspaceBudget.save, tab, {"budget_day": "x", "budget_month": ""})
    assert (bool(tab.day_fault), tab.month_fault, tab.saved) == (True, "", "")
    await call(WorkspaceBudget.save, tab, {"budget_day": "1", "budget_month": "4"})
    assert tab.saved
    await desk.document()
    caller = await desk.services.access.caller(desk.token, None)
    assert caller is not None
    await desk.services.gateway.run(caller, RunCommand(desk.agent.id, "When can I return a lamp?"))
    await call(WorkspaceBudget.load, tab)
    assert tab.bounds == [BoundRow("1 of 1 credit today, used up", 100, "ba"), BoundRow("1 of 4 credits this month", 25, "")]


async def test_a_members_budget_is_set_and_shown(desk: Desk) -> None:
    tab = desk.tab(Members)
    await call(Members.load, tab)
    await call(Members.edit, tab, tab.rows[0].id)
    assert (tab.editing, tab.editing_name) == (desk.caller.account_id, "Ann")
    await call(Members.save, tab, {"budget_day": "-3"})
    assert tab.day_fault
    await call(Members.save, tab, {"budget_day": "3"})
    assert (tab.editing, tab.rows[0].bounds) == ("", [BoundRow("0 of 3 credits today", 0, "")])
    await call(Members.edit, tab, "acc_none")
    assert tab.problem


async def test_a_widgets_budget_is_set_with_the_rest_of_its_settings(desk: Desk) -> None:
    tab = desk.at_agent(Widget)
    await call(Widget.load, tab)
    form = {"origins": "", "title": "Help", "greeting": "Hello.", "contact_email": "", "enabled": "on"}
    await call(Widget.save, tab, form | {"budget_day": "oh"})
    assert (bool(tab.day_fault), tab.problem, tab.saved) == (True, "", "")
    await call(Widget.save, tab, form | {"budget_day": "5"})
    assert (tab.budget_day, tab.spent, bool(tab.saved)) == ("5", [BoundRow("0 of 5 credits today", 0, "")], True)
    widget = await desk.services.widgets.settings(desk.caller, desk.agent.id)
    assert widget.budget == Limits(day=Credits.of(5))
