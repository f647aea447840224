"""Lets a page of another site read the answer to opening a widget session, also a refusal: the widget says what is wrong.

That gives nothing away. No cookie is looked at there, and whether the page gets a token is decided by the widget's own list.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/v1/widget/session:init"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}


class VisitorCors:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            allow = {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **_PREFLIGHT}
            await Response(status_code=204, headers=allow)(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                sent.add_vary_header("Origin")
                # The server beneath may say so of every answer; a page elsewhere must never be read to with cookies.
                del sent["Access-Control-Allow-Credentials"]
                if origin:
                    sent["Access-Control-Allow-Origin"] = origin
            await send(message)

        await self._app(scope, receive, answer)
