"""What every operation may answer besides its success, told in the API's own description: by who may call it and what it takes.

The doors that speak another protocol (OpenAI's, MCP) tell their errors themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.problem import Problem

Json = dict[str, Any]
OWN_WORDS = {"openai", "mcp"}
"""Tags of the doors with errors of their own."""
PROBLEM: Json = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
ANSWERS = {
    400: "The body is no JSON.",
    401: "Nobody, or a key or session that counts no more.",
    402: "Not enough credits, or a budget is used up; the detail says which, and how to mend it.",
    403: "Your role, your key or the page that asks does not allow this.",
    404: "There is no such thing, or it belongs to somebody else.",
    409: "It cannot be done in the state that things are in.",
    413: "The body is too large.",
    415: "The body is of a kind that is not taken here.",
    422: "Something is missing or wrong; `errors` names it.",
    429: "Too much at once; `Retry-After` says when it is worth trying again.",
    502: "The shop answered with a failure.",
    503: "A part that is needed cannot answer now.",
}
_KEY: Json = {"type": "http", "scheme": "bearer", "description": "An API key of a workspace, or a widget's token."}


def install(app: FastAPI) -> None:
    """Let `app.openapi()` tell what `answers` says of each operation."""
    plain = app.openapi
    told: dict[str, Json] = {}

    def described() -> Json:
        schema = plain()
        if told.get("whole") is not schema:
            _complete(schema, {key: access for route in _routes(app.routes) for key, access in _access(route)})
            told["whole"] = schema
        return schema

    app.openapi = described  # type: ignore[method-assign]


def answers(method: str, operation: Json, access: str) -> set[int]:
    """The statuses of the problems that may be the answer. access: as a dependency of `doors` words it."""
    by_member, changes, takes_body = access not in {"public", "signed"}, method != "GET", "requestBody" in operation
    rules: tuple[tuple[bool, set[int]], ...] = (
        (by_member, {401, 403, 503}),
        (access == "signed", {401, 413, 503}),
        (access == "operator", {502}),
        (takes_body, {400, 413, 415, 422, 503}),
        (bool(operation.get("parameters")), {422}),
        (any(part["in"] == "path" for part in operation.get("parameters", ())), {404}),
        (changes, {403}),
        (changes and (by_member or takes_body), {409}),
        (changes and "runs" in access, {402, 404, 429}),
        (changes and not by_member and takes_body, {401, 404, 429}),
    )
    return {status for holds, statuses in rules if holds for status in statuses}


def _complete(schema: Json, access: dict[tuple[str, str], str]) -> None:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    told = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= told.pop("$defs", {}) | {"Problem": told}
    schema["components"]["securitySchemes"] = {"key": _KEY}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            allowed = access[method.upper(), path]
            if allowed not in {"public", "signed"}:
                operation["security"] = [{"key": []}]
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                # FastAPI's own words, which nobody here is ever answered with.
                del operation["responses"]["422"]
            if not OWN_WORDS & set(operation.get("tags", ())):
                _tell(operation, answers(method.upper(), operation, allowed))


def _tell(operation: Json, statuses: set[int]) -> None:
    for status in sorted(statuses):
        operation["responses"].setdefault(str(status), {"description": ANSWERS[status], "content": PROBLEM})


def _routes(routes: Sequence[object]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from _routes(included.routes)


def _access(route: APIRoute) -> Iterator[tuple[tuple[str, str], str]]:
    for access in _declared(route.dependant):
        for method in route.methods or ():
            yield (method, route.path_format), access


def _declared(dependant: Dependant) -> Iterator[str]:
    if access := getattr(dependant.call, "access", None):
        yield str(access)
    for child in dependant.dependencies:
        yield from _declared(child)
