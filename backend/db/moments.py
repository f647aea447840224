"""Moments for statements that are not SQLAlchemy's."""

from __future__ import annotations

from datetime import datetime


def stored(moment: datetime) -> str:
    """A moment in UTC the way `UtcDateTime` keeps it on SQLite."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
