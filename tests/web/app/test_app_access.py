"""Nobody without a session, and nobody of another workspace, gets anything out of a State."""

from __future__ import annotations

import inspect

import pytest
import reflex as rx

from cmp_web.pages import workspace as table
from cmp_web.state.app_agents import Agent, Agents
from cmp_web.state.app_chat import Chat
from cmp_web.state.app_credits import Credits
from cmp_web.state.app_keys import Keys
from cmp_web.state.app_knowledge import Knowledge
from cmp_web.state.app_members import Members
from cmp_web.state.app_orders import Orders
from cmp_web.state.app_overview import Overview
from cmp_web.state.app_runs import Runs
from cmp_web.state.app_spending import WorkspaceBudget
from cmp_web.state.app_usage import Usage
from cmp_web.state.app_webhooks import Hooks
from cmp_web.state.app_widget import Site, Widget
from cmp_web.state.app_workspace import Workspace
from tests.web.app.conftest import Desk, call

STATES = (
    *(Agent, Agents, Chat, Credits, Hooks, Keys, Knowledge, Members, Orders, Overview, Runs, Site, Usage, Widget),
    *(Workspace, WorkspaceBudget),
)
FRAMEWORK = {"setvar", "set_is_hydrated", "hydrate"}
HANDLERS = [(state, name) for state in STATES for name in state.event_handlers if name not in FRAMEWORK]


@pytest.mark.parametrize(("state", "name"), HANDLERS, ids=lambda value: getattr(value, "__name__", value))
async def test_every_handler_sends_a_stranger_to_the_sign_in_page_and_changes_nothing(desk: Desk, state: type[rx.State], name: str) -> None:
    tab = desk.tab(state, "/app/keys", signed_in=False)
    before = {var: getattr(tab, var) for var in state.base_vars}
    handler = state.event_handlers[name]
    values = ["x"] * (len(inspect.signature(handler.fn).parameters) - 1)
    answered = await call(handler, tab, *values)
    event = answered[0] if isinstance(answered, list) else answered
    assert "/signin?next=%2Fapp%2Fkeys" in str(event.args)
    assert {var: getattr(tab, var) for var in state.base_vars} == before


async def test_a_session_that_has_ended_ends_in_an_open_tab_too(desk: Desk) -> None:
    tab = desk.tab(Agents)
    await call(Agents.load, tab)
    assert tab.phase == "ready"
    await desk.services.sessions.close(desk.token)
    assert "/signin" in str((await call(Agents.load, tab)).args)


async def test_an_agent_of_another_workspace_does_not_exist(desk: Desk) -> None:
    for state in (Agent, Knowledge, Widget):
        tab = desk.at_agent(state, "inst_01SOMEBODYELSES")
        await call(state.load, tab)
        assert (tab.phase, tab.fault_code) == ("missing", "not_found")


def test_every_page_of_the_workspace_is_drawn_and_asks_for_a_member_first() -> None:
    for page in table.PAGES:
        assert page.view().render()
        assert all(getattr(handler.fn, "access", "") == "signed_in" for handler in page.on_load)
        assert page.on_load
        assert not page.indexed
