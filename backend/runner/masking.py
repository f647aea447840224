"""Keeps the values of a flow's variables out of what an operator, a log or a receipt is told of a failed run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backend.runner.ports import Event, Failed

LEAST = 6
"""Characters: a shorter value would mask half of every sentence, and is no secret."""
MASK = "•••"


def masked(event: Event, variables: Mapping[str, str]) -> Event:
    """The event, and a failure without any of these values. Addresses of servers stay: an operator needs them."""
    if not isinstance(event, Failed):
        return event
    detail = event.detail
    for value in sorted(variables.values(), key=len, reverse=True):
        if len(value) >= LEAST and not (value.startswith(("http://", "https://")) and "@" not in value):
            detail = detail.replace(value, MASK)
    return event if detail == event.detail else replace(event, detail=detail)
