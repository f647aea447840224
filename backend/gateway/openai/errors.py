"""Errors in OpenAI's shape. Here that protocol rules: its statuses and its code words where it has them, ours for the rest.

`cmp_code` is always our own word. `x-should-retry: false` keeps OpenAI's clients from repeating what would be refused again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from backend.gateway.openai.shapes import ErrorBody
from backend.kernel import errors
from backend.kernel.errors import DomainError
from backend.problem import MALFORMED, http_status

log = logging.getLogger(__name__)
INVALID, SERVER = "invalid_request_error", "server_error"
_NAMES = {"input.query": "input", "session_id": "conversation"}
"""Our fields that this door calls otherwise."""
_FAILED = {"timeout": 504, "unavailable": 503}
_HOPELESS = {"timeout", "too_long"}


def answer(error: DomainError) -> Response:
    """A refusal. Fields of the error name its `param`."""
    status, kind, code = _words(error)
    param = next((_NAMES.get(field, field) for field in error.fields), None)
    wait = error.retry_after if isinstance(error, errors.RateLimited | errors.Unavailable) else 0
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 409 or isinstance(error, errors.InsufficientCredits):
        headers["X-Should-Retry"] = "false"
    return _shaped(status, kind, code, error.detail, param=param, ours=error.code, headers=headers)


def failed(run: Mapping[str, Any], headers: Mapping[str, str], *, repeatable: bool) -> Response:
    """A run that was begun and failed; it cost nothing. repeatable: whether the same request would be a new run."""
    code, detail = run["error"]["code"], f"{run['error']['detail']} The run cost nothing."
    hopeless = {} if repeatable and code not in _HOPELESS else {"X-Should-Retry": "false"}
    return _shaped(_FAILED.get(code, 500), SERVER, code, detail, ours=code, headers={**headers, **hopeless})


def told(run: Mapping[str, Any]) -> ErrorBody:
    """The same in the middle of a stream, whose status has been sent."""
    error = run["error"]
    return ErrorBody(
        message=f"{error['detail']} The run cost nothing.", type=SERVER, param=None, code=error["code"], cmp_code=error["code"]
    )


def _words(error: DomainError) -> tuple[int, str, str]:
    """Status, type and code."""
    match error:
        case errors.Unauthenticated():
            return 401, INVALID, "invalid_api_key"
        case errors.InsufficientCredits():
            # What OpenAI says of an account without money, and what programs written for it look for.
            return 429, "insufficient_quota", "insufficient_quota"
        case errors.RateLimited():
            return 429, "rate_limit_error", "rate_limit_exceeded"
        case errors.TooLarge(code="input_too_large"):
            return 400, INVALID, "context_length_exceeded"
        case errors.NotFound(code="not_found"):
            return 404, INVALID, "model_not_found"
        case errors.Invalid():
            return 400, INVALID, "invalid_value" if error.code == "invalid" else error.code
    status = http_status(error)
    return status, SERVER if status >= 500 else INVALID, error.code


def _invalid(error: RequestValidationError) -> Response:
    fault = error.errors()[0]
    if fault["type"] == "json_invalid":
        return answer(MALFORMED)
    param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"][1:]).strip(".") or None
    codes = {"missing": "missing_required_parameter", "extra_forbidden": "unknown_parameter"}
    own = {"unsupported_parameter": "unsupported_parameter", "unsupported_value": "unsupported_value"}
    code = (codes | own).get(fault["type"], "invalid_value")
    words = f"Unknown parameter: '{param}'." if code == "unknown_parameter" else f"{fault['msg']}: '{param}'." if param else fault["msg"]
    return _shaped(400, INVALID, code, words, param=param, ours="invalid")


def _http(error: HTTPException) -> Response:
    if isinstance(error.__cause__, (ValueError, RecursionError)):
        return answer(MALFORMED)
    code = "too_large" if error.status_code == 413 else "http_error"
    return _shaped(error.status_code, INVALID, code, str(error.detail), ours=code)


def _shaped(
    status: int, kind: str, code: str, words: str, *, param: str | None = None, ours: str, headers: Mapping[str, str] | None = None
) -> Response:
    body = {"error": {"message": words, "type": kind, "param": param, "code": code, "cmp_code": ours}}
    # In ASCII: a parameter's name may be a stranger's, with half a surrogate pair in it, which UTF-8 cannot write.
    return Response(json.dumps(body), status, headers=dict(headers or {}), media_type="application/json")


class OpenAIRoute(APIRoute):
    """A route whose every error, whoever raises it, has OpenAI's shape."""

    def before(self) -> None:
        """Raises what refuses a request before any of it is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                self.before()
                return await inner(request)
            except DomainError as error:
                return answer(error)
            except RequestValidationError as error:
                return _invalid(error)
            except HTTPException as error:
                return _http(error)
            except Exception:
                log.exception("%s %s broke", request.method, request.url.path)
                return _shaped(500, SERVER, "internal", "Something went wrong on our side.", ours="internal")

        return handler
