"""`/mcp`. Only programs with a key come in: no cookie counts here, and a request that a page of another site makes is refused.

That also holds off DNS rebinding: a browser tells the page's own origin with every POST, by whatever name it found us.
"""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic_core import from_json
from starlette.types import Message, Receive, Scope, Send

from backend import __version__
from backend.control_plane.instances import Instances
from backend.doors import Who
from backend.gateway.mcp import sessions
from backend.gateway.mcp.server import AgentServer
from backend.gateway.service import Gateway
from backend.gateway.sse import EVENT
from backend.kernel.caller import Caller, Door
from backend.kernel.errors import Forbidden, UnsupportedMedia
from backend.settings import Settings

_PARSE_ERROR = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "The body is not valid JSON."}}
_MESSAGE = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_SAID = {"application/json": {"schema": {"type": "object", "description": "A JSON-RPC error."}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": EVENT}}, "description": "The answer, with what is told meanwhile."},
    202: {"description": "A notification was taken."},
    400: {"content": _SAID, "description": "Not a message of the protocol."},
    401: {"content": _PROBLEM, "description": "No key, or none that counts."},
    403: {"content": _PROBLEM, "description": "The key does not allow this, or a page of another site asked."},
    406: {"content": _SAID, "description": "The client does not accept both JSON and events."},
    413: {"content": _PROBLEM, "description": "The body is too large."},
    415: {"content": _PROBLEM, "description": "The body is not JSON."},
    503: {"content": _PROBLEM, "description": "A part that is needed cannot answer now."},
}


def routes(gateway: Gateway, instances: Instances, who: Who, settings: Settings) -> APIRouter:
    router = APIRouter(tags=["mcp"])
    server = AgentServer(gateway, instances, brand=settings.brand_name, version=__version__)
    own = _origin(settings.base_url)

    @router.post("/mcp", response_class=Response, responses=_ANSWERS, openapi_extra=_MESSAGE)
    async def mcp(request: Request, caller: Annotated[Caller, Depends(who.programs)]) -> Response:
        """The Model Context Protocol over streamable HTTP. Every agent whose plan has MCP is a tool. A session is a name alone."""
        origin = request.headers.get("origin")
        if origin is not None and _origin(origin) != own:
            raise Forbidden("Assistants connect from a program, not from a page.", code="foreign_origin")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise UnsupportedMedia("Messages are application/json.")
        body = await request.body()
        try:
            # Stricter than the SDK, to which some of what is refused here would be a fault of ours: nesting without end, half a character.
            message = from_json(body, allow_inf_nan=False)
        except ValueError:
            return JSONResponse(_PARSE_ERROR, 400)
        request.state.caller = caller = replace(caller, door=Door.MCP)
        request.state.mcp_session = session = sessions.session(request.headers.get(sessions.HEADER), message)
        if given_up := sessions.given_up(session, message):
            await gateway.give_up(caller, given_up)
        return _Answered(server, body)

    @router.api_route("/mcp", methods=["GET", "DELETE"], include_in_schema=False, dependencies=[Depends(who.public)])
    async def no_stream_and_no_session() -> Response:
        """What the protocol wants to be said by a server that keeps no sessions. Written out, because beneath us is a site with files."""
        return Response(status_code=405, headers={"Allow": "POST"})

    return router


class _Answered(Response):
    """An answer that the SDK writes."""

    def __init__(self, server: AgentServer, body: bytes) -> None:
        super().__init__()
        self._server, self._question = server, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        again: list[Message] = [{"type": "http.request", "body": self._question, "more_body": False}]

        async def read() -> Message:
            return again.pop() if again else await receive()

        await self._server.serve(scope, read, send)


def _origin(url: str) -> tuple[str, str] | None:
    """None for what is no address: a program can send anything as its Origin."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc
