"""The storefront's shell: the bar above, the page, the foot."""

from __future__ import annotations

import reflex as rx


def shell(*children: rx.Component) -> rx.Component:
    return rx.fragment(rx.el.a("Skip to content", href="#main", class_name="skip"), rx.el.main(*children, id="main"))
