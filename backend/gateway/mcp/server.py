"""The protocol's side of the door, by the official SDK: lists tools, calls them, tells progress."""

from __future__ import annotations

import logging
from typing import Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.session import ServerSession
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.shared.context import RequestContext
from mcp.shared.exceptions import McpError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from backend.control_plane.instances import Instances
from backend.gateway.begun import Begun
from backend.gateway.capacity import overloaded
from backend.gateway.mcp import sessions, tools
from backend.gateway.service import Gateway
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError, Unavailable

log = logging.getLogger(__name__)
INSTRUCTIONS = (
    "Each tool is an agent that answers questions from its owner's documents. Pass `session_id` of an answer to go on with its "
    "conversation. Each answer costs credits of the owner; what a call may cost is said with the tool and can be capped by `max_credits`."
)
Context = RequestContext[ServerSession, Any, Request]


class AgentServer:
    """`serve` needs a scope whose `state` has the caller and the session, see `sessions`."""

    def __init__(self, gateway: Gateway, instances: Instances, *, brand: str, version: str) -> None:
        self._gateway, self._instances = gateway, instances
        self._server: Server[Any, Request] = Server(brand, version=version, instructions=INSTRUCTIONS)
        self._server.request_handlers[types.ListToolsRequest] = self._list
        self._server.request_handlers[types.CallToolRequest] = self._call

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request. A call whose client goes away goes on, settles, and is kept like any run; one that the client gives up
        is stopped."""
        transport = StreamableHTTPServerTransport(mcp_session_id=scope["state"]["mcp_session"])
        async with transport.connect() as (read, write), anyio.create_task_group() as work:
            work.start_soon(self._speak, read, write)
            try:
                await transport.handle_request(scope, receive, send)
            finally:
                with anyio.CancelScope(shield=True):
                    await transport.terminate()
                work.cancel_scope.cancel()

    async def _speak(self, read: Any, write: Any) -> None:
        await self._server.run(read, write, self._server.create_initialization_options(), stateless=True)

    async def _list(self, _: types.ListToolsRequest) -> types.ServerResult:
        agents = await self._instances.list(self._caller)
        return types.ServerResult(types.ListToolsResult(tools=tools.listed(agents)))

    async def _call(self, request: types.CallToolRequest) -> types.ServerResult:
        """Raises McpError for a tool there is not; every refusal and failure of a run is a result that the assistant can read."""
        context, caller = self._server.request_context, self._caller
        try:
            if self._gateway.full:
                raise overloaded()
            agent = tools.named(await self._instances.list(caller), request.params.name)
            if agent is None:
                raise McpError(types.ErrorData(code=types.INVALID_PARAMS, message="There is no such tool."))
            asked = tools.asked(request.params.arguments or {})
            begun = await self._gateway.begin(caller, asked.command(agent.id, self._called(context.request_id)))
            return types.ServerResult(tools.result(await _followed(begun, context)))
        except DomainError as error:
            return types.ServerResult(tools.refusal(error))
        except McpError:
            raise
        except Exception:
            log.exception("an MCP call broke")
            return types.ServerResult(tools.refused("internal", "Something went wrong on our side."))

    def _called(self, request_id: types.RequestId) -> str:
        request = self._server.request_context.request
        return sessions.called(request.state.mcp_session if request else None, request_id)

    @property
    def _caller(self) -> Caller:
        request = self._server.request_context.request
        assert request is not None, "every message here came by HTTP"
        caller: Caller = request.state.caller
        return caller


async def _followed(begun: Begun, context: Context) -> Any:
    """The run's end, as JSON. Meanwhile each piece of the answer is told as progress, in characters, to who asked for it."""
    token, told = context.meta.progressToken if context.meta else None, 0
    async for event in begun.follow():
        if event is None:
            continue
        if event.name == "token" and token is not None and event.data["text"]:
            piece = event.data["text"]
            told += len(piece)
            await context.session.send_progress_notification(token, told, message=piece, related_request_id=str(context.request_id))
        elif event.name in {"run.completed", "run.failed"}:
            return event.data
    raise Unavailable("The run's end is not known here. Read it later.")
