"""Runs and receipts of the whole workspace."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import fault_note, page_head, phased
from cmp_web.components.app_runs import no_runs, pager, run_drawer, runs_table
from cmp_web.components.base import button, empty, link_button, plain_link
from cmp_web.components.icons import icon
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agents
from cmp_web.state.app_asked import DOOR_CHOICES, STATUS_CHOICES, WHENS
from cmp_web.state.app_runs import Runs
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    export = plain_link(icon("download"), "Export CSV", href=Runs.file, class_name="btn o", download="runs.csv")
    title = page_head("Runs", "Every question, what it cost and why.", export)
    head = rx.el.div(title, _filters(), _searched(), fault_note(Runs.problem), class_name="rhead")
    table = rx.el.div(runs_table(Runs.rows, current=rx.cond(Runs.opened, Runs.sheet.row.id, "")), pager(Runs, Runs.reached))
    nothing = rx.cond(Runs.reached != "", rx.el.div(_not_yet(), pager(Runs, Runs.reached)), rx.el.div(_nothing(), class_name="inset"))
    ready = rx.cond(Runs.rows.length() > 0, table, nothing)
    shown = phased(Runs, ready, loading="Loading the runs", retry=Runs.load, failed="The runs could not be loaded")
    listed = rx.match(Runs.phase, ("ready", shown), rx.el.div(shown, class_name="inset"))
    drawer = rx.cond(Runs.opened, run_drawer(Runs.sheet, Runs.closed), rx.fragment())
    body = rx.el.div(rx.el.div(head, listed, class_name="rl"), drawer, class_name=rx.cond(Runs.opened, "rg", ""))
    return workspace.shell("runs", body, bare=True)


def _filters() -> rx.Component:
    box = rx.el.input(
        id="q",
        name="q",
        type="search",
        class_name="inp s",
        placeholder="Question, answer or run id",
        default_value=Runs.asked["q"],
        key=Runs.phase,
        on_change=Runs.search.debounce(400),
        auto_complete="off",
        max_length=200,
    )
    label = rx.el.label("Search the runs", html_for="q", class_name="vh")
    agents = [rx.foreach(Agents.rows, lambda agent: rx.el.option(agent.name, value=agent.id))]
    owners = [rx.foreach(Runs.owners, lambda owner: rx.el.option(owner.name, value=owner.id))]
    doors = [rx.el.option(words, value=value) for value, words in DOOR_CHOICES]
    statuses = [rx.el.option(words, value=value) for value, words in STATUS_CHOICES]
    paid = rx.el.label(
        rx.el.input(type="checkbox", checked=Runs.asked["paid"] == "1", on_change=lambda on: Runs.narrow("paid", rx.cond(on, "1", ""))),
        rx.el.span("Charged only"),
        class_name="ck nowrap",
    )
    whens = [rx.el.option(words, value=value) for value, words in WHENS.items() if value]
    # Enter in the form must have a button to press, also where nobody sees one.
    enter = rx.el.button("Search", type="submit", class_name="vh")
    return rx.el.form(
        rx.el.div(icon("search"), label, box, class_name="inwrap fs"),
        _choice("agent", "Agent", "Agent: all", agents),
        _choice("door", "Door", "Door: all", doors),
        _choice("status", "Status", "Status: all", statuses),
        _choice("owner", "Asked by", "Asked by: all", owners),
        _choice("when", "When", WHENS[""], whens),
        rx.cond(Runs.asked["when"] == "days", rx.fragment(_day("from", "First day"), _day("to", "Last day")), rx.fragment()),
        paid,
        enter,
        class_name="row fl rfl",
        role="search",
        aria_label="Filters",
        on_submit=Runs.submit,
    )


def _choice(name: str, label: str, every: str, options: list[Any]) -> rx.Component:
    chosen = Runs.asked[name]
    return rx.el.select(
        rx.el.option(every, value=""),
        *options,
        class_name=rx.cond(chosen != "", "inp s set", "inp s"),
        value=chosen,
        on_change=lambda value: Runs.narrow(name, value),
        aria_label=label,
    )


def _day(name: str, label: str) -> rx.Component:
    return rx.el.input(
        type="date",
        name=name,
        class_name="inp s",
        default_value=Runs.asked[name],
        on_change=lambda value: Runs.narrow(name, value),
        aria_label=f"{label}, UTC",
    )


def _searched() -> rx.Component:
    """What was searched, for the eye and for a screen reader."""
    days = rx.cond(Runs.asked["when"] != "", " Days are UTC.", "")
    said = rx.el.p(Runs.searched, days, class_name="xs i3 said")
    return rx.el.div(rx.cond((Runs.searched != "") | (Runs.asked["when"] != ""), said, rx.fragment()), aria_live="polite")


def _nothing() -> rx.Component:
    clear = button("Show all runs", kind="o", size="s", on_click=Runs.clear)
    unmatched = empty("search", "No run matches", "None is like this. Take away a filter, or choose a longer time.", clear)
    return rx.cond(Runs.filtered, unmatched, no_runs(link_button("Open an agent", href=routes.APP_AGENTS, kind="o", size="s")))


def _not_yet() -> rx.Component:
    return rx.el.div(empty("search", "None among the newest", "Older runs have not been looked at yet."), class_name="inset")


PAGE = Page(routes.APP_RUNS, "Runs", view, on_load=(Workspace.load, Agents.load, Runs.load))
