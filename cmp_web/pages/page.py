"""A page is a row in a table: its path, its view, what it loads, and what a search engine is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx


@dataclass(frozen=True, slots=True)
class Page:
    """on_load: handlers that run when the page opens. indexed: whether search engines may list it."""

    path: str
    title: str
    view: Callable[[], rx.Component]
    description: str = ""
    on_load: tuple[Any, ...] = ()
    indexed: bool = False
