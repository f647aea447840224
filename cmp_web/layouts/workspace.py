"""The workspace's shell: navigation at the side on a desk, above and below on a phone, and the credits always in sight."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes, theme
from cmp_web.components.app_alerts import low_banner
from cmp_web.components.base import icon_button, link
from cmp_web.components.emblems import brand, emblem
from cmp_web.components.icons import icon
from cmp_web.state.app_workspace import Workspace

NAVIGATION = (
    ("overview", "Overview", "home", routes.APP),
    ("agents", "Agents", "agents", routes.APP_AGENTS),
    ("runs", "Runs", "list", routes.APP_RUNS),
    ("credits", "Credits", "coin", routes.APP_CREDITS),
    ("usage", "Usage", "bars", routes.APP_USAGE),
    ("keys", "Keys", "key", routes.APP_KEYS),
    ("webhooks", "Webhooks", "plug", routes.APP_WEBHOOKS),
    ("members", "Members", "users", routes.APP_MEMBERS),
    ("orders", "Orders", "receipt", routes.APP_ORDERS),
    ("settings", "Settings", "set", routes.APP_SETTINGS),
)
ON_PHONE = 4


def shell(current: str, *children: rx.Component, bare: bool = False) -> rx.Component:
    """current: the key of the page in NAVIGATION. bare: the page brings its own margins."""
    inner = children if bare else (rx.el.div(*children, class_name="page"),)
    return rx.fragment(
        rx.el.link(rel="stylesheet", href=theme.APP_STYLES, custom_attrs={"precedence": "app"}),
        rx.el.a("Skip to content", href="#main", class_name="skip"),
        rx.el.div(
            _side(current),
            _top(),
            rx.el.main(_low(), *inner, id="main", class_name="main"),
            _bottom(current),
            _more(current),
            class_name="app",
        ),
    )


def _here(key: str, current: str) -> dict[str, str]:
    return {"aria-current": "page"} if key == current else {}


def _side(current: str) -> rx.Component:
    def entry(key: str, words: str, sign: str, href: str) -> rx.Component:
        number = rx.cond(Workspace.agents > 0, rx.el.span(Workspace.agents, class_name="c"), rx.fragment())
        counted = number if key == "agents" else rx.fragment()
        return rx.el.li(link(icon(sign), words, counted, href=href, custom_attrs=_here(key, current)))

    entries = [entry(*row) for row in NAVIGATION]
    desk = rx.cond(Workspace.operator, rx.el.li(link(icon("shield"), "Operator", href=routes.OPERATOR_ORDERS)), rx.fragment())
    return rx.el.aside(
        rx.el.div(link(brand(18), href=routes.HOME, class_name="brand", aria_label="Home"), class_name="sidebrand"),
        rx.el.p(rx.el.span(_name(), class_name="grow trunc"), class_name="wsw"),
        rx.el.nav(rx.el.ul(*entries, desk), aria_label="Workspace"),
        rx.el.div(class_name="grow"),
        _credits_box(),
        rx.el.div(rx.el.span(Workspace.email, class_name="xs i2 trunc"), _theme(), class_name="row between sidefoot"),
        class_name="side",
        aria_label="Workspace and account",
    )


def _theme() -> rx.Component:
    return icon_button("moon", "Switch light and dark", size="s", on_click=rx.toggle_color_mode)


def _name() -> rx.Component:
    return rx.cond(Workspace.known, rx.el.span(Workspace.name), rx.el.span("\u00a0"))


def _credits_box() -> rx.Component:
    words = rx.cond(Workspace.held == "0", "One balance for every agent", Workspace.balance + " balance, " + Workspace.held + " held")
    box = link(
        rx.el.span(
            rx.el.span("Credits available", class_name="i2"),
            rx.el.span(Workspace.available, class_name="semi num"),
            class_name="row between xs",
        ),
        rx.el.span(rx.el.i(style={"width": Workspace.left.to_string() + "%"}), class_name="bar", custom_attrs={"aria-hidden": "true"}),
        rx.el.span(words, class_name="xxs i3"),
        href=routes.APP_CREDITS,
        class_name="card col g2 cbox",
    )
    return rx.cond(Workspace.known, box, rx.el.span(class_name="card cbox waiting"))


def _top() -> rx.Component:
    return rx.el.header(
        link(emblem("mark", 20), href=routes.HOME, aria_label="Home"),
        rx.el.span(_name(), class_name="semi grow trunc"),
        rx.cond(Workspace.known, link(Workspace.available, " credits", href=routes.APP_CREDITS, class_name="bdg num"), rx.fragment()),
        _theme(),
        class_name="mtop",
    )


def _bottom(current: str) -> rx.Component:
    shown = NAVIGATION[:ON_PHONE]
    entries = [link(icon(sign), words, href=href, custom_attrs=_here(key, current)) for key, words, sign, href in shown]
    hidden = current in {key for key, *_ in NAVIGATION[ON_PHONE:]}
    attrs = {"data-open": "more", "aria-haspopup": "dialog"} | ({"aria-current": "true"} if hidden else {})
    more = rx.el.button(icon("dots"), "More", type="button", custom_attrs=attrs)
    return rx.el.nav(*entries, more, class_name="mbot", aria_label="Main, phone")


def _more(current: str) -> rx.Component:
    """What the bar at the bottom of a phone has no room for."""
    entries = [
        rx.el.li(link(icon(sign), words, href=href, custom_attrs=_here(key, current) | {"data-close": ""}))
        for key, words, sign, href in NAVIGATION[ON_PHONE:]
    ]
    market = rx.el.li(link(icon("cart"), "Marketplace", href=routes.MARKETPLACE, custom_attrs={"data-close": ""}))
    desk = rx.el.li(link(icon("shield"), "Operator", href=routes.OPERATOR_ORDERS, custom_attrs={"data-close": ""}))
    close = rx.el.button(icon("x"), type="button", class_name="btn q i s", aria_label="Close", custom_attrs={"data-close": ""})
    head = rx.el.div(rx.el.h2("More", class_name="t0 grow"), close, class_name="row")
    return rx.el.dialog(
        rx.el.div(
            head, rx.el.ul(*entries, market, rx.cond(Workspace.operator, desk, rx.fragment()), class_name="menu flat"), class_name="col g2"
        ),
        id="more",
        class_name="dlg bottomsheet",
        custom_attrs={"data-light": ""},
        aria_label="More pages",
    )


def _low() -> rx.Component:
    """Above every page when little or nothing is left to run with."""
    some = Workspace.agents > 0
    return low_banner(empty=Workspace.empty & some, low=Workspace.low & some, left=Workspace.balance)
