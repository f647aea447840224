"""A small OpenAI-compatible server over real HTTP: streams words, reports usage, refuses the key `sk-refused`, keeps what it was sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 70, "completion_tokens": 5, "total_tokens": 75}


class FakeOpenAI:
    """answer: what it says, a word at a time. hold: it stops after the first word until this is set."""

    def __init__(self) -> None:
        self.answer = "You may return it [1]"
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.gone = asyncio.Event()

    async def __aenter__(self) -> FakeOpenAI:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        self._runner = web.AppRunner(app, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hold.set()
        await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers["authorization"].removeprefix("Bearer "))
        if self.keys[-1] == "sk-refused":
            fault = {"message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}
            return web.json_response({"error": fault}, status=401)
        assert body["stream"]
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        try:
            await self._speak(response, body)
        except (asyncio.CancelledError, ConnectionError):
            self.gone.set()
            raise
        return response

    async def _speak(self, response: web.StreamResponse, body: dict[str, Any]) -> None:
        base = {"id": "chatcmpl-1", "created": 1, "model": body["model"], "object": "chat.completion.chunk"}
        for word in self.answer.split(" "):
            delta = {"role": "assistant", "content": word + " "}
            await self._send(response, base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            await self.hold.wait()
        await self._send(response, base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if (body.get("stream_options") or {}).get("include_usage"):
            await self._send(response, base | {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")

    @staticmethod
    async def _send(response: web.StreamResponse, chunk: dict[str, Any]) -> None:
        await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
