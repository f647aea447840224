"""One view for values known when the site is built and for Vars known when it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx


def each(items: Sequence[Any] | rx.Var, draw: Callable[[Any], rx.Component]) -> rx.Component:
    return rx.foreach(items, draw) if isinstance(items, rx.Var) else rx.fragment(*[draw(item) for item in items])


def when(condition: Any, then: rx.Component, otherwise: rx.Component | None = None) -> rx.Component:
    otherwise = otherwise or rx.fragment()
    return rx.cond(condition, then, otherwise) if isinstance(condition, rx.Var) else (then if condition else otherwise)


def text(*parts: Any) -> Any:
    """Parts joined into one text; a Var when one of them is."""
    joined = "".join(f"{part}" for part in parts)
    return rx.Var.create(joined) if any(isinstance(part, rx.Var) for part in parts) else joined
