"""Chat, wherever it is: questions, answers with their sources, the line of the receipt, the place to write."""

from __future__ import annotations

import reflex as rx

from cmp_web.components.base import Text
from cmp_web.components.icons import icon


def question(text: Text) -> rx.Component:
    return rx.el.div(text, class_name="me")


def answer(text: Text, *below: rx.Component) -> rx.Component:
    """An answer in full; `below` holds its sources and its receipt line. Line breaks of `text` are kept."""
    return rx.el.div(rx.el.div(rx.el.p(text, class_name="pre"), class_name="txt"), *below, class_name="ans")


def writing(text: Text) -> rx.Component:
    """An answer that is still coming, with a caret at its end."""
    return rx.el.div(rx.el.div(rx.el.p(text, rx.el.span(class_name="caret"), class_name="pre"), class_name="txt"), class_name="ans")


def source(n: Text, name: Text, place: Text, **props: object) -> rx.Component:
    """One source under an answer: its number, document and place."""
    return rx.el.span(rx.el.span(n, class_name="cite"), rx.el.span(name), rx.el.span(place, class_name="i3"), class_name="src", **props)


def receipt_line(*parts: Text) -> rx.Component:
    """ "Quoted 1 credit · charged 1": what the answer cost, under the answer."""
    return rx.el.div(*[rx.el.span(part) for part in parts], class_name="rline num")


def composer(
    label: str, *, name: str = "text", placeholder: str = "", hint: Text = "", send: rx.Component | None = None, **form: object
) -> rx.Component:
    """A form with one growing field. Enter sends (assets/site.js); `hint` stands beside the button, such as the price of a run."""
    attrs = {"data-enter": "", "autocomplete": "off"}
    return rx.el.form(
        rx.el.label(label, html_for=f"{name}-field", class_name="vh"),
        rx.el.textarea(id=f"{name}-field", name=name, rows=1, placeholder=placeholder, custom_attrs=attrs),
        rx.el.div(
            rx.el.span(hint, class_name="xs i3"),
            send or rx.el.button(icon("send"), type="submit", class_name="btn p i s", aria_label="Send"),
            class_name="row between composer-acts",
        ),
        class_name="composer",
        **form,
    )
