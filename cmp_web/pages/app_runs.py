"""Runs and receipts of the whole workspace."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import fault_note, page_head, phased
from cmp_web.components.app_runs import no_runs, run_drawer, runs_table
from cmp_web.components.base import button, link_button
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agents
from cmp_web.state.app_runs import Runs
from cmp_web.state.app_workspace import Workspace

STATUSES = (("", "Status: all"), ("succeeded", "Answered"), ("failed", "Failed"), ("cancelled", "Stopped"), ("running", "Running"))


def view() -> rx.Component:
    head = rx.el.div(page_head("Runs", "Every question, what it cost and why."), _filters(), fault_note(Runs.problem), class_name="rhead")
    more = rx.cond(
        Runs.cursor != "", rx.el.div(button("Show older runs", kind="o", size="s", on_click=Runs.more), class_name="rfoot"), rx.fragment()
    )
    table = rx.el.div(runs_table(Runs.rows, Runs.show, current=rx.cond(Runs.opened, Runs.sheet.row.id, "")), more)
    nothing = rx.cond((Runs.agent_id != "") | (Runs.status != ""), _none_match(), no_runs(_first()))
    ready = rx.cond(Runs.rows.length() > 0, table, rx.el.div(nothing, class_name="inset"))
    shown = phased(Runs, ready, loading="Loading the runs", retry=Runs.load, failed="The runs could not be loaded")
    listed = rx.match(Runs.phase, ("ready", shown), rx.el.div(shown, class_name="inset"))
    drawer = rx.cond(Runs.opened, run_drawer(Runs.sheet, Runs.close), rx.fragment())
    body = rx.el.div(rx.el.div(head, listed, class_name="rl"), drawer, class_name=rx.cond(Runs.opened, "rg", ""))
    return workspace.shell("runs", body, bare=True)


def _filters() -> rx.Component:
    agents = rx.el.select(
        rx.el.option("Agent: all", value=""),
        rx.foreach(Agents.rows, lambda agent: rx.el.option(agent.name, value=agent.id)),
        class_name="inp s",
        value=Runs.agent_id,
        on_change=Runs.filter_agent,
        aria_label="Agent",
    )
    statuses = rx.el.select(
        *[rx.el.option(words, value=value) for value, words in STATUSES],
        class_name="inp s",
        value=Runs.status,
        on_change=Runs.filter_status,
        aria_label="Status",
    )
    return rx.el.div(agents, statuses, class_name="row fl", role="group", aria_label="Filters")


def _first() -> rx.Component:
    return link_button("Open an agent", href=routes.APP_AGENTS, kind="o", size="s")


def _none_match() -> rx.Component:
    said = rx.el.div(
        rx.el.h2("No run matches", class_name="t0"), rx.el.p("None with this agent and status.", class_name="sm i2"), class_name="col g1"
    )
    clear = button("Show all runs", kind="o", size="s", on_click=rx.redirect(routes.APP_RUNS))
    return rx.el.div(said, clear, class_name="emp")


PAGE = Page(routes.APP_RUNS, "Runs", view, on_load=(Workspace.load, Agents.load, Runs.load))
