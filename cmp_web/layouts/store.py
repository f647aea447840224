"""The storefront's shell: the bar above, the page, the foot."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import closer, dialog, icon_button, link, link_button, opener, plain_link, theme_switch
from cmp_web.components.connection import offline
from cmp_web.components.emblems import brand
from cmp_web.components.icons import icon
from cmp_web.state.cart import CartBadge
from cmp_web.state.session import Session

MAIN = (("Marketplace", routes.MARKETPLACE), ("Pricing", routes.PRICING), ("Docs", routes.DEVELOPERS))
FOOT = (
    ("Store", (("Marketplace", routes.MARKETPLACE), ("Credit packs", routes.CREDIT_PACKS), ("Pricing", routes.PRICING))),
    ("Workspace", (("Overview", routes.APP), ("Runs and receipts", routes.APP_RUNS), ("Credits", routes.APP_CREDITS))),
    ("Developers", (("Docs", routes.DEVELOPERS), ("API reference", routes.API_REFERENCE), ("Status", routes.READY))),
    ("Company", (("About", routes.ABOUT), ("Terms", routes.TERMS), ("Privacy", routes.PRIVACY))),
)
ON_LOAD = (Session.look, CartBadge.look)
"""What the bar shows; part of the on_load of every page in this shell."""


def shell(*children: rx.Component, here: str = "", class_name: str = "") -> rx.Component:
    """here: the path that the bar marks as the present one."""
    return rx.el.div(skip(), bar(here), rx.el.main(*children, id="main"), foot(), menu(here), offline(), class_name=class_name)


def skip() -> rx.Component:
    return plain_link("Skip to content", href="#main", class_name="skip")


def home() -> rx.Component:
    return link(brand(), href=routes.HOME, class_name="brand", aria_label="CMP, home")


def bar(here: str) -> rx.Component:
    items = [rx.el.li(_item(words, path, here)) for words, path in MAIN]
    acts = rx.el.div(
        rx.el.span(theme_switch(), class_name="only-d"),
        account(),
        cart(),
        rx.el.span(opener("menu", icon_button("menu", "Menu")), class_name="only-m"),
        class_name="row g1",
    )
    inner = [home(), rx.el.nav(rx.el.ul(*items), aria_label="Main", class_name="grow only-d"), rx.el.span(class_name="grow only-m"), acts]
    return rx.el.header(rx.el.div(*inner, class_name="wrap"), class_name="sbar")


def account() -> rx.Component:
    return rx.cond(
        Session.email != "",
        link_button(icon("user"), rx.el.span(Session.email, class_name="trunc"), href=routes.APP, kind="q only-d"),
        link_button("Sign in", href=routes.SIGN_IN, kind="q only-d"),
    )


def cart() -> rx.Component:
    count = rx.cond(CartBadge.items > 0, rx.el.span(CartBadge.items, class_name="cartn"), rx.fragment())
    return link(icon("cart"), count, href=routes.CART, class_name="btn q i rel", aria_label=CartBadge.label)


def menu(here: str) -> rx.Component:
    """The phone's menu."""
    head = rx.el.div(rx.el.h2("Menu", class_name="t0"), closer(icon_button("x", "Close", size="s")), class_name="row between")
    links = [closer(_item(words, path, here)) for words, path in (*MAIN, ("About", routes.ABOUT))]
    who = rx.cond(
        Session.email != "",
        closer(link("Workspace", href=routes.APP)),
        closer(link("Sign in", href=routes.SIGN_IN)),
    )
    switch = rx.el.div(rx.el.span("Light or dark", class_name="sm i2"), theme_switch(), class_name="row between")
    return dialog("menu", head, rx.el.nav(*links, who, aria_label="Menu"), switch, class_name="drawer")


def foot() -> rx.Component:
    about = rx.el.p("AI agents for your website. Bought like anything else.", class_name="i2 motto")
    columns = [_column(title, links) for title, links in FOOT]
    inner = rx.el.div(rx.el.div(home(), about, class_name="col g3"), *columns, class_name="cols")
    return rx.el.footer(rx.el.div(inner, class_name="wrap"), class_name="foot")


def _column(title: str, links: tuple[tuple[str, str], ...]) -> rx.Component:
    """One list of the foot. What the API itself serves is followed by the browser."""
    ours = {routes.API_REFERENCE, routes.READY}
    items = [rx.el.li((plain_link if path in ours else link)(words, href=path)) for words, path in links]
    name = f"foot-{title.lower()}"
    return rx.el.nav(rx.el.h2(title, id=name), rx.el.ul(*items), aria_labelledby=name)


def _item(words: str, path: str, here: str) -> rx.Component:
    return link(words, href=path, aria_current="page") if path == here else link(words, href=path)
