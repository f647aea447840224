"""Server-sent events on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

from backend.gateway.begun import Begun
from backend.gateway.views import RunEvent
from backend.kernel.errors import Invalid

HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps proxies from closing the connection."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
SILENCE = b": still running\n\n"
EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": {"type": "string", "description": "JSON."}},
    "required": ["data"],
}
"""For the API's description: a stream is told by the shape of one event of it."""
_ID = re.compile(r"[0-9]{1,9}")


async def lines(begun: Begun, after: int = 0) -> AsyncIterator[bytes]:
    """The events that follow number `after`; their ids increase."""
    async for event in begun.follow(HEARTBEAT, after):
        yield SILENCE if event is None else block(event)


def block(event: RunEvent) -> bytes:
    data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
    # An answer is a stranger's text and may hold half a surrogate pair, which UTF-8 cannot write.
    return f"id: {event.id}\nevent: {event.name}\ndata: {data}\n\n".encode("utf-8", "replace")


def position(last_event_id: str | None) -> int:
    """Where a reader that says what it saw last goes on. Raises Invalid for what was never an id of ours."""
    if last_event_id is None or last_event_id == "":
        return 0
    if not _ID.fullmatch(last_event_id):
        raise Invalid("This Last-Event-ID is none of ours.", fields={"Last-Event-ID": "the number of the last event that was received"})
    return int(last_event_id)
