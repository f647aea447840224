"""The shop as an ASGI app: `POST /graphql/`."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ariadne import SchemaBindable, graphql
from graphql import GraphQLError, GraphQLSchema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.shop import about, limits
from backend.shop.catalogue import api as catalogue
from backend.shop.checkout import api as checkout
from backend.shop.completion import api as completion
from backend.shop.context import AppPrincipal, EventSink, ShopContext
from backend.shop.errors import BadRequest, Denied
from backend.shop.limits import MAX_BODY
from backend.shop.metadata import api as metadata
from backend.shop.metadata import private
from backend.shop.orders import api as orders
from backend.shop.payments import api as payments
from backend.shop.schema import executable_schema
from backend.shop.vouchers import api as vouchers

_log = logging.getLogger(__name__)
_unused = logging.getLogger(f"{__name__}.ariadne")
_unused.addFilter(lambda _: False)
"""Ariadne logs each error with the query in it, a refused permission too. `_shown` logs the ones that are ours to mend, without it."""

BINDABLES: tuple[SchemaBindable, ...] = tuple(
    bindable
    for room in (about, catalogue, checkout, completion, metadata, orders, payments, private, vouchers)
    for bindable in room.bindables
)
"""Every resolver but those of apps and webhooks, which are given to `create_shop`."""

ResolveApp = Callable[[str | None], Awaitable[AppPrincipal | None]]


def create_shop(
    database: Database,
    clock: Clock,
    *,
    events: EventSink,
    resolve_app: ResolveApp,
    public_url: str,
    bindables: Sequence[SchemaBindable] = (),
) -> Starlette:
    """resolve_app: the app that a bearer token belongs to; None for no token and for a wrong one. `state.schema` is what it executes."""
    schema = executable_schema([*BINDABLES, *bindables])

    async def answer(request: Request) -> Response:
        app = await resolve_app(_bearer(request.headers.get("authorization")))
        context = ShopContext(database, clock, events, app, public_url.rstrip("/"))
        return await _answer(schema, request, context)

    server = Starlette(routes=[Route("/graphql/", answer, methods=["POST"])])
    server.state.schema = schema
    return server


def _bearer(header: str | None) -> str | None:
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() in {"bearer", "jwt"} else None


async def _answer(schema: GraphQLSchema, request: Request, context: ShopContext) -> Response:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return _refusal(413, f"The request is larger than {MAX_BODY} bytes.")
    if rb"\u0000" in body:
        return _refusal(400, "The request holds a null character, which no text here may.")
    try:
        asked = json.loads(body)
        # Half a surrogate pair is valid JSON, but no text that can be kept or sent on.
        json.dumps(asked, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return _refusal(400, "The request body is not JSON.")
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return _refusal(400, "Must provide a query string.")
    understood, answer = await graphql(
        schema, asked, context_value=context, error_formatter=_shown, query_parser=limits.read, query_validator=limits.check, logger=_unused
    )
    return JSONResponse(answer, status_code=200 if understood else 400)


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"errors": [{"message": message, "extensions": {"exception": {"code": "GraphQLError"}}}]}, status_code=status)


def _shown(error: GraphQLError, _debug: bool = False) -> dict[str, Any]:
    """An error as Saleor formats it. What we did not foresee is logged whole and told to nobody."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    match cause:
        case Denied():
            code = "PermissionDenied"
        case GraphQLError() | BadRequest():
            code = "GraphQLError"
        case _ if error.path is None:
            # Refused before any resolver ran: a variable that its scalar could not read.
            code = "GraphQLError"
        case _:
            _log.error("a resolver failed", exc_info=cause)
            return {**error.formatted, "message": "Internal Server Error", "extensions": {"exception": {"code": type(cause).__name__}}}
    return {**error.formatted, "extensions": {"exception": {"code": code}}}
