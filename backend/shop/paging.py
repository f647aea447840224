"""Relay paging over a sequence that is already in order. Cursors name a place by its sort key, so rows may come and go between pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from backend.shop.errors import BadRequest
from backend.shop.views import Connection, Edge, PageInfo

T = TypeVar("T")
MAX = 100


def cursor(keys: Sequence[str]) -> str:
    return base64.b64encode(json.dumps(list(keys), separators=(",", ":")).encode()).decode()


def read_cursor(value: str) -> list[str]:
    """Raises BadRequest for what is not a cursor of ours."""
    try:
        found = json.loads(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        raise BadRequest("Received cursor is invalid.") from None
    if not isinstance(found, list) or not all(isinstance(key, str) for key in found):
        raise BadRequest("Received cursor is invalid.")
    return found


def size(connection: str, first: int | None, last: int | None = None) -> int:
    """How many rows are asked for. Raises BadRequest for none, for both ends at once, and for more than a hundred."""
    if first is not None and last is not None:
        raise BadRequest("Providing both `first` and `last` is not supported.")
    for name, wanted in (("first", first), ("last", last)):
        if wanted is None:
            continue
        if wanted < 0:
            raise BadRequest(f"The `{name}` value of the `{connection}` connection may not be negative.")
        if wanted > MAX:
            raise BadRequest(f"Requesting {wanted} records on the `{connection}` connection exceeds the `{name}` limit of {MAX} records.")
        return wanted
    raise BadRequest(f"You must provide a `first` or `last` value to properly paginate the `{connection}` connection.")


def page(
    name: str,
    rows: Sequence[T],
    key: Callable[[T], Sequence[str]],
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[T]:
    """The part of `rows` (all of them, in order) that was asked for. A cursor whose row has gone starts from the beginning."""
    wanted = size(name, first, last)
    cursors = [cursor(key(row)) for row in rows]
    start, end = _place(after, cursors, 1), len(rows)
    if before is not None:
        end = max(start, _place(before, cursors, 0, missing=len(rows)))
    low, high = (start, min(end, start + wanted)) if first is not None else (max(start, end - wanted), end)
    edges = [Edge(rows[at], cursors[at]) for at in range(low, high)]
    info = PageInfo(high < len(rows), low > 0, edges[0].cursor if edges else None, edges[-1].cursor if edges else None)
    return Connection(edges, info, len(rows))


def _place(value: str | None, cursors: Sequence[str], step: int, missing: int = 0) -> int:
    if value is None:
        return 0
    read_cursor(value)
    return cursors.index(value) + step if value in cursors else missing
