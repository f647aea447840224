"""One agent: chat."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_chat import turn
from cmp_web.components.app_parts import when
from cmp_web.components.app_runs import quoted
from cmp_web.components.base import button, leader, link, link_button, note
from cmp_web.components.chat import writing
from cmp_web.components.emblems import emblem
from cmp_web.components.icons import icon
from cmp_web.layouts import agent
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_chat import Chat
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    return agent.shell("chat", rx.el.div(_conversation(), _beside(), class_name="talk"))


def _conversation() -> rx.Component:
    coming = rx.el.div(
        writing(Chat.partial),
        rx.el.div(rx.el.span("Quoted ", Agent.row.most), rx.el.span(_progress()), class_name="rline num"),
        class_name="col g2",
    )
    log = rx.auto_scroll(
        rx.cond((Chat.turns.length() == 0) & ~Chat.busy, _idle(), rx.fragment()),
        rx.foreach(Chat.turns, lambda said: turn(said, routes.APP_RUNS)),
        rx.cond(Chat.busy, coming, rx.fragment()),
        id="log",
        class_name="log",
        custom_attrs={"role": "log", "aria-live": "polite", "aria-busy": Chat.busy},
        tab_index=0,
    )
    return rx.el.section(log, rx.el.div(_poor(), _composer(), class_name="cmpw"), class_name="chat", aria_label="Conversation")


def _progress() -> rx.Component:
    return rx.match(True, (Chat.stopping, "stopping"), (Chat.partial != "", "answering"), "looking in the documents")


def _idle() -> rx.Component:
    words = rx.cond(
        Agent.documents > 0,
        "It answers from its documents and says which page. "
        + rx.cond(Agent.row.empty_free, "An answer that is not in them costs nothing.", ""),
        "It has no documents yet, so it can only say that it does not know. " + rx.cond(Agent.row.empty_free, "That costs nothing.", ""),
    )
    add = link_button("Add documents", href=routes.APP_AGENTS + "/" + Agent.row.id + "/knowledge", kind="o", size="s")
    return rx.el.div(
        rx.el.span(emblem(Agent.row.emblem, 30), class_name="plate m"),
        rx.el.h2("Ask ", Agent.row.name, class_name="t0"),
        rx.el.p(words, class_name="sm i2"),
        rx.cond(Agent.documents > 0, rx.fragment(), add),
        class_name="idle",
    )


def _poor() -> rx.Component:
    said = note(
        "Nothing was charged. ", link("Add credits", href=routes.APP_CREDITS, class_name="link"), " and ask again.", tone="wa", sign="coin"
    )
    return rx.cond(Chat.poor, said, rx.fragment())


def _composer() -> rx.Component:
    send = rx.el.button(icon("send"), type="submit", class_name="btn p i s", aria_label="Send")
    halt = button(icon("stop"), "Stop", kind="o", size="s", on_click=Chat.stop)
    live = rx.el.form(
        rx.el.label("Message", html_for="text-field", class_name="vh"),
        rx.el.textarea(
            id="text-field",
            name="text",
            rows="2",
            placeholder="Ask " + Agent.row.name,
            custom_attrs={"data-enter": "", "autocomplete": "off"},
        ),
        rx.el.div(
            rx.el.span(Agent.row.run, " a message", class_name="xs i3 grow"), rx.cond(Chat.busy, halt, send), class_name="row composer-acts"
        ),
        class_name="composer",
        on_submit=Chat.send,
    )
    rests = note(
        "This agent is paused. ",
        rx.el.button("Resume it", type="button", class_name="rowb link", on_click=Agent.resume),
        " to chat.",
        tone="wa",
    )
    ended = note("This agent is suspended and answers nobody.", tone="ba", sign="alert")
    return rx.match(Agent.row.status, ("paused", rests), ("suspended", ended), live)


def _beside() -> rx.Component:
    head = rx.el.div(
        rx.el.h2("This conversation", class_name="t0"),
        button(icon("plus"), "New", kind="o", size="s", on_click=Chat.fresh),
        class_name="row between",
    )
    sums = rx.el.dl(
        leader("Messages", Chat.turns.length()),
        leader("Charged", Chat.charged),
        leader("Cap for a message", Agent.row.most),
        rx.foreach(Agent.usual, lambda row: leader(row.name, row.value)),
        class_name="lead-l",
    )
    cited = rx.el.section(rx.el.h3("Cited pages", class_name="xs med"), rx.foreach(Chat.cited, quoted), class_name="col g3")
    earlier = rx.el.section(
        rx.el.h3("Earlier", class_name="xs med"), rx.el.ul(rx.foreach(Chat.earlier, _talk), class_name="col talks"), class_name="col g2"
    )
    return rx.el.aside(
        head,
        rx.el.div(sums, class_name="sm"),
        rx.cond(Chat.cited.length() > 0, rx.fragment(rx.el.hr(class_name="hr"), cited), rx.fragment()),
        rx.cond(Chat.earlier.length() > 0, rx.fragment(rx.el.hr(class_name="hr"), earlier), rx.fragment()),
        class_name="wside col g6",
        aria_label="About this conversation",
    )


def _talk(talk: Any) -> rx.Component:
    act = rx.el.button(
        rx.el.span(talk.title, class_name="trunc"),
        when(talk.at, class_name="xs i3 nowrap"),
        type="button",
        class_name="row between hv",
        on_click=Chat.recall(talk.id),
    )
    return rx.el.li(act)


PAGE = Page(routes.APP_AGENT, "Agent", view, on_load=(Workspace.load, Agent.load, Chat.load))
