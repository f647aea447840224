"""What stands above every page of one agent: who it is, how it stands, its tabs."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import copy_button, fault_note
from cmp_web.components.base import badge, button, empty, failure, link, link_button, skeleton_rows
from cmp_web.components.emblems import plate
from cmp_web.layouts import workspace
from cmp_web.state.app_agents import Agent

TABS = (
    ("chat", "Chat", ""),
    ("knowledge", "Knowledge", "/knowledge"),
    ("widget", "Widget", "/widget"),
    ("api", "API", "/api"),
    ("runs", "Runs", "/runs"),
    ("settings", "Settings", "/settings"),
)


def shell(tab: str, body: rx.Component) -> rx.Component:
    """tab: the key of the page in TABS. `body` is drawn once the agent is known."""
    missing = empty(
        "search", "No such agent", "It is not in this workspace.", link_button("All agents", href=routes.APP_AGENTS, kind="o", size="s")
    )
    retry = button("Try now", kind="o", size="s", on_click=Agent.load)
    wrong = failure("The agent could not be loaded", Agent.fault, retry, code=Agent.fault_code)
    page = rx.match(
        Agent.phase,
        ("ready", rx.fragment(_head(tab), body)),
        ("missing", rx.el.div(missing, class_name="page")),
        ("failed", rx.el.div(wrong, class_name="page")),
        ("refused", rx.el.div(empty("lock", "Not for your role", Agent.fault), class_name="page")),
        rx.el.div(skeleton_rows("Loading the agent"), class_name="page"),
    )
    return workspace.shell("agents", page, bare=True)


def _head(tab: str) -> rx.Component:
    crumbs = rx.el.nav(
        rx.el.ol(
            rx.el.li(link("Agents", href=routes.APP_AGENTS)), rx.el.li(rx.el.span(Agent.row.name, custom_attrs={"aria-current": "page"}))
        ),
        class_name="crumbs only-d",
        aria_label="Breadcrumb",
    )
    mark = badge(rx.el.i(class_name="dot " + Agent.row.tone), Agent.row.status_words, tone="go")
    calm = badge(rx.el.i(class_name="dot " + Agent.row.tone), Agent.row.status_words, tone="wa")
    title = rx.el.h1(Agent.row.name, " ", rx.cond(Agent.row.status == "live", mark, calm), class_name="t2 row wrapx ahn")
    identity = rx.el.p(
        rx.el.span(Agent.row.title),
        rx.el.span("·", class_name="only-d"),
        rx.el.span(Agent.row.id, class_name="mono only-d"),
        rx.el.span(copy_button("", Agent.row.id, kind="q", size="i s tiny"), class_name="only-d"),
        class_name="xs i3 row wrapx ahi",
    )
    row = rx.el.div(plate(Agent.row.emblem), rx.el.div(title, identity, class_name="col grow"), _switch(), class_name="row g4")
    return rx.el.div(crumbs, row, fault_note(Agent.problem), _suspended(), _tabs(tab), class_name="ahd")


def _switch() -> rx.Component:
    pause = button("Pause", kind="o", on_click=Agent.pause)
    resume = button("Resume", kind="o", on_click=Agent.resume)
    return rx.el.span(rx.match(Agent.row.status, ("live", pause), ("paused", resume), rx.fragment()), class_name="only-d")


def _suspended() -> rx.Component:
    return rx.cond(
        Agent.row.status == "suspended", fault_note("This agent is suspended and answers nobody. " + Agent.row.suspended_for), rx.fragment()
    )


def _tabs(tab: str) -> rx.Component:
    def entry(key: str, words: str, path: str) -> rx.Component:
        count = rx.cond(Agent.documents > 0, rx.el.span(Agent.documents, class_name="c"), rx.fragment())
        here = {"aria-current": "page"} if key == tab else {}
        extra = count if key == "knowledge" else rx.fragment()
        return link(words, extra, href=routes.APP_AGENTS + "/" + Agent.row.id + path, custom_attrs=here)

    return rx.el.nav(*[entry(*row) for row in TABS], class_name="tabs", aria_label="Pages of this agent")
