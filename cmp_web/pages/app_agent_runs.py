"""One agent: its runs."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import fault_note, phased
from cmp_web.components.app_runs import no_runs, pager, run_drawer, runs_table
from cmp_web.layouts import agent
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_runs import Runs
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    table = runs_table(Runs.rows, current=rx.cond(Runs.opened, Runs.sheet.row.id, ""), agent=False)
    ready = rx.cond(Runs.rows.length() > 0, rx.el.div(table, pager(Runs, Runs.reached)), no_runs())
    shown = phased(Runs, ready, loading="Loading the runs", retry=Runs.load_agent, failed="The runs could not be loaded")
    drawer = rx.cond(Runs.opened, run_drawer(Runs.sheet, Runs.closed), rx.fragment())
    listed = rx.el.div(rx.el.div(fault_note(Runs.problem), shown, class_name="rl"), drawer, class_name=rx.cond(Runs.opened, "rg", ""))
    return agent.shell("runs", listed)


PAGE = Page(f"{routes.APP_AGENT}/runs", "Runs", view, on_load=(Workspace.load, Agent.load, Runs.load_agent))
