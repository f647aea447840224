"""Icons: one sprite, fetched once, drawn in the colour of the text around them."""

from __future__ import annotations

import re

import reflex as rx

from cmp_web.theme import ASSETS, ICONS

NAMES = frozenset(re.findall(r'<symbol id="i-([a-z]+)"', (ASSETS / "icons.svg").read_text()))


def icon(name: str, *, large: bool = False) -> rx.Component:
    """A 16 px line icon that says nothing to a screen reader: the control around it has the words. Raises KeyError for a name not drawn."""
    if name not in NAMES:
        raise KeyError(name)
    return drawing(f"i-{name}", "ic l" if large else "ic")


def drawing(symbol: str | rx.Var[str], class_name: str, **props: object) -> rx.Component:
    """A symbol of the sprite, by its id."""
    href = rx.Var.create(f"{ICONS}#") + symbol if isinstance(symbol, rx.Var) else f"{ICONS}#{symbol}"
    return rx.el.svg(rx.el.svg.use(href=href), class_name=class_name, custom_attrs={"aria-hidden": "true"}, **props)
