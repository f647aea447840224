"""Icons: one sprite, fetched once, drawn in the colour of the text around them."""

from __future__ import annotations

import reflex as rx

from cmp_web.theme import ICONS

NAMES = frozenset(
    "agents alert back card cart cd chat check cl clock code coin copy cr dots download eye file filter flow home info key list lock menu "
    "minus moon plug plus pulse receipt refresh search send set shield stop tag trash ud upload ur user users widget x".split()
)


def icon(name: str, *, large: bool = False) -> rx.Component:
    """A 16 px line icon that says nothing to a screen reader: the control around it has the words. Raises KeyError for a name not drawn."""
    if name not in NAMES:
        raise KeyError(name)
    return drawing(f"i-{name}", "ic l" if large else "ic")


def drawing(symbol: str | rx.Var[str], class_name: str, **props: object) -> rx.Component:
    """A symbol of the sprite, by its id."""
    href = rx.Var.create(f"{ICONS}#") + symbol if isinstance(symbol, rx.Var) else f"{ICONS}#{symbol}"
    return rx.el.svg(rx.el.svg.use(href=href), class_name=class_name, custom_attrs={"aria-hidden": "true"}, **props)
