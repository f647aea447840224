"""Pages of words: a title, sections, paragraphs."""

from __future__ import annotations

import reflex as rx

from cmp_web.components.base import Text


def article(title: str, lead: Text, *sections: rx.Component) -> rx.Component:
    head = rx.el.div(rx.el.h1(title, class_name="t3"), rx.el.p(lead, class_name="lead"), class_name="col g3")
    return rx.el.div(rx.el.div(head, *sections, class_name="prose"), class_name="wrap opening")


def section(name: str, title: str, *paragraphs: Text | rx.Component) -> rx.Component:
    """`name` is its address on the page."""
    body = [words if isinstance(words, rx.Component) else rx.el.p(words, class_name="i2") for words in paragraphs]
    return rx.el.section(rx.el.h2(title, class_name="t1"), *body, class_name="prose", id=name)


def points(*items: Text | rx.Component) -> rx.Component:
    return rx.el.ul(*[rx.el.li(item) for item in items], class_name="i2")
