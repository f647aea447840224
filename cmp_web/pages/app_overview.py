"""Overview: credits, next steps, agents, the last runs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_chart import burn_down
from cmp_web.components.app_parts import WEEKDAY, card, more_link, page_head, phased, when
from cmp_web.components.app_runs import no_runs, runs_table
from cmp_web.components.base import badge, empty, link, link_button, status
from cmp_web.components.emblems import plate
from cmp_web.components.icons import icon
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_overview import Overview
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    both = rx.fragment(_browse("o"), link_button("Add credits", href=routes.APP_CREDITS))
    acts = rx.cond(Workspace.agents > 0, both, _browse("p"))
    head = page_head("Overview", rx.cond(Overview.today != "", when(Overview.today, WEEKDAY), "\u00a0"), acts)
    body = rx.el.div(rx.el.div(_credits(), _steps(), class_name="og"), _week(), _agents(), _runs(), class_name="col g6")
    shown = phased(Overview, body, loading="Loading the overview", retry=Overview.load, failed="The overview could not be loaded")
    return workspace.shell("overview", head, shown)


def _browse(kind: str) -> rx.Component:
    return link_button("Browse agents", href=routes.MARKETPLACE, kind=kind)


def _credits() -> rx.Component:
    chart = Overview.chart
    held = rx.cond(Workspace.held == "0", "Nothing is held by a run", Workspace.held + " held by a run in progress")
    now = rx.el.div(
        rx.el.h2("Credits available", class_name="sm i2 reg", id="o1"),
        rx.el.p(Workspace.available, class_name="big"),
        rx.el.p(Workspace.balance, " balance. ", held, class_name="xs i3 num"),
        class_name="col g1",
    )
    ends = rx.cond(Overview.ahead.end != "", "until " + Overview.ahead.end, rx.cond(Workspace.empty, "nothing left", "more than a year"))
    lasts = rx.el.div(rx.el.span("Lasts", class_name="xs i3"), rx.el.span(ends, class_name="t0 semi"), class_name="col g1 oru")
    forecast = rx.cond((chart.path != "") & Overview.ahead.enough, lasts, rx.fragment())
    top = rx.el.div(now, forecast, class_name="row between top wrapx g4")
    said = rx.cond(
        chart.path != "",
        rx.el.p(Overview.ahead.said, rx.cond(Overview.ahead.end != "", " " + Overview.ahead.end + ".", ""), class_name="xs i3"),
        rx.fragment(),
    )
    body = rx.el.div(top, burn_down(chart), said, class_name="pad col g6")
    return rx.el.section(body, class_name="card", custom_attrs={"aria-labelledby": "o1"})


def _week() -> rx.Component:
    week = Overview.week
    figures = rx.el.dl(
        *[
            rx.el.div(rx.el.dt(name, class_name="xs i2"), rx.el.dd(value, class_name="t1 num"), class_name="col g1")
            for name, value in (
                ("Runs", week.runs),
                ("Credits charged", week.charged),
                ("Answered", rx.cond(week.answered != "", week.answered, "–")),
                ("Failed, free", week.failed),
                ("A run takes", rx.cond(week.pace != "", week.pace, "–")),
            )
        ],
        class_name="pad figures five",
    )
    return card("Last 7 days", figures, name="o5", aside=more_link("All usage", routes.APP_USAGE))


def _steps() -> rx.Component:
    def step(row: Any) -> rx.Component:
        done = rx.fragment(
            rx.el.span(icon("check"), class_name="pip small on"),
            rx.el.span(row.label, rx.el.span(", done", class_name="vh"), class_name="i3"),
        )
        go = link(row.label, icon("cr"), href=row.href, class_name="med grow row between")
        todo = rx.fragment(rx.el.span(class_name="pip small"), rx.cond(row.href != "", go, rx.el.span(row.label, class_name="i3")))
        return rx.el.li(rx.cond(row.done, done, todo), class_name="row nstep")

    count = rx.el.span(Overview.done, " of ", Overview.steps.length(), class_name="xs i3 num")
    head = rx.el.div(rx.el.h2("Next steps", class_name="t0", id="o2"), count, class_name="row between")
    body = rx.el.div(head, rx.el.ul(rx.foreach(Overview.steps, step)), class_name="pad col g2")
    return rx.el.section(body, class_name="card", custom_attrs={"aria-labelledby": "o2"})


def _agents() -> rx.Component:
    def row(agent: Any) -> rx.Component:
        named = rx.el.span(
            rx.el.span(rx.el.span(agent.name, class_name="med trunc"), badge(agent.sku, tone="ol only-d"), class_name="row"),
            rx.el.span(agent.title, ", ", agent.run, " a run", class_name="xs i3 trunc"),
            class_name="col grow",
        )
        state = status(agent.status_words, agent.tone)
        return link(
            plate(agent.emblem, "s"),
            named,
            state,
            rx.el.span(icon("cr"), class_name="i3"),
            href=routes.APP_AGENTS + "/" + agent.id,
            class_name="row lrow",
        )

    none = empty(
        "agents",
        "No agents yet",
        "Buy one, and it answers from your documents minutes later.",
        link_button("Browse agents", href=routes.MARKETPLACE, kind="o", size="s"),
    )
    listed = rx.cond(Overview.agents.length() > 0, rx.foreach(Overview.agents, row), rx.el.div(none, class_name="flat"))
    return card("Agents", listed, name="o3", aside=more_link("All agents", routes.APP_AGENTS))


def _runs() -> rx.Component:
    table = runs_table(Overview.runs, dense=False)
    listed = rx.cond(Overview.runs.length() > 0, table, no_runs())
    return card("Last runs", listed, name="o4", aside=more_link("All runs", routes.APP_RUNS))


PAGE = Page(routes.APP, "Overview", view, on_load=(Overview.load,))
