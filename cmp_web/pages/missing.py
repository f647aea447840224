"""The page for an address that leads nowhere. The edge serves it with the status 404."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import link_button
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page


def missing() -> rx.Component:
    return shell(not_found())


def not_found() -> rx.Component:
    acts = rx.el.div(
        link_button("Go to the marketplace", href=routes.MARKETPLACE),
        link_button("Open workspace", href=routes.APP, kind="q"),
        class_name="row wrapx",
    )
    said = rx.el.div(
        rx.el.h1("This page does not exist", class_name="t2"),
        rx.el.p("The address may have a typing error, or the page has moved.", class_name="i2 sm"),
        class_name="col g2",
    )
    return rx.el.div(rx.el.p("404", class_name="display num"), said, acts, class_name="wrap nf")


PAGE = Page("404", "Page not found · CMP", missing, on_load=ON_LOAD)
