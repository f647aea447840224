"""Server-sent events on the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from backend.gateway.begun import Begun

HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps proxies from closing the connection."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def lines(begun: Begun, heartbeat: float = HEARTBEAT) -> AsyncIterator[bytes]:
    """Events with increasing ids from 1."""
    number = 0
    async for event in begun.follow(every=heartbeat):
        if event is None:
            yield b": still running\n\n"
            continue
        number += 1
        data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
        yield f"id: {number}\nevent: {event.name}\ndata: {data}\n\n".encode()
