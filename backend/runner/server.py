"""A runner in a process of its own, for the gateway's eyes only: `POST /run` answers a job with lines of JSON.

`GET /health` says that the process is alive, `GET /ready` whether it takes runs. A connection that closes ends its run.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncGenerator
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.runner import wire
from backend.runner.flows import FlowFiles
from backend.runner.outbox import Outbox, TooSlow
from backend.runner.ports import Event, Job, Runner

_LINES = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]


class TooLarge(Exception):
    """A job of more than `wire.MAX_JOB` bytes."""


class Gone(Exception):
    """Whoever asked has left."""


def application(runner: Runner, flows: FlowFiles, token: str) -> ASGIApp:
    """token: what a gateway shows as its Bearer. The runner starts and stops with the server."""
    shown = f"Bearer {token}".encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(runner, receive, send)
            return
        if scope["type"] != "http":
            return
        asked = scope["method"], scope["path"]
        if asked == ("GET", "/health"):
            await _say(send, 200, "ok")
        elif not hmac.compare_digest(_authorization(scope), shown):
            await _say(send, 401, "this is for the gateway alone")
        elif asked == ("GET", "/ready"):
            await _say(send, 503 if runner.health() else 200, runner.health() or "ok")
        elif asked == ("POST", "/run"):
            await _run(runner, flows, receive, send)
        else:
            await _say(send, 404, "there is POST /run, GET /ready and GET /health")

    return app


async def _run(runner: Runner, flows: FlowFiles, receive: Receive, send: Send) -> None:
    try:
        job = wire.read_job(await _body(receive), flows)
    except Gone:
        return
    except TooLarge:
        await _say(send, 413, f"a job has at most {wire.MAX_JOB} bytes")
    except wire.UnknownFlow as fault:
        await _say(send, 409, f"no such version of the flow {fault}")
    except ValueError as fault:
        await _say(send, 400, str(fault)[:300])
    else:
        await _answer(runner, job, receive, send)


async def _answer(runner: Runner, job: Job, receive: Receive, send: Send) -> None:
    """The run goes on at its own pace; it ends when it is over, or with its reader."""
    outbox, begun = Outbox(), False

    async def forward(lines: bytes, more: bool) -> None:
        nonlocal begun
        if not begun:
            begun = True
            await send({"type": "http.response.start", "status": 200, "headers": _LINES})
        await send({"type": "http.response.body", "body": lines, "more_body": more})

    running = asyncio.create_task(outbox.fill(cast("AsyncGenerator[Event, None]", runner.stream(job))))
    sending = asyncio.create_task(outbox.empty(forward))
    leaving = asyncio.create_task(_left(receive))
    tasks = (running, sending, leaving)
    try:
        # A run that is over leaves only the sending to wait for; one that broke is over for its reader too.
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if running.done() and running.exception() is None:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for fault in ended:
        if isinstance(fault, Exception) and not isinstance(fault, TooSlow):
            raise fault


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _body(receive: Receive) -> bytes:
    """Raises TooLarge as soon as it is, and Gone."""
    parts, length, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > wire.MAX_JOB:
            raise TooLarge
        more = message.get("more_body", False)
    return b"".join(parts)


async def _live(runner: Runner, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await runner.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await runner.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _say(send: Send, status: int, words: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})


def _authorization(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name == b"authorization"), b"")
