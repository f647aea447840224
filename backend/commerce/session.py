"""Asks the shop one operation at a time, and turns every way it can go wrong into an error of the domain."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gql import GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportError, TransportServerError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from backend.commerce.errors import NotPermitted
from backend.commerce.operations import FOLDER, Operation, known
from backend.commerce.transport import HttpxTransport, Upload
from backend.kernel.errors import Unavailable, UpstreamFailed

_log = logging.getLogger(__name__)
_TRIES = 3


class Session:
    """transport: the one HTTP client. folder: whose operations. Queries are sent up to three times when no answer comes; mutations once,
    always."""

    def __init__(self, transport: HttpxTransport, folder: Path = FOLDER) -> None:
        self._transport = transport
        self._operations = known(folder)

    async def close(self) -> None:
        await self._transport.close()

    async def ask(self, name: str, variables: Mapping[str, Any], *, token: str = "", upload: Upload | None = None) -> dict[str, Any]:
        """The operation's `data`. Raises Unavailable, UpstreamFailed, or NotPermitted when the token does not reach that far."""
        operation = self._operations[name]
        tries = AsyncRetrying(
            stop=stop_after_attempt(_TRIES if operation.repeatable else 1),
            wait=wait_random_exponential(multiplier=0.1, max=1),
            retry=retry_if_exception_type(Unavailable),
            reraise=True,
        )
        answer: dict[str, Any] = await tries(self._once, operation, dict(variables), token, upload)
        return answer

    async def _once(self, operation: Operation, variables: dict[str, Any], token: str, upload: Upload | None) -> dict[str, Any]:
        request = GraphQLRequest(operation.document, variable_values=variables, operation_name=operation.name)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        try:
            result = await self._transport.execute(request, headers=headers, upload=upload)
        except (TransportConnectionFailed, TransportServerError) as fault:
            _log.warning("shop: %s: %s", operation.name, fault)
            raise Unavailable("The shop cannot be reached right now. Try again in a moment.", code="shop_unavailable") from fault
        except TransportError as fault:
            _log.error("shop: %s: %s", operation.name, fault)
            raise UpstreamFailed("The shop gave an answer that makes no sense.", code="shop_failed") from fault
        if result.errors:
            raise _failure(operation.name, result.errors)
        if not isinstance(result.data, dict):
            raise UpstreamFailed("The shop gave an empty answer.", code="shop_failed")
        return result.data


def _failure(name: str, errors: Any) -> NotPermitted | UpstreamFailed:
    """For the `errors` beside `data`: a permission is missing, or we asked wrongly. Neither is the buyer's to mend."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = ((first.get("extensions") or {}).get("exception") or {}).get("code", "")
    _log.error("shop: %s: %s %s", name, code, first.get("message"))
    if code in {"PermissionDenied", "InvalidTokenError", "ExpiredSignatureError"}:
        return NotPermitted("The shop does not let this app do that. Install the app again.", said=str(first.get("message") or ""))
    return UpstreamFailed("The shop could not answer this.", code="shop_failed")
