"""Try it here: a chat with the agent on its own page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.app_chat import cited_text
from cmp_web.components.base import badge
from cmp_web.components.chat import answer, composer, question, receipt_line, source, writing
from cmp_web.components.either import each, text, when
from cmp_web.components.icons import icon


def trial(product: Any, run: Any, talk: Any, ask: Any, submit: Any) -> rx.Component:
    """talk: turns, asking, partial, busy and form, as Vars. ask(slug, text) and submit(slug, form) are the handlers."""
    knows = when(
        product.sample != "",
        rx.el.span(icon("file"), rx.el.span("Knows the sample ", class_name="only-d"), product.sample, class_name="xs i3 row nowrap"),
    )
    head = rx.el.div(
        rx.el.h2("Try it here", class_name="t0 nowrap", id="try-h"),
        badge("Free"),
        rx.el.span(class_name="grow"),
        knows,
        class_name="row hd2",
    )
    log = rx.el.div(
        rx.cond(talk.turns.length() + talk.asking.length() == 0, _idle(), rx.fragment()),
        rx.foreach(talk.turns, lambda turn: _turn(turn, run)),
        rx.cond(talk.asking != "", rx.fragment(question(talk.asking), writing(talk.partial)), rx.fragment()),
        class_name="log sm grow",
        role="log",
        aria_live="polite",
        aria_busy=talk.busy,
    )
    tries = each(
        product.tries,
        lambda words: rx.el.button(words, type="button", class_name="chip", on_click=ask(product.slug, words), disabled=talk.busy),
    )
    form = composer(
        "Your question",
        placeholder="Ask about the sample document",
        hint=text(run, " a run; a trial is free and not kept"),
        on_submit=lambda data: submit(product.slug, data),
        key=talk.form.to_string(),
    )
    foot = rx.el.div(rx.el.div(tries, class_name="srcs"), form, class_name="col g3 ft2")
    return rx.el.section(head, log, foot, id="try", class_name="card try chat", aria_labelledby="try-h")


def _idle() -> rx.Component:
    words = "Ask a question, or take one of those below. The answer comes from the sample document, and names its place in it."
    return rx.el.p(words, class_name="idle i3")


def _turn(turn: rx.Var, run: Any) -> rx.Component:
    sources = rx.el.div(rx.foreach(turn.sources, lambda s: source(s.n, s.name, s.place)), class_name="srcs")
    cost = rx.cond(turn.failed, receipt_line(turn.line), receipt_line(text("Quoted ", run), "charged 0, trial"))
    return rx.fragment(question(turn.question), answer(cited_text(turn.answer), sources, cost))
