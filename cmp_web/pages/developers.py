"""Docs for developers: the shortest true way to a first answer through each door."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components import examples
from cmp_web.components.base import Text, code_block, link, note, plain_link
from cmp_web.components.doors import ANSWER, REST, WIDGET, coloured, k, s
from cmp_web.components.prose import points, section
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page

PLACES = (
    ("key", "Get a key"),
    ("run", "Run an agent"),
    ("stream", "Stream"),
    ("errors", "Errors"),
    ("openai", "OpenAI clients"),
    ("mcp", "MCP"),
    ("widget", "Chat widget"),
    ("more", "Everything else"),
)
STREAM: tuple[Text, ...] = (
    k("event:"),
    " run.started\n",
    k("data:"),
    ' {"id": ',
    s('"run_01KANC7M0R…"'),
    ', "quoted": ',
    s('"1"'),
    "}\n\n",
    k("event:"),
    " token\n",
    k("data:"),
    ' {"text": ',
    s('"Yes, within 30 days"'),
    "}\n\n",
    k("event:"),
    " source\n",
    k("data:"),
    ' {"n": 1, "document_name": ',
    s('"Handbook.pdf"'),
    ', "place": ',
    s('"p. 12"'),
    "}\n\n",
    k("event:"),
    " run.completed\n",
    k("data:"),
    ' {"id": ',
    s('"run_01KANC7M0R…"'),
    ', "receipt": {"charged": ',
    s('"1"'),
    "}}",
)
PROBLEM: tuple[Text, ...] = (
    "{\n  ",
    k('"type"'),
    ": ",
    s('"about:blank"'),
    ",\n  ",
    k('"title"'),
    ": ",
    s('"Not enough credits"'),
    ",\n  ",
    k('"status"'),
    ": 402,\n  ",
    k('"code"'),
    ": ",
    s('"insufficient_credits"'),
    ",\n  ",
    k('"detail"'),
    ": ",
    s('"…"'),
    "\n}",
)


def developers() -> rx.Component:
    index = rx.el.nav(*[plain_link(words, href=f"#{name}") for name, words in PLACES], aria_label="On this page")
    lead = "One agent, one balance. Replace cmp.example by the address of this site."
    head = rx.el.div(rx.el.h1("Docs", class_name="t3"), rx.el.p(lead, class_name="lead"), class_name="col g3")
    body = rx.el.div(head, *first(), *programs(), *later(), class_name="col g8 measure")
    return shell(rx.el.div(rx.el.div(index, body, class_name="docs"), class_name="wrap opening"), here=routes.DEVELOPERS)


def first() -> list[rx.Component]:
    return [
        section(
            "key",
            "Get a key",
            rx.el.p(
                "Buy an agent, open ",
                link("Keys", href=routes.APP_KEYS, class_name="link"),
                " in your workspace, and create one. It is shown once. It may use every agent of the workspace "
                "unless you name some, so it belongs on a server, never in a page.",
                class_name="i2",
            ),
        ),
        section(
            "run",
            "Run an agent",
            "The agent’s id stands on its page in the workspace.",
            code_block("Terminal", *REST),
            code_block("Answer", *ANSWER, copy=False),
            points(
                "Credits are decimal strings: quoted and held before the run, charged after it, never more than the quote.",
                rx.fragment("Send a header ", rx.el.code("Idempotency-Key"), ", and a repeat gives the same answer at no cost."),
                rx.fragment("Send ", rx.el.code("max_credits"), " to refuse a run that is quoted higher."),
            ),
        ),
        section(
            "stream",
            "Stream",
            rx.el.p("Add ", rx.el.code('"stream": true'), " and read server-sent events as they come.", class_name="i2"),
            code_block("text/event-stream", *STREAM, copy=False),
            rx.el.p(
                "If the connection breaks, the run goes on and settles. Read it at ",
                rx.el.code("/v1/runs/{id}"),
                ".",
                class_name="i2",
            ),
        ),
        section(
            "errors",
            "Errors",
            rx.el.p(
                "Errors are RFC 9457 problem documents with a stable ",
                rx.el.code("code"),
                ". Fields that are wrong are named in ",
                rx.el.code("errors"),
                ".",
                class_name="i2",
            ),
            code_block("application/problem+json", *PROBLEM, copy=False),
        ),
    ]


def programs() -> list[rx.Component]:
    return [
        section(
            "openai",
            "OpenAI clients",
            "OpenAI’s own clients, and programs made with them, work with another address and another key. The model is an agent’s id.",
            code_block("Python", *coloured(examples.OPENAI)),
            points(
                rx.fragment(
                    "Also ", rx.el.code("responses.create"), ", streams, and ", rx.el.code("models.list"), " for the agents you may ask."
                ),
                rx.fragment(
                    "An agent has instructions and settings of its own. System messages, ",
                    rx.el.code("temperature"),
                    " and the like are taken and not used; ",
                    rx.el.code("cmp.ignored"),
                    " names them. Tools, pictures and other forms of answer are refused.",
                ),
                rx.fragment("Without credits the error is ", rx.el.code("insufficient_quota"), ", as OpenAI’s own is."),
            ),
        ),
        section(
            "mcp",
            "MCP",
            "Assistants that take MCP servers over HTTP get a tool for each agent whose plan has MCP. Most of them read a file like this:",
            code_block("mcp.json", *coloured(examples.MCP)),
            points(
                rx.fragment(
                    "A tool takes a ",
                    rx.el.code("query"),
                    ", a ",
                    rx.el.code("session_id"),
                    " to go on with, and ",
                    rx.el.code("max_credits"),
                    ".",
                ),
                "It answers with the text, its sources and what it cost. Assistants that ask for progress see the answer being written.",
            ),
        ),
    ]


def later() -> list[rx.Component]:
    return [
        section(
            "widget",
            "Chat widget",
            "List your site’s address on the agent’s Widget tab, then paste its line before the end of the body.",
            code_block("index.html", *WIDGET),
            note(
                "The id in this line is public and no secret. The widget gets a token of its own, good for one "
                "conversation on the addresses you listed."
            ),
        ),
        section(
            "more",
            "Everything else",
            rx.el.p(
                "Documents, instances, receipts and orders are in the ",
                plain_link("API reference", href=routes.API_REFERENCE, class_name="link"),
                ", which is made from the code that answers. Whether every part is up is at ",
                plain_link("/ready", href=routes.READY, class_name="link"),
                ".",
                class_name="i2",
            ),
        ),
    ]


PAGE = Page(
    routes.DEVELOPERS,
    "Docs · CMP",
    developers,
    description="Run an agent by REST, with OpenAI’s clients, by MCP or by a chat widget: the shortest way to a first answer.",
    on_load=ON_LOAD,
    indexed=True,
)
