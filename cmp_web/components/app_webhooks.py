"""A webhook's form, and what was sent to it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.app_parts import FULL, head_row, when
from cmp_web.components.base import button, checkbox, code_block, empty, field, status, text_input
from cmp_web.components.icons import icon


def hook_form(state: Any, events: dict[str, str], act: Any, words: str, *, of: Any = None) -> rx.Component:
    """events: what can be chosen, with words. of: the endpoint whose values it begins with, None for a new one."""
    begins = {} if of is None else {"default_value": of.url, "key": of.id + of.url}
    url = text_input("url", error=state.url_fault, type="url", placeholder="https://example.com/hooks", max_length=500, **begins)
    named = {} if of is None else {"default_value": of.description, "key": of.id + of.description}
    about = text_input("description", error=state.description_fault, max_length=80, **named)
    fault = rx.el.p(icon("alert"), rx.el.span(state.events_fault), class_name="err", id="events-error", role="alert")
    chosen = rx.el.fieldset(
        rx.el.legend("Events", class_name="sm med"),
        rx.el.div(*[_event(name, said, of) for name, said in events.items()], class_name="evg"),
        rx.cond(state.events_fault != "", fault, rx.fragment()),
        class_name="col g2 evs",
    )
    with_words = {} if of is None else {"default_checked": of.content, "key": of.id + of.content.to_string()}
    content = checkbox(
        "Send questions and answers too",
        name="content",
        custom_attrs={"aria-describedby": "content-hint"},
        **with_words,
    )
    hint = rx.el.p(
        "Without it an event of a run holds its id, its cost and how it went, and no word of the conversation.",
        class_name="hint",
        id="content-hint",
    )
    return rx.el.form(
        field("Address", url, name="url", hint="https, reachable from the internet. Redirects are not followed.", error=state.url_fault),
        field("Description", about, name="description", error=state.description_fault, optional=True),
        chosen,
        rx.el.div(content, hint, class_name="col g1"),
        rx.el.div(button(words, type="submit"), class_name="row"),
        on_submit=act,
        class_name="col g5 whf",
    )


def _event(name: str, said: str, of: Any) -> rx.Component:
    begins = {"default_checked": name == "run.completed"} if of is None else _kept(name, of)
    label = rx.el.span(rx.el.code(name), rx.el.span(said, class_name="xs i3 blk"))
    box = "on-" + name.replace(".", "-")
    return checkbox(label, id=box, name=box, **begins)


def _kept(name: str, of: Any) -> dict[str, Any]:
    here = of.chosen.contains(name)
    return {"default_checked": here, "key": of.id + name + here.to_string()}


def fresh_secret(secret: Any, of: Any, copy: rx.Component, kept: Any) -> rx.Component:
    acts = rx.el.div(
        rx.el.code(secret, class_name="kbox grow", id="secret", tab_index=-1),
        copy,
        button("I have kept it", kind="q", on_click=kept),
        class_name="row wrapx",
    )
    words = rx.el.div(
        rx.el.h2("Copy the signing secret now", class_name="t0"),
        rx.el.p(
            "For ",
            rx.el.span(of, class_name="med anyw"),
            ". This is the only time it is shown. Your server checks with it that a message is ours.",
            class_name="i2",
        ),
    )
    return rx.el.section(words, acts, class_name="card newk col g3", role="status")


def deliveries(state: Any, acts: rx.Component) -> rx.Component:
    head = rx.el.div(rx.el.h2("Deliveries", id="dl", class_name="grow"), acts, class_name="hd")
    body = rx.el.tbody(rx.foreach(state.sent, lambda one: _row(state, one)))
    table = rx.el.table(head_row("Status", "Event", "Last answer", ("When", "n"), ("Actions", "vh")), body, class_name="tbl hov stack dls")
    none = empty("send", "Nothing sent yet", "Send a test, or wait for something to happen. Deliveries are kept for 30 days.")
    more = rx.cond(
        state.cursor != "",
        rx.el.div(button("Show older deliveries", kind="o", size="s", on_click=state.more), class_name="pad4"),
        rx.fragment(),
    )
    listed = rx.cond(state.sent.length() > 0, rx.fragment(table, more), rx.el.div(none, class_name="flat"))
    return rx.el.section(head, listed, class_name="card clip", custom_attrs={"aria-labelledby": "dl"})


def _row(state: Any, one: Any) -> rx.Component:
    here = state.shown == one.id
    name = rx.el.button(
        one.type,
        type="button",
        class_name="rowb",
        on_click=state.unfold(one.id),
        aria_expanded=rx.cond(here, "true", "false"),
        aria_label="Details of " + one.type + ", " + one.webhook_id,
    )
    again = button(icon("refresh"), "Replay", kind="q", size="s", on_click=state.replay(one.id), aria_label="Replay " + one.type)
    row = rx.el.tr(
        rx.el.td(status(one.status_words, one.tone)),
        rx.el.td(name, class_name="full mono"),
        rx.el.td(one.said, class_name="i2 full"),
        rx.el.td(when(one.at), class_name="n i2 nowrap"),
        rx.el.td(again, class_name="n nowrap rp"),
        class_name=rx.cond(here, "on", ""),
    )
    return rx.fragment(
        row, rx.cond(here, rx.el.tr(rx.el.td(_details(one), col_span=5, class_name="full"), class_name="unf"), rx.fragment())
    )


def _details(one: Any) -> rx.Component:
    def attempt(made: Any) -> rx.Component:
        return rx.el.li(
            when(made.at, FULL, class_name="num"),
            rx.el.span(made.said, class_name="grow"),
            rx.el.span(made.took, class_name="num i3"),
            class_name="row wrapx g3",
        )

    next_ = rx.cond(one.next != "", rx.el.span(", next one ", when(one.next, FULL, class_name="num")), rx.fragment())
    tried = rx.el.div(
        rx.el.h3(one.attempts, next_, class_name="xs med"),
        rx.el.ul(rx.foreach(one.log, attempt), class_name="col g1 xs i2"),
        class_name="col g2",
    )
    said = rx.cond(
        one.snippet != "",
        rx.el.div(
            rx.el.h3("The answer began with", class_name="xs med"), rx.el.pre(one.snippet, class_name="xs i2 snip"), class_name="col g2"
        ),
        rx.fragment(),
    )
    return rx.el.div(tried, said, code_block(one.webhook_id, one.payload), class_name="col g4 dld")
