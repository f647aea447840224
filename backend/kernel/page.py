"""Lists are given out a page at a time, newest first, each with a cursor to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """next: the cursor to ask for the following page with, or None at the end."""

    items: Sequence[T]
    next: str | None = None

    def map(self, change: Callable[[T], U]) -> Page[U]:
        return Page([change(item) for item in self.items], self.next)


def cut(rows: Sequence[T], limit: int, cursor: Callable[[T], str]) -> Page[T]:
    """A page from one row more than was asked for: the extra row only tells that there is a next page."""
    return Page(rows[:limit], cursor(rows[limit - 1]) if len(rows) > limit else None)
