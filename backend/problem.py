"""RFC 9457 problem+json: the one place where an error of the domain becomes an HTTP answer."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from backend.kernel import errors
from backend.kernel.errors import DomainError

HTTP_STATUS: dict[type[DomainError], int] = {
    DomainError: 400,
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.InsufficientCredits: 402,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.RateLimited: 429,
    errors.UpstreamFailed: 502,
    errors.Unavailable: 503,
}
NO_JSON = errors.UnsupportedMedia("Send the request as JSON, with Content-Type: application/json.")
MISSING = "Some fields are missing or wrong."
MALFORMED = DomainError("The body is not valid JSON.", code="malformed_json")


class Fault(BaseModel):
    field: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `detail` is for people and may change."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[Fault] | None = Field(None, description="What is wrong, by the name of the field.")


def http_status(error: DomainError) -> int:
    return next(HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)


def problem(error: DomainError, /, **members: Any) -> JSONResponse:
    """The answer for a domain error. Header `Retry-After` is set where the error says how long to wait. members: more of the body."""
    status = http_status(error)
    body: dict[str, Any] = {"type": "about:blank", "title": error.title, "status": status, "code": error.code, "detail": error.detail}
    body |= members
    if error.fields:
        body["errors"] = [{"field": field, "detail": detail} for field, detail in error.fields.items()]
    wait = error.retry_after if isinstance(error, errors.RateLimited | errors.Unavailable | errors.BudgetExhausted) else 0
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _Problem(body, status, headers=headers)


class _Problem(JSONResponse):
    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        """A field's name may be a stranger's, with half a surrogate pair in it, which UTF-8 cannot write."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def unforeseen() -> JSONResponse:
    """The answer when something broke that nobody foresaw. What it was is in the log, and no business of a stranger's."""
    return _Problem({"type": "about:blank", "title": "Something went wrong on our side", "status": 500, "code": "internal"}, 500)


def install(app: FastAPI) -> None:
    """Map every error that can leave a route of `app`."""

    async def domain(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DomainError)
        return problem(error)

    async def validation(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        if any(fault["type"] == "json_invalid" for fault in error.errors()):
            return problem(MALFORMED)
        if isinstance(error.body, bytes):
            # Left as it came, for it does not say that it is JSON.
            return problem(NO_JSON)
        fields = {".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]): fault["msg"] for fault in error.errors()}
        return problem(errors.Invalid(MISSING, fields=fields))

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, (ValueError, RecursionError)):
            # FastAPI's words for a body that is not even text, or is nested without end.
            return problem(MALFORMED)
        codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        code = codes.get(error.status_code, "http_error")
        body = {"type": "about:blank", "title": str(error.detail), "status": error.status_code, "code": code}
        return _Problem(body, error.status_code, headers=error.headers)

    async def broken(_: Request, __: Exception) -> JSONResponse:
        return unforeseen()

    app.add_exception_handler(DomainError, domain)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, broken)
