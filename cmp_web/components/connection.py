"""What a page says while the server cannot be reached."""

from __future__ import annotations

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors


def offline() -> rx.Component:
    words = "Connection lost. Trying again. What you typed is kept."
    bar = rx.el.div(rx.el.span(class_name="spin"), rx.el.span(words), class_name="banner offline", role="status")
    return rx.cond(has_connection_errors, bar, rx.fragment())
