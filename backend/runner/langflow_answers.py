"""What a Langflow server's answers mean, in the words of the port. No connection is opened here."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import aiohttp

from backend.runner import ports
from backend.runner.ports import Event, Failed, Finished, Token

MAX_OBJECT = 16 * 1024 * 1024
"""Bytes of one event."""
MAX_REFUSAL = 64 * 1024
"""Bytes that are read of an answer that is no stream."""
NOT_AN_API = "{url} does not answer as a Langflow server does: set CMP_LANGFLOW_URL to the server's own address, without a path."
TESTED = "1.13."
"""The versions of Langflow that these answers were heard from."""
NOT_NOW = frozenset({429, 503})
"""Statuses by which a server, or what stands before it, says that it did not begin."""
BROKEN = frozenset({502, 504})
"""By which what stands before it says that it is broken: a run may have begun."""
DRAIN = 0.05
"""Seconds that the end of an answer may take after the end of its run; then its connection is not used again."""


_PAGES = r"/(api(/v\d+)?|(flows?|all|components|folder|playground|settings|assets|mcp)(/.*)?|login|docs|health|health_check)?/*$"


def base_url(url: str) -> str:
    """The server's address, whichever page of it was copied from the browser. Empty when nothing was given."""
    bare = re.sub(_PAGES, "", re.sub(r"[?#].*", "", url.strip()))
    return bare if not bare or "://" in bare else f"http://{bare}"


async def refusal(response: aiohttp.ClientResponse, flow: str, deadline: float) -> Failed | None:
    """Why there will be no stream, or None when there will be one. Raises TimeoutError at the deadline."""
    if response.status == 200 and response.content_type == "text/event-stream":
        return None
    server = f"{response.url.scheme}://{response.url.authority}"
    if response.status in NOT_NOW | BROKEN:
        return Failed("unavailable", f"The Langflow server is not available now (HTTP {response.status}).")
    if response.content_type == "text/html":
        return Failed("unavailable", NOT_AN_API.format(url=server))
    async with asyncio.timeout_at(deadline):
        detail = _detail(await _beginning(response))
    if response.status in {401, 403}:
        return Failed("unavailable", f"The Langflow server refused the API key (CMP_LANGFLOW_API_KEY): {detail}")
    if response.status == 404:
        return Failed("unavailable", f"The Langflow server has no flow “{flow}”. Push it there: cmpctl flows push.")
    if response.status >= 400:
        return Failed("flow_failed", detail)
    return Failed("unavailable", NOT_AN_API.format(url=server))


async def _beginning(response: aiohttp.ClientResponse) -> str:
    held = b""
    while len(held) < MAX_REFUSAL and (chunk := await response.content.read(MAX_REFUSAL - len(held))):
        held += chunk
    return held.decode(errors="replace")


async def said(response: aiohttp.ClientResponse, allowed: float, deadline: float) -> AsyncGenerator[Event, None]:
    """The run as the port tells it, however its bytes were cut on the way. allowed: seconds, for the words alone."""
    spoken = 0
    async with aclosing(_events(response)) as events:
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    said = await anext(events, None)
            except TimeoutError:
                yield Failed("timeout", f"The run took longer than {allowed:g} seconds and was stopped.")
                return
            spoken += len(said.text) if isinstance(said, Token) else 0
            if isinstance(said, Token | Finished) and max(spoken, len(said.text)) > ports.LONGEST:
                said = ports.too_long()
            if isinstance(said, Finished):
                if said.text and not spoken:
                    yield Token(said.text)
                await _drain(response)
            yield said or Failed("crashed", "The Langflow server ended the stream in the middle of the run.")
            if not isinstance(said, Token):
                return


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[Event, None]:
    """Objects end with a line's end. Each is read whole before it is looked at."""
    held, chunk = b"", b" "
    while chunk:
        chunk = await response.content.readany()
        *lines, held = (held + chunk).split(b"\n")
        if len(held) > MAX_OBJECT:
            raise ValueError("an object without end")
        for line in lines if chunk else (*lines, held):
            if (found := event(line)) is not None:
                yield found


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read what is left, which is next to nothing, so that the connection serves the next run."""
    try:
        async with asyncio.timeout(DRAIN):
            while await response.content.readany():
                continue
    except (TimeoutError, aiohttp.ClientError, ConnectionError):
        return


def why(fault: Exception) -> str:
    """What went wrong with a connection, in a few words."""
    if isinstance(fault, aiohttp.ClientConnectorError):
        return fault.os_error.strerror or str(fault)
    return "no answer in time" if isinstance(fault, TimeoutError) else type(fault).__name__


def unsendable(variables: Mapping[str, str]) -> str:
    """The first variable that cannot be told to a server, which takes them as HTTP headers; empty when all can."""
    return next((name for name, value in variables.items() if not re.fullmatch(r"[\w-]+", name) or re.search(r"[\0\r\n]", value)), "")


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
