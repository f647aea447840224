"""The agents of the workspace."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import page_head, phased
from cmp_web.components.base import empty, leader, link, link_button, status
from cmp_web.components.emblems import plate
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agents
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Agents", "What this workspace has bought. Each answers in chat, on your site and through the API.", _buy())
    none = empty(
        "agents",
        "No agents yet",
        "Buy one, and it answers from your documents minutes later.",
        link_button("Browse agents", href=routes.MARKETPLACE, size="s"),
    )
    cards = rx.el.ul(rx.foreach(Agents.rows, _card), class_name="cols3")
    ready = rx.cond(Agents.rows.length() > 0, cards, none)
    shown = phased(Agents, ready, loading="Loading the agents", retry=Agents.load, failed="The agents could not be loaded")
    return workspace.shell("agents", head, shown)


def _buy() -> rx.Component:
    return link_button("Browse agents", href=routes.MARKETPLACE, kind="o")


def _card(agent: Any) -> rx.Component:
    top = rx.el.div(plate(agent.emblem, "s"), status(agent.status_words, agent.tone), class_name="row between")
    name = rx.el.h2(link(agent.name, href=routes.APP_AGENTS + "/" + agent.id), class_name="t0 trunc")
    facts = rx.el.dl(leader("A run", agent.run), leader("Knowledge", agent.knowledge_words), leader("SKU", agent.sku), class_name="lead-l")
    said = rx.el.div(name, rx.el.p(agent.title, class_name="xs i3"), class_name="col")
    return rx.el.li(rx.el.div(top, said, rx.el.div(facts, class_name="xs"), class_name="pad col g4"), class_name="card acard")


PAGE = Page(routes.APP_AGENTS, "Agents", view, on_load=(Workspace.load, Agents.load))
