"""What a Langflow server's answers mean, in the words of the port. No connection is opened here."""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp

from backend.runner.ports import Event, Failed, Finished, Token

MAX_OBJECT = 16 * 1024 * 1024
"""Bytes of one event."""
NOT_AN_API = "{url} does not answer as a Langflow server does: set CMP_LANGFLOW_URL to the server's own address, without a path."


def base_url(url: str) -> str:
    """The server's address, whichever page of it was copied from the browser."""
    return re.sub(r"/(api(/v\d+)?|flows|flow/[^/]*|docs)?/*$", "", url.strip())


async def refusal(response: aiohttp.ClientResponse, flow: str) -> Failed | None:
    """Why there will be no stream, or None when there will be one."""
    if response.status == 200 and response.content_type == "text/event-stream":
        return None
    server = f"{response.url.scheme}://{response.url.authority}"
    if response.content_type == "text/html":
        return Failed("unavailable", NOT_AN_API.format(url=server))
    detail = _detail(await response.text(errors="replace"))
    if response.status in {401, 403}:
        return Failed("unavailable", f"The Langflow server refused the API key (CMP_LANGFLOW_API_KEY): {detail}")
    if response.status == 404:
        return Failed("unavailable", f"The Langflow server has no flow “{flow}”. Push it there: cmpctl flows push.")
    if response.status in {429, 502, 503, 504}:
        return Failed("unavailable", f"The Langflow server is not available now (HTTP {response.status}).")
    if response.status >= 400:
        return Failed("flow_failed", detail)
    return Failed("unavailable", NOT_AN_API.format(url=server))


def event(line: bytes) -> Event | None:
    """The event that a line of the stream is, if it is one for us. Raises ValueError for half an object."""
    text = line.strip().removeprefix(b"data:").strip()
    if not text.startswith(b"{"):
        return None
    found = json.loads(text)
    kind, data = found.get("event"), found.get("data") or {}
    if kind == "token" and data.get("chunk"):
        return Token(data["chunk"])
    if kind == "error":
        return Failed("flow_failed", _flat(str(data.get("text") or _detail(str(data.get("error") or "")))))
    return _finished(data) if kind == "end" else None


def _finished(data: dict[str, Any]) -> Event:
    try:
        message = data["result"]["outputs"][0]["outputs"][0]["results"]["message"]
        text = message["text"]
    except (KeyError, IndexError, TypeError):
        return Failed("flow_failed", "The flow ended without a Chat Output.")
    usage = (message.get("properties") or {}).get("usage") or {}
    return Finished(text, {name: int(count) for name, count in usage.items() if isinstance(count, int)})


def _detail(body: str) -> str:
    """The innermost message: `{"detail": "…"}`, where the text may be JSON once more, behind a status."""
    words: Any = body
    for _ in range(4):
        try:
            words = json.loads(words[words.index("{") :]) if isinstance(words, str) else words
        except ValueError:
            break
        if isinstance(words, dict):
            words = words.get("detail") or words.get("message") or words.get("error") or "no reason was given"
    return _flat(words if isinstance(words, str) else json.dumps(words))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:500]
