"""The ways into an agent, each with the line that opens it."""

from __future__ import annotations

import re

import reflex as rx

from cmp_web.components import examples
from cmp_web.components.base import Text, code_block
from cmp_web.components.icons import icon

DOORS = (
    ("widget", "Widget", "One line on your site. Only your addresses may load it."),
    ("chat", "Workspace chat", "Ask it yourself, with sources beside the answer."),
    ("code", "REST", "One call to run, with streaming and idempotency."),
    ("refresh", "OpenAI clients", "Change the address and the key; your agent is the model they name."),
    ("plug", "MCP", "Each agent of a Pro plan is a tool for assistants."),
)
"""Icon, name and words."""
_STRING = re.compile(r'("[^"\n]*")')


def s(words: str) -> rx.Component:
    return rx.el.span(words, class_name="s")


def k(words: str) -> rx.Component:
    return rx.el.span(words, class_name="k")


def coloured(code: str) -> tuple[Text, ...]:
    """An example with its texts marked."""
    return tuple(s(piece) if piece.startswith('"') else piece for piece in _STRING.split(code) if piece)


WIDGET: tuple[Text, ...] = (
    "<script src=",
    s('"https://cmp.example/widget.js"'),
    "\n        data-widget=",
    s('"wid_01KAN4T8…"'),
    " async></script>",
)
REST: tuple[Text, ...] = (
    "curl https://cmp.example/v1/runs \\\n  -H ",
    s('"Authorization: Bearer $CMP_KEY"'),
    " \\\n  -H ",
    s('"Content-Type: application/json"'),
    " \\\n  -d ",
    s('\'{"instance_id": "inst_01KAN4S2…",\n       "input": {"query": "Can I return an opened item?"}}\''),
)
ANSWER: tuple[Text, ...] = (
    "{\n  ",
    k('"id"'),
    ": ",
    s('"run_01KANC7M0R…"'),
    ",\n  ",
    k('"status"'),
    ": ",
    s('"succeeded"'),
    ",\n  ",
    k('"output"'),
    ": { ",
    k('"text"'),
    ": ",
    s('"Yes, within 30 days…"'),
    ", ",
    k('"sources"'),
    ": […] },\n  ",
    k('"receipt"'),
    ": { ",
    k('"held"'),
    ": ",
    s('"1"'),
    ", ",
    k('"charged"'),
    ": ",
    s('"1"'),
    ", ",
    k('"available"'),
    ": ",
    s('"199"'),
    " }\n}",
)
WAYS = (
    (
        "Widget",
        "index.html",
        WIDGET,
        "The id in this line is public. Your keys stay on the server; the widget works only on the addresses you list.",
    ),
    (
        "REST",
        "Terminal",
        REST,
        "A key belongs to a workspace and stays on your server. Send an Idempotency-Key, and a repeat costs nothing more.",
    ),
    (
        "OpenAI",
        "ask.py",
        coloured(examples.OPENAI),
        "OpenAI’s own clients work unchanged: chat completions and responses, whole or streamed.",
    ),
    (
        "MCP",
        "mcp.json",
        coloured(examples.MCP),
        "For assistants that take MCP servers over HTTP. The tools are the agents that the key may ask and whose plan has MCP.",
    ),
)


def doors() -> rx.Component:
    listed = [
        rx.el.li(
            rx.el.span(icon(sign), class_name="go"),
            rx.el.div(rx.el.h3(name, class_name="t0"), rx.el.p(words, class_name="sm i2"), class_name="grow"),
        )
        for sign, name, words in DOORS
    ]
    said = rx.el.div(
        rx.el.h2("One purchase opens every door", class_name="t3"),
        rx.el.p(
            "Widget, chat, API, OpenAI clients and MCP run on the same agent, the same credits and the same receipts.",
            class_name="i2",
        ),
        rx.el.ul(*listed, class_name="doors"),
        class_name="sp5 col g6",
    )
    shown = rx.el.div(ways(), code_block("Response of POST /v1/runs", *ANSWER, copy=False), class_name="sp6 col g4")
    return rx.el.section(rx.el.div(said, shown, class_name="wrap g12 rows48"), class_name="sec")


def ways() -> rx.Component:
    """Tabs made of radio buttons: they work before, and without, any script."""
    choices = [
        rx.el.input(type="radio", name="door", id=f"door-{i}", default_checked=i == 0, aria_label=way[0]) for i, way in enumerate(WAYS)
    ]
    labels = [rx.el.label(way[0], html_for=f"door-{i}", aria_hidden="true") for i, way in enumerate(WAYS)]
    panes = [
        rx.el.div(code_block(file, *code), rx.el.p(words, class_name="sm i2"), class_name=f"doorpane p{i} col g4")
        for i, (_, file, code, words) in enumerate(WAYS)
    ]
    return rx.el.div(
        *choices, rx.el.div(*labels, class_name="tabs"), *panes, class_name="doortabs", role="group", aria_label="How to connect"
    )
