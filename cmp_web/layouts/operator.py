"""The shell of the people who run the market: its own bar, so that nobody takes it for a customer's workspace."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes, theme
from cmp_web.components.base import empty, icon_button, link, link_button
from cmp_web.components.connection import offline
from cmp_web.components.emblems import brand, emblem
from cmp_web.components.icons import icon
from cmp_web.state.session import Operator

NAVIGATION = (("orders", "Orders", "receipt", routes.OPERATOR_ORDERS),)


def shell(current: str, *children: rx.Component) -> rx.Component:
    """current: the key of the page in NAVIGATION. The page brings its own margins; a member who is no operator is told so instead."""
    return rx.fragment(
        rx.el.link(rel="stylesheet", href=theme.APP_STYLES, custom_attrs={"precedence": "app"}),
        rx.el.link(rel="stylesheet", href=theme.OPERATOR_STYLES, custom_attrs={"precedence": "app"}),
        rx.el.script(src=theme.OPERATOR_SCRIPT, custom_attrs={"async": True}),
        rx.el.a("Skip to content", href="#main", class_name="skip"),
        rx.el.div(
            _side(current),
            _top(),
            rx.el.main(rx.cond(Operator.refused, _refused(), rx.fragment(*children)), id="main", class_name="main"),
            _bottom(current),
            offline(),
            class_name="app",
        ),
    )


def _refused() -> rx.Component:
    words = "This room is for the people who run the market. Your account is not one of theirs; your own workspace is open to you."
    return rx.el.div(empty("lock", "For operators only", words, link_button("Open your workspace", href=routes.APP)), class_name="page")


def _side(current: str) -> rx.Component:
    def entry(key: str, words: str, sign: str, href: str) -> rx.Component:
        here = {"aria-current": "page"} if key == current else {}
        return rx.el.li(link(icon(sign), words, _waiting(), href=href, custom_attrs=here))

    workspace = rx.el.li(link(icon("home"), "Your workspace", href=routes.APP))
    rooms = rx.cond(Operator.refused, rx.fragment(), rx.fragment(*[entry(*row) for row in NAVIGATION]))
    return rx.el.aside(
        rx.el.div(link(brand(18), href=routes.HOME, class_name="brand", aria_label="CMP, home"), class_name="sidebrand"),
        rx.el.p(icon("set"), "Operator", class_name="opbar"),
        rx.el.nav(rx.el.ul(rooms, workspace), aria_label="Operator"),
        rx.el.div(class_name="grow"),
        rx.el.div(rx.el.span(Operator.email, class_name="xs i2 trunc"), _theme(), class_name="row between sidefoot"),
        class_name="side",
        aria_label="Rooms and account",
    )


def _waiting() -> rx.Component:
    """How many orders wait for somebody."""
    said = rx.el.span(Operator.needs_hand, rx.el.span(" need a hand", class_name="vh"), class_name="c")
    return rx.cond(Operator.needs_hand > 0, said, rx.fragment())


def _theme() -> rx.Component:
    return icon_button("moon", "Switch light and dark", size="s", on_click=rx.toggle_color_mode)


def _top() -> rx.Component:
    return rx.el.header(
        link(emblem("mark", 20), href=routes.HOME, aria_label="CMP, home"),
        rx.el.span("Operator", class_name="semi grow trunc"),
        _theme(),
        class_name="mtop",
    )


def _bottom(current: str) -> rx.Component:
    entries = [
        link(icon(sign), words, href=href, custom_attrs={"aria-current": "page"} if key == current else {})
        for key, words, sign, href in NAVIGATION
    ]
    home = link(icon("home"), "Your workspace", href=routes.APP)
    return rx.el.nav(rx.cond(Operator.refused, rx.fragment(), rx.fragment(*entries)), home, class_name="mbot", aria_label="Main, phone")
