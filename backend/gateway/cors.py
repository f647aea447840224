"""Lets widget pages of other origins reach the runs: ASGI middleware that streams through.

A Bearer token is no ambient authority, so a preflight is answered for any origin, and never with `Allow-Credentials`. A request with a
widget's token is served only from an origin that this widget allows. Requests with other tokens get no CORS headers: an API key does
not belong in a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kernel.errors import Forbidden
from backend.problem import problem

AllowsOrigin = Callable[[str, str], Awaitable[bool]]
"""(widget token, origin) → whether a page of the origin may use the token. True for nobody's token: all it can read is the refusal."""
_ALLOW = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}


class WidgetCors:
    """prefix: what widget tokens begin with. path: what is reached from other origins."""

    def __init__(self, app: ASGIApp, allows: AllowsOrigin, prefix: str = "cmpw_", path: str = "/v1/runs") -> None:
        self._app, self._allows, self._prefix, self._path = app, allows, f"Bearer {prefix}", path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" and scope["path"].startswith(self._path) else Headers()
        origin, bearer = headers.get("origin"), headers.get("authorization", "")
        if origin is None:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            allow = {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **_ALLOW}
            await Response(status_code=204, headers=allow)(scope, receive, send)
        elif not bearer.startswith(self._prefix):
            await self._app(scope, receive, send)
        elif await self._allows(bearer.removeprefix("Bearer "), origin):
            await self._app(scope, receive, _with(send, origin))
        else:
            await problem(Forbidden("This widget is not allowed on that site.", code="foreign_origin"))(scope, receive, send)


def _with(send: Send, origin: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After"
            # The server beneath may say so of every answer; a page elsewhere must never be read to with cookies.
            del headers["Access-Control-Allow-Credentials"]
            headers.add_vary_header("Origin")
        await send(message)

    return sending
