"""Products as emblems on a 2 × 2 board: three modules in ink say what it is, the green one is what you get."""

from __future__ import annotations

import reflex as rx

from cmp_web.components.icons import drawing


def emblem(name: str | rx.Var[str], size: int) -> rx.Component:
    """A product's emblem on its 2 × 2 board; `name` as the catalogue gives it."""
    return drawing(
        rx.Var.create("e-") + name if isinstance(name, rx.Var) else f"e-{name}", "emb", width=size, height=size, fill="currentColor"
    )


def plate(name: str | rx.Var[str], size: str = "m") -> rx.Component:
    """An emblem on its plate: size s, m or l."""
    return rx.el.span(emblem(name, {"s": 22, "m": 30, "l": 48}[size]), class_name=f"plate {size}")


def brand(size: int = 20) -> rx.Component:
    """The mark and the wordmark."""
    return rx.fragment(emblem("mark", size), drawing("wordmark", "", width=size * 11 // 4, height=size))
