"""How much anybody may send in one request: an ASGI layer around every route, so that none can be forgotten."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 1024 * 1024
"""Bytes. The largest honest body is a question of 16,000 characters."""
WORDS = f"A request may have at most {MAX_BODY // 1024} KB."
_UPLOAD = re.compile(r"/v1/instances/[^/]+/knowledge")
"""Documents are larger; their route counts them itself."""


class BodyLimit:
    """Refuses a body by its declared length before any of it is read, and an undeclared one as soon as it has grown too long."""

    def __init__(self, app: ASGIApp, most: int = MAX_BODY) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _UPLOAD.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        too_long = declared.isdigit() and (len(declared) > 18 or int(declared) > self._most)
        await self._app(scope, self._counted(receive, self._most + 1 if too_long else 0), send)

    def _counted(self, receive: Receive, received: int) -> Receive:
        async def counted() -> Message:
            nonlocal received
            message: Message = {} if received > self._most else await receive()
            received += len(message.get("body", b""))
            if received > self._most:
                # Raised where a route reads its body; FastAPI lets this kind alone pass, and `problem` gives it its code.
                raise HTTPException(413, WORDS)
            return message

        return counted
