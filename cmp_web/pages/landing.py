"""The landing page."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import link_button
from cmp_web.layouts.store import shell
from cmp_web.pages.page import Page


def landing() -> rx.Component:
    return shell(
        rx.el.section(
            rx.el.h1("Buy an AI agent. See it answer on your website in five minutes.", class_name="display"),
            link_button("Browse agents", href=routes.MARKETPLACE, size="l"),
            class_name="wrap",
        )
    )


PAGE = Page(routes.HOME, "CMP: AI agents for your website", landing, indexed=True)
