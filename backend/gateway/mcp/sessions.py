"""A session is a name and nothing is kept of it, so any process may answer any request. It tells two clients with the same key apart, whose
requests have the same numbers: by session and number a run is found that its client gives up. Pure.
"""

from __future__ import annotations

import json
import re
from typing import Any

from backend.kernel.ids import new_id

HEADER = "mcp-session-id"
_OURS = re.compile(r"mcps_[0-9A-Z]{26}")


def session(header: str | None, message: Any) -> str | None:
    """The session of a message: the one its client names, a new one for who begins, and None for a client that names none."""
    if header is not None and _OURS.fullmatch(header):
        return header
    return new_id("mcps") if _method(message) == "initialize" else None


def given_up(session: str | None, message: Any) -> str:
    """What the request is called that this message gives up; empty when it is no such message, or cannot tell which is meant."""
    params = message.get("params") if _method(message) == "notifications/cancelled" and "id" not in message else None
    number = params.get("requestId") if isinstance(params, dict) else None
    return called(session, number) if isinstance(number, int | str) else ""


def called(session: str | None, request_id: int | str) -> str:
    """Empty without a session: the number alone might mean another client's request."""
    return f"mcp:{session}:{json.dumps(request_id)}" if session else ""


def _method(message: Any) -> Any:
    return message.get("method") if isinstance(message, dict) else None
