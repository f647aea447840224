"""A customer's page on one origin and a small API on another, both on this computer: what the widget meets on a visit."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

SCRIPT = Path(__file__).resolve().parents[2] / "assets" / "widget.js"
HANDBOOK = {"n": 1, "document_id": "doc_1", "document_name": "Handbook.pdf", "place": "p. 4", "quote": "All makes."}
ANSWER = "Yes, **all makes**. A full service takes two working days. [1]\n\n- See [prices](https://example.com/prices)\n- Call us"
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> [tap](javascript:window.hacked=1) [1]'


@dataclass
class Api:
    """What the API was asked, and how it is to answer. gate: lets a slow answer go on."""

    allowed: str = ""
    tokens: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    refuse: int = 0
    gate: threading.Event = field(default_factory=threading.Event)

    def app(self) -> Starlette:
        routes = [
            Route("/widget.js", lambda _: FileResponse(SCRIPT)),
            Route("/v1/widget/session:init", self.open, methods=["POST"]),
            Route("/v1/runs", self.run, methods=["POST"]),
            Route("/v1/runs/{run_id}:cancel", self.cancel, methods=["POST"]),
        ]
        cors = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["POST"], allow_headers=["*"], expose_headers=["Retry-After"])
        return Starlette(routes=routes, middleware=[cors])

    async def open(self, request: Request) -> Response:
        if request.headers.get("origin") != self.allowed:
            return JSONResponse({"code": "foreign_origin"}, 403)
        self.tokens.append(f"cmpw_{len(self.tokens)}")
        ends = datetime.now(UTC) + timedelta(hours=1)
        words = {"title": "Ask the workshop", "greeting": "Hello. Ask about repairs.", "contact_email": "help@example.com"}
        ids = {"token": self.tokens[-1], "instance_id": "inst_1", "session_id": "conv_1", "expires_at": ends.isoformat()}
        return JSONResponse(words | ids)

    async def run(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return JSONResponse({"code": "unauthenticated"}, 401)
        if self.refuse:
            return JSONResponse({"code": "refused"}, self.refuse, headers={"Retry-After": "12"})
        self.runs.append(await request.json())
        self.keys.append(request.headers["idempotency-key"])
        return StreamingResponse(self._answer(self.runs[-1]["input"]["query"]), media_type="text/event-stream")

    async def cancel(self, request: Request) -> Response:
        self.cancelled.append(request.path_params["run_id"])
        self.gate.set()
        return JSONResponse({})

    async def _answer(self, query: str) -> AsyncIterator[bytes]:
        text = HOSTILE if query == "hostile" else ANSWER
        yield _event(1, "run.started", {"id": "run_1"})
        yield _event(2, "token", {"text": text[:12]})
        if query == "slow":
            await asyncio.to_thread(self.gate.wait, 20)
        if query == "broken":
            return
        if self.cancelled:
            yield _event(3, "run.completed", {"id": "run_1", "status": "cancelled", "output": {"text": text[:12], "sources": []}})
            return
        if query == "failed":
            yield _event(3, "run.failed", {"id": "run_1", "status": "failed", "error": {"code": "crashed"}})
            return
        yield _event(3, "token", {"text": text[12:]})
        yield _event(4, "source", HANDBOOK)
        yield _event(5, "run.completed", {"id": "run_1", "status": "succeeded", "output": {"text": text, "sources": [HANDBOOK]}})


def _event(number: int, name: str, data: dict[str, Any]) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


class Served:
    """An application on a free port of its own, for as long as the `with` lasts."""

    def __init__(self, app: Starlette) -> None:
        self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.02)
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def site(api_url: str) -> Starlette:
    """A page with styles of its own that must not reach the widget, and a policy that allows no style element of others."""
    style = "body{margin:0;background:#fbf6ee;font:20px/2 serif}button,textarea{all:unset;color:red;font-size:40px}"
    page = f"""<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Bicycle Workshop</title><link rel="stylesheet" href="/site.css">
<h1>Your bicycle, ready by Thursday.</h1><p><a href="/">Repairs</a></p>
<script src="{api_url}/widget.js" data-widget="wid_1" async></script></html>"""
    policy = {"Content-Security-Policy": f"default-src 'self'; script-src {api_url}; connect-src {api_url}; style-src 'self'"}
    return Starlette(
        routes=[
            Route("/", lambda _: HTMLResponse(page, headers=policy)),
            Route("/site.css", lambda _: Response(style, media_type="text/css")),
            Route("/favicon.ico", lambda _: Response(status_code=204)),
        ]
    )
