"""One agent: how a program calls it."""

from __future__ import annotations

import re

import reflex as rx

from cmp_web import routes
from cmp_web.components import examples
from cmp_web.components.base import code_block, leader, link, note, plain_link
from cmp_web.layouts import agent
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_widget import Site
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    body = rx.el.div(rx.el.div(_limits(), *_examples(), class_name="col g8"), _beside(), class_name="kg")
    closed = note("This plan has no API. The Pro plan has; chat and the widget work as they are.", tone="wa", sign="lock")
    return agent.shell("api", rx.el.div(rx.cond(Agent.row.rest, body, closed), class_name="page"))


def _string(*parts: str | rx.Var[str]) -> rx.Component:
    return rx.el.span(*parts, class_name="s")


def _limits() -> rx.Component:
    return rx.el.p(
        "Send the same ",
        rx.el.code("Idempotency-Key"),
        " again after a lost connection and you get the same run, charged once. ",
        rx.el.code("max_credits"),
        " caps what a run may cost.",
        class_name="i2 measure",
    )


def _examples() -> tuple[rx.Component, ...]:
    body = ('\'{"instance_id": "', Agent.row.id, '",\n       "input": {"query": "What are your opening hours?"}')
    head = (
        "curl ",
        Site.url,
        "/v1/runs \\\n  -H ",
        _string('"Authorization: Bearer $CMP_KEY"'),
        " \\\n  -H ",
        _string('"Content-Type: application/json"'),
    )
    plain = code_block(
        "curl",
        *head,
        " \\\n  -H ",
        _string('"Idempotency-Key: question-1"'),
        " \\\n  -d ",
        _string(*body, ',\n       "max_credits": "2"}\''),
    )
    stream = code_block("curl, streaming", *head, " \\\n  -N -d ", _string(*body, ',\n       "stream": true}\''))
    shown = (("Ask", plain), ("Stream the answer", stream), ("OpenAI clients", _openai()), ("MCP", _mcp()))
    return tuple(rx.el.section(rx.el.h2(title, class_name="t0"), code, class_name="col g3") for title, code in shown)


def _openai() -> rx.Component:
    """The example of the developers' page, with what is the reader's."""
    return code_block("Python", *_filled(examples.OPENAI))


def _mcp() -> rx.Component:
    words = "For assistants that take MCP servers over HTTP. Every agent of this workspace whose plan has MCP is a tool."
    shown = rx.el.div(rx.el.p(words, class_name="i2 measure"), code_block("mcp.json", *_filled(examples.MCP)), class_name="col g3")
    closed = rx.el.p("This plan has no MCP. The Pro plan has.", class_name="i2")
    return rx.cond(Agent.row.mcp, shown, closed)


def _filled(example: str) -> list[str | rx.Var[str]]:
    """With this market's address and this agent. The key was shown once and is nobody's to show again."""
    own: dict[str, str | rx.Var[str]] = {examples.URL: Site.url, examples.AGENT: Agent.row.id}
    places = re.split("|".join(f"({re.escape(place)})" for place in own), example)
    return [own.get(piece, piece) for piece in places if piece]


def _beside() -> rx.Component:
    facts = rx.el.dl(
        leader("A run", Agent.row.run),
        rx.cond(Agent.row.tokens != "", leader("Its price", Agent.row.tokens), rx.fragment()),
        rx.foreach(Agent.usual, lambda row: leader(row.name, row.value)),
        leader("Requests a minute", Agent.row.rpm),
        leader("Longest run", Agent.row.longest),
        leader("OpenAI clients", "yes"),
        leader("MCP", rx.cond(Agent.row.mcp, "yes", "with Pro")),
        class_name="lead-l",
    )
    return rx.el.aside(
        rx.el.section(rx.el.h2("This plan", class_name="t0"), rx.el.div(facts, class_name="sm"), class_name="col g3"),
        rx.el.hr(class_name="hr"),
        rx.el.section(
            rx.el.h2("You need a key", class_name="t0"),
            rx.el.p("It is shown once. Keep it on a server, never in a page.", class_name="i2"),
            rx.el.ul(
                rx.el.li(link("Make a key", href=routes.APP_KEYS, class_name="link")),
                rx.el.li(plain_link("API reference", href=routes.API_REFERENCE, class_name="link")),
                rx.el.li(link("Guide for developers", href=routes.DEVELOPERS, class_name="link")),
                class_name="col g2",
            ),
            class_name="col g2",
        ),
        class_name="col g6",
        aria_label="Plan and keys",
    )


PAGE = Page(f"{routes.APP_AGENT}/api", "API", view, on_load=(Workspace.load, Agent.load, Site.load))
