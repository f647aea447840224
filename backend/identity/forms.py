"""The same route serves a page's plain form and a program's JSON: what was sent is read here, and answered in kind."""

from __future__ import annotations

import json
from typing import TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError

from backend.identity.policy import SESSION_ABSOLUTE, local_path
from backend.identity.sessions import COOKIE
from backend.kernel.errors import DomainError, Invalid, TooLarge, UnsupportedMedia
from backend.settings import Settings

S = TypeVar("S", bound=BaseModel)
HOME = "/app"
MAX_BODY = 16 * 1024
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").split(";")[0].strip().lower() in _FORMS


async def read(request: Request, schema: type[S]) -> S:
    """Raises Invalid with fields, TooLarge, UnsupportedMedia, and DomainError `malformed_json`."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        raise TooLarge("That is more than a sign-in form holds.")
    try:
        return schema.model_validate(dict(await request.form()) if is_form(request) else await _json(request))
    except ValidationError as fault:
        fields = {str(error["loc"][0]) if error["loc"] else "body": error["msg"] for error in fault.errors()}
        raise Invalid("Some fields are missing or wrong.", fields=fields) from None


async def _json(request: Request) -> object:
    if not request.headers.get("content-type", "application/json").startswith("application/json"):
        raise UnsupportedMedia("Send a form or JSON.")
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise DomainError("The body is not valid JSON.", code="malformed_json") from None


def onward(wanted: str) -> RedirectResponse:
    """To where the person was going, if that is a page of ours."""
    return RedirectResponse(local_path(wanted, HOME), 303)


def back(page: str, error: DomainError, wanted: str, email: str) -> RedirectResponse:
    """To the form again, with the error's code, where the person was going, and what they typed but for the password."""
    query = {"error": error.code, "next": local_path(wanted, ""), "email": email, "field": next(iter(error.fields), "")}
    return RedirectResponse(f"{page}?{urlencode({key: value for key, value in query.items() if value})}", 303)


def remember(response: Response, token: str, settings: Settings) -> None:
    response.set_cookie(
        COOKIE, token, max_age=int(SESSION_ABSOLUTE.total_seconds()), httponly=True, samesite="lax", secure=settings.secure_cookies
    )


def forget(response: Response, settings: Settings) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=settings.secure_cookies)
