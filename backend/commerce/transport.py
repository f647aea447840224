"""gql over an httpx client that we own: one client for the life of the process, whatever httpx transport is under it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import httpx
from gql import GraphQLRequest
from gql.transport import AsyncTransport
from gql.transport.exceptions import TransportConnectionFailed, TransportProtocolError, TransportServerError
from graphql import DocumentNode, ExecutionResult, print_ast

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 15.0
"""A payment service may stand behind the shop, so an answer may take a while; a connection may not."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for the variable at `path` ("variables.input.image")."""

    path: str
    name: str
    content: bytes
    media_type: str


class HttpxTransport(AsyncTransport):  # type: ignore[misc]
    """gql ships one too, but it picks its own HTTP library, so the in-process transport could not be handed to it."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None, *, seconds: float = ANSWER_SECONDS) -> None:
        self._url, self._seconds = url, seconds
        timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        self._client = httpx.AsyncClient(transport=transport, timeout=timeout, headers={"Accept": "application/json"})

    async def connect(self) -> None:
        """Nothing to do: connections are opened as they are needed, and kept."""

    async def close(self) -> None:
        await self._client.aclose()

    async def execute(
        self, request: GraphQLRequest, *, headers: dict[str, str] | None = None, upload: Upload | None = None
    ) -> ExecutionResult:
        """Raises TransportConnectionFailed without an answer, TransportServerError for 5xx, TransportProtocolError for nonsense."""
        body = {"query": _source(request.document), "operationName": request.operation_name, "variables": request.variable_values or {}}
        try:
            # httpx counts each wait by itself; this bounds the whole, and the in-process transport, which knows no timeout.
            async with asyncio.timeout(self._seconds):
                answer = await self._client.post(self._url, headers=headers, **_content(body, upload))
        except (httpx.TransportError, TimeoutError) as fault:
            raise TransportConnectionFailed(f"{type(fault).__name__} {fault}".strip()) from fault
        if answer.status_code >= 500:
            raise TransportServerError(f"HTTP {answer.status_code}", answer.status_code)
        return _read(answer)

    def subscribe(self, request: GraphQLRequest) -> AsyncGenerator[ExecutionResult, None]:
        raise TransportProtocolError("the shop is asked over plain HTTP, which has no subscriptions")


def _content(body: dict[str, Any], upload: Upload | None) -> dict[str, Any]:
    """JSON, or with a file the form of the GraphQL multipart request specification."""
    if upload is None:
        return {"json": body}
    form = {"operations": json.dumps(body), "map": json.dumps({"0": [upload.path]})}
    return {"data": form, "files": {"0": (upload.name, upload.content, upload.media_type)}}


def _read(answer: httpx.Response) -> ExecutionResult:
    try:
        said = json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        raise TransportProtocolError(f"HTTP {answer.status_code}, not JSON") from None
    if not isinstance(said, dict) or not ("data" in said or "errors" in said):
        raise TransportProtocolError(f"HTTP {answer.status_code}, not a GraphQL answer")
    return ExecutionResult(data=said.get("data"), errors=said.get("errors"), extensions=said.get("extensions"))


@lru_cache(maxsize=256)
def _source(document: DocumentNode) -> str:
    return print_ast(document)
