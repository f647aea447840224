"""One agent: its name, and whether it answers."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import DAY, saved_note, when
from cmp_web.components.base import button, field, leader, link_button, text_input
from cmp_web.layouts import agent
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    rows = rx.el.div(_name(), rx.el.hr(class_name="hr"), _rest(), rx.el.hr(class_name="hr"), _facts(), class_name="col g8 narrow")
    return agent.shell("settings", rx.el.div(rows, class_name="page"))


def _name() -> rx.Component:
    box = text_input("name", error=Agent.name_fault, default_value=Agent.row.name, key=Agent.row.name, max_length=120)
    return rx.el.form(
        rx.el.h2("Name", class_name="t0"),
        field(
            "Name of the agent", box, name="name", hint="For you and your team. Visitors see the widget's title.", error=Agent.name_fault
        ),
        rx.el.div(button("Save name", type="submit"), saved_note(Agent.saved), class_name="row g4"),
        on_submit=Agent.rename,
        class_name="col g4",
    )


def _rest() -> rx.Component:
    pause = rx.el.div(
        rx.el.p(
            "Paused, it answers nobody: chat, widget and API all rest. Documents and credits stay. Resume at any time.", class_name="i2"
        ),
        button("Pause agent", kind="o", on_click=Agent.pause),
        class_name="col g3 startx",
    )
    resume = rx.el.div(
        rx.el.p("It is paused and answers nobody.", class_name="i2"),
        button("Resume agent", on_click=Agent.resume),
        class_name="col g3 startx",
    )
    ended = rx.el.p("It is suspended. ", Agent.row.suspended_for, class_name="i2")
    return rx.el.section(
        rx.el.h2("Rest", class_name="t0"), rx.match(Agent.row.status, ("live", pause), ("paused", resume), ended), class_name="col g3"
    )


def _facts() -> rx.Component:
    facts = rx.el.dl(
        leader("Product", Agent.row.title),
        leader("SKU", Agent.row.sku),
        leader("Instance", rx.el.span(Agent.row.id, class_name="mono")),
        leader("Bought", when(Agent.row.created, DAY)),
        class_name="lead-l",
    )
    plans = link_button("See plans", href=routes.MARKETPLACE + "/" + Agent.row.slug, kind="o", size="s")
    return rx.el.section(rx.el.h2("What it is", class_name="t0"), rx.el.div(facts, class_name="sm"), rx.el.div(plans), class_name="col g4")


PAGE = Page(f"{routes.APP_AGENT}/settings", "Agent settings", view, on_load=(Workspace.load, Agent.load))
