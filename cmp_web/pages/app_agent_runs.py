"""One agent: its runs."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import fault_note, phased
from cmp_web.components.app_runs import no_runs, run_drawer, runs_table
from cmp_web.components.base import button
from cmp_web.layouts import agent
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_runs import Runs
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    more = rx.cond(
        Runs.cursor != "", rx.el.div(button("Show older runs", kind="o", size="s", on_click=Runs.more), class_name="rfoot"), rx.fragment()
    )
    table = runs_table(Runs.rows, Runs.show, current=rx.cond(Runs.opened, Runs.sheet.row.id, ""), agent=False)
    ready = rx.cond(Runs.rows.length() > 0, rx.el.div(table, more), no_runs())
    shown = phased(Runs, ready, loading="Loading the runs", retry=Runs.load_agent, failed="The runs could not be loaded")
    drawer = rx.cond(Runs.opened, run_drawer(Runs.sheet, Runs.close), rx.fragment())
    listed = rx.el.div(rx.el.div(fault_note(Runs.problem), shown, class_name="rl"), drawer, class_name=rx.cond(Runs.opened, "rg", ""))
    return agent.shell("runs", listed)


PAGE = Page(f"{routes.APP_AGENT}/runs", "Runs", view, on_load=(Workspace.load, Agent.load, Runs.load_agent))
