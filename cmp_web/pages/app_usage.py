"""Usage: what runs come to, by day, agent, who asked, and door."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_chart import day_columns, seg, stroke_days
from cmp_web.components.app_parts import card, head_row, page_head, phased
from cmp_web.components.base import empty, link, link_button
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agents
from cmp_web.state.app_usage import Usage
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Usage", "What was run, by whom, and what it cost. Days are UTC.", seg(Usage.spans, "Days"))
    body = rx.el.div(
        _sums(),
        _days(),
        _table("By agent", "u3", Usage.agents, "Agent"),
        _table("By key, member and widget", "u4", Usage.owners, "Asked by"),
        _table("By door", "u5", Usage.doors, "Door"),
        class_name="col g8",
    )
    none = empty(
        "bars",
        "Nothing was run in these days",
        "Runs are counted when they end. Choose more days, or ask an agent something.",
        link_button("Open an agent", href=routes.APP_AGENTS, kind="o", size="s"),
    )
    ready = rx.fragment(_agent(), rx.cond(Usage.sums.runs == "0", none, body))
    shown = phased(Usage, ready, loading="Loading the usage", retry=Usage.load, failed="The usage could not be loaded")
    return workspace.shell("usage", head, shown)


def _agent() -> rx.Component:
    choose = rx.el.select(
        rx.el.option("Agent: all", value=""),
        rx.foreach(Agents.rows, lambda agent: rx.el.option(agent.name, value=agent.id)),
        class_name="inp s",
        value=Usage.agent,
        on_change=Usage.choose_agent,
        aria_label="Agent",
    )
    return rx.el.div(choose, class_name="row fl ufl")


def _sums() -> rx.Component:
    sums = Usage.sums
    rows = (
        ("Runs", sums.runs),
        ("Credits charged", sums.charged),
        ("Answered", rx.cond(sums.answered != "", sums.answered, "–")),
        ("Failed, free", sums.failed),
        ("A run takes", rx.cond(sums.pace != "", sums.pace, "–")),
        ("Tokens", rx.cond(sums.tokens != "0", sums.tokens, "–")),
    )
    figures = [
        rx.el.div(rx.el.dt(name, class_name="xs i2"), rx.el.dd(value, class_name="t1 num"), class_name="col g1") for name, value in rows
    ]
    return rx.el.dl(*figures, class_name="card pad figures", aria_label="In all")


def _days() -> rx.Component:
    head = rx.cond(Usage.measure == "runs", "Runs", "Credits")
    plot = rx.el.div(day_columns(Usage.plot, head), class_name="pad")
    return card("By day", plot, name="u2", aside=seg(Usage.measures, "What is drawn"))


def _table(title: str, name: str, rows: rx.Var, column: str) -> rx.Component:
    def row(item: Any) -> rx.Component:
        bar = rx.el.div(rx.el.i(style={"width": item.part.to_string() + "%"}), class_name="bar", custom_attrs={"aria-hidden": "true"})
        return rx.el.tr(
            rx.el.th(link(item.name, href=item.href, class_name="link med"), scope="row", class_name="reg wrapok"),
            rx.el.td(stroke_days(item.strokes, item.days), class_name="full"),
            rx.el.td(item.runs, rx.el.span(" runs", class_name="only-m-i i3"), class_name="n"),
            rx.el.td(item.answered, class_name="n hide-m"),
            rx.el.td(item.charged, rx.el.span(" credits", class_name="only-m-i i3"), class_name="n"),
            rx.el.td(rx.el.div(bar, rx.el.span(item.part, "%", class_name="xs i3 num"), class_name="row right"), class_name="ubar hide-m"),
        )

    heads = head_row(column, "Each day", ("Runs", "n"), ("Answered", "n"), ("Credits", "n"), ("Share", "n"))
    table = rx.el.table(heads, rx.el.tbody(rx.foreach(rows, row)), class_name="tbl stack usg")
    return card(title, table, name=name)


PAGE = Page(routes.APP_USAGE, "Usage", view, on_load=(Workspace.load, Agents.load, Usage.load))
