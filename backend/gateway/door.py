"""`POST /v1/runs`, served before any framework is asked: a run costs less than the layers around a route would.

What the route in `api` says of it holds here too, for both hand the same request to the same `reply`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import Request
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.bounds import MAX_BODY, WORDS
from backend.doors import Members
from backend.gateway import policy, sse
from backend.gateway.begun import Begun
from backend.gateway.capacity import overloaded
from backend.gateway.rendering import run_json
from backend.gateway.schemas import RunIn, RunOut
from backend.gateway.views import RunCommand, RunView
from backend.kernel.caller import Caller, Door
from backend.kernel.errors import DomainError, Invalid, TooLarge
from backend.problem import MALFORMED, MISSING, NO_JSON, problem, unforeseen

log = logging.getLogger(__name__)
PATH = "/v1/runs"
JSON, EVENTS = "application/json", "text/event-stream; charset=utf-8"
_BEARER = b"Bearer "
Known = Callable[[str], Caller | None]
"""Who came with this token a moment ago; asks nothing and never waits."""


class Runs(Protocol):
    @property
    def full(self) -> bool: ...
    async def begin(self, caller: Caller, command: RunCommand) -> Begun: ...
    async def get(self, caller: Caller, run_id: str) -> RunView: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """body: all of it, or what comes."""

    body: bytes | AsyncIterator[bytes]
    status: int = 200
    type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


async def reply(runs: Runs, caller: Caller, wanted: RunIn, idempotency_key: str | None) -> Reply:
    """Run the agent and answer in the way that was asked for. Raises what `Gateway.begin` raises."""
    begun = await runs.begin(caller, wanted.command(idempotency_key))
    headers = {"Idempotency-Replayed": "true"} if begun.repeated else {}
    if wanted.background:
        view = await runs.get(caller, begun.run_id)
        return Reply(_json(view, caller), 202, headers=headers | {"Location": f"{PATH}/{begun.run_id}"})
    if wanted.stream:
        return Reply(sse.lines(begun), type=EVENTS, headers=headers | sse.HEADERS)
    run = await begun.result()
    return Reply(_json(run, caller), headers=headers)


class RunDoor:
    """who: who may ask."""

    def __init__(self, app: ASGIApp, runs: Runs, who: Members, known: Known) -> None:
        self._app, self._runs, self._who, self._known = app, runs, who, known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except DomainError as error:
            await problem(error)(scope, receive, send)
        except Exception:
            log.exception("a run could not be begun")
            await unforeseen()(scope, receive, send)
        else:
            await _send(answer, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        if self._runs.full:
            raise overloaded()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        bearer = headers.get(b"authorization", b"")
        known = self._known(bearer[len(_BEARER) :].decode("latin-1")) if bearer.startswith(_BEARER) else None
        caller = self._who.admit(known) if known else await self._who(Request(scope))
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != JSON.encode() and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
            raise NO_JSON
        wanted = parsed(await _body(headers.get(b"content-length", b""), receive))
        key = headers.get(b"idempotency-key")
        return await reply(self._runs, caller, wanted, key.decode("latin-1") if key is not None else None)


def parsed(body: bytes) -> RunIn:
    """Raises Invalid, naming the fields, and a DomainError for what is no JSON."""
    if not body:
        raise Invalid(MISSING, fields={"body": "Field required"})
    try:
        return RunIn.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        if any(fault["type"] == "json_invalid" for fault in faults):
            raise MALFORMED from None
        fields = {".".join(str(part) for part in fault["loc"]) or "body": fault["msg"] for fault in faults}
        raise Invalid(MISSING, fields=fields) from None


async def _body(declared: bytes, receive: Receive) -> bytes:
    if declared.isdigit() and (len(declared) > 18 or int(declared) > MAX_BODY):
        raise TooLarge(WORDS)
    message: Message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise TooLarge(WORDS)
    return bytes(body)


async def _send(answer: Reply, send: Send) -> None:
    headers = [(b"content-type", answer.type.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if isinstance(answer.body, bytes):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if isinstance(answer.body, bytes):
        await send({"type": "http.response.body", "body": answer.body})
        return
    async for piece in answer.body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def told(run: RunView, caller: Caller) -> RunView:
    """The run as its caller may see it."""
    return policy.without_cost(run) if caller.door is Door.WIDGET else run


def _json(run: RunView, caller: Caller) -> bytes:
    run = told(run, caller)
    try:
        return run_json(run)
    except TypeError:
        # A question may hold half a surrogate pair, which UTF-8 cannot write.
        return RunOut.of(run).model_dump_json().encode("utf-8", "replace")
