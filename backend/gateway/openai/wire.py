"""Server-sent events as OpenAI's clients read them."""

from __future__ import annotations

import json
from typing import Any

HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps proxies from closing the connection."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
QUIET = b": still running\n\n"
"""A comment, which every client passes over."""
DONE = b"data: [DONE]\n\n"


def line(data: Any, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
