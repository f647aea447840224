"""What the pages of the workspace are given to show."""

from __future__ import annotations

import pytest
import reflex as rx

from backend.kernel.errors import Unavailable
from cmp_web.state.app_agents import Agent, Agents
from cmp_web.state.app_chat import Chat
from cmp_web.state.app_knowledge import Knowledge
from cmp_web.state.app_members import Members
from cmp_web.state.app_orders import Orders
from cmp_web.state.app_overview import Overview
from cmp_web.state.app_widget import Widget
from cmp_web.state.app_workspace import Workspace
from tests.web.app.conftest import Desk, call


async def test_the_bars_show_the_workspace_its_agents_and_its_credits(desk: Desk) -> None:
    tab = desk.tab(Workspace)
    await call(Workspace.load, tab)
    assert (tab.known, tab.email, tab.person, tab.role) == (True, "ann@example.com", "Ann", "owner")
    assert (tab.agents, tab.available, tab.held, tab.left, tab.empty) == (1, "5", "0", 100, False)
    assert tab.name


async def test_the_overview_knows_which_steps_are_done(desk: Desk) -> None:
    tab = desk.tab(Overview)
    await call(Overview.load, tab)
    assert [step.done for step in tab.steps] == [True, False, False, False]
    assert [step.href for step in tab.steps][1:] == [f"/app/agents/{desk.agent.id}{end}" for end in ("/knowledge", "", "/widget")]
    await desk.document()
    chat = desk.at_agent(Chat)
    await call(Chat.load, chat)
    await call(Chat.send, chat, {"text": "When can I return a lamp?"})
    await call(Overview.load, tab)
    assert (tab.done, [run.status_words for run in tab.runs]) == (3, ["Answered"])


async def test_a_workspace_without_an_agent_is_led_to_the_shop_first(desk: Desk) -> None:
    await desk.move("new@example.com")
    tab = desk.tab(Overview)
    await call(Overview.load, tab)
    assert [(step.href, step.done) for step in tab.steps] == [("/marketplace", False), ("", False), ("", False), ("", False)]
    assert (tab.chart.path, tab.agents, tab.runs) == ("", [], [])


async def test_an_agent_is_renamed_paused_and_resumed(desk: Desk) -> None:
    tab = desk.at_agent(Agent)
    await call(Agent.load, tab)
    await call(Agent.rename, tab, {"name": "  Front desk "})
    assert (tab.row.name, tab.saved) == ("Front desk", "Saved.")
    await call(Agent.rename, tab, {"name": " "})
    assert (tab.row.name, tab.name_fault) == ("Front desk", "1 to 80 characters.")
    await call(Agent.pause, tab)
    assert tab.row.status_words == "Paused"
    await call(Agent.resume, tab)
    assert tab.row.status_words == "Live"


async def test_a_suspended_agent_says_why_and_cannot_be_resumed(desk: Desk) -> None:
    async with desk.services.database.write() as tx:
        await desk.services.instances.suspend(tx, desk.agent.id, "Its order was refunded.")
    tab = desk.at_agent(Agent)
    await call(Agent.load, tab)
    assert (tab.row.status, tab.row.suspended_for) == ("suspended", "Its order was refunded.")
    await call(Agent.resume, tab)
    assert "refunded" in tab.problem


async def test_documents_show_their_share_of_the_plan_and_leave_when_deleted(desk: Desk) -> None:
    await desk.document()
    tab = desk.at_agent(Knowledge)
    await call(Knowledge.load, tab)
    [row] = tab.rows
    assert (row.name, row.status_words, row.detail, row.size, tab.room) == ("handbook.md", "Ready", "1 passage", "49 bytes", "10 MB")
    await call(Knowledge.check, tab, {"asked": "return"})
    assert [found.name for found in tab.found] == ["handbook.md"]
    await call(Knowledge.remove, tab, row.id)
    assert (tab.rows, tab.used) == ([], "0 bytes")
    await call(Knowledge.remove, tab, row.id)
    assert tab.problem == "There is no such document."


async def test_the_widget_keeps_what_was_typed_and_puts_the_fault_at_its_field(desk: Desk) -> None:
    tab = desk.at_agent(Widget)
    await call(Widget.load, tab)
    form = {"origins": "https://shop.example\nnot a site", "title": "Help", "greeting": "Hello.", "contact_email": "", "enabled": "on"}
    await call(Widget.save, tab, form)
    assert "“not a site” is not a site" in tab.origins_fault
    assert (tab.origins, tab.saved) == ("https://shop.example\nnot a site", "")
    await call(Widget.save, tab, form | {"origins": "https://shop.example/"})
    assert (tab.origins, tab.title, tab.origins_fault, bool(tab.saved)) == ("https://shop.example", "Help", "", True)
    await call(Widget.save, tab, form | {"origins": "", "contact_email": "nobody"})
    assert tab.contact_fault
    assert (await desk.services.widgets.settings(desk.caller, desk.agent.id)).allowed_origins == ("https://shop.example",)


async def test_a_workspace_that_bought_nothing_yet_has_no_orders_and_one_member(desk: Desk) -> None:
    orders, members = desk.tab(Orders), desk.tab(Members)
    await call(Orders.load, orders)
    await call(Members.load, members)
    assert (orders.phase, orders.rows) == ("ready", [])
    assert [(row.email, row.role, row.you) for row in members.rows] == [("ann@example.com", "Owner", True)]


async def test_a_failure_is_shown_with_its_code_and_an_unforeseen_one_is_raised_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tab: rx.State = desk.tab(Agents)

    async def away(*_: object) -> None:
        raise Unavailable("The database does not answer.")

    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(type(desk.services.instances), "list", away)
    await call(Agents.load, tab)
    assert (tab.phase, tab.fault_code, tab.fault) == ("failed", "unavailable", "The database does not answer.")
    monkeypatch.setattr(type(desk.services.instances), "list", broken)
    with pytest.raises(RuntimeError):
        await call(Agents.load, tab)
    assert (tab.phase, tab.fault_code) == ("failed", "internal")
