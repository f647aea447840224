"""Moments for statements that are not SQLAlchemy's."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache


@lru_cache(maxsize=256)
def stored(moment: datetime) -> str:
    """A moment in UTC the way `UtcDateTime` keeps it on SQLite. A run tells several rows of the same moment."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def read(moment: str) -> datetime:
    """What `stored` wrote."""
    return datetime.fromisoformat(f"{moment}+00:00")
