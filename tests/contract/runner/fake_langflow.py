"""A small Langflow server over real HTTP, shaped by recorded answers of 1.13.0: bare JSON objects, no `data:`, failures under HTTP 200."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.contract.runner.component import extractive

KEY = "sk-langflow-of-the-test"
UI = "<!doctype html><html><head><title>Langflow</title></head><body><div id='root'></div></body></html>"
Emit = Callable[[str, dict[str, Any]], Awaitable[None]]
Flow = Callable[[dict[str, Any], dict[str, str], Emit], Awaitable[tuple[str, dict[str, int] | None]]]


class ComponentFailed(Exception):
    pass


def message(text: str, session: str, usage: dict[str, int] | None = None) -> dict[str, Any]:
    properties = {"state": "complete", "source": {"id": "n", "display_name": "n", "source": "n"}, "usage": usage}
    data = {"text": text, "sender": "Machine", "sender_name": "AI", "session_id": session, "error": False, "properties": properties}
    return {"text_key": "text", "data": data, "default_value": "", **data}


class FakeLangflow:
    """flows: what each answers, by its endpoint name. asked: the bodies received. gone: a client went away in the middle of a run."""

    def __init__(self) -> None:
        self.flows: dict[str, Flow] = {"knowledge-base-agent": self._extractive, "knowledge-base-agent-model": self._model}
        self.asked: list[dict[str, Any]] = []
        self._answer = extractive().answer

    async def __aenter__(self) -> FakeLangflow:
        app = web.Application()
        app.router.add_post("/api/v1/run/{flow}", self._run)
        app.router.add_get("/api/v1/version", self._version)
        app.router.add_route("*", "/{path:.*}", self._page)
        self._runner = web.AppRunner(app, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": "1.13.0", "main_version": "1.13.0", "package": "Langflow"})

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=UI, content_type="text/html")

    async def _run(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["flow"]
        if request.headers.get("x-api-key") != KEY:
            return web.json_response({"detail": "Invalid or missing API key"}, status=403)
        if name not in self.flows:
            return web.json_response({"detail": f"Flow identifier {name} not found"}, status=404)
        body = await request.json()
        self.asked.append(body)
        prefix = "x-langflow-global-var-"
        variables = {key[len(prefix) :].upper(): value for key, value in request.headers.items() if key.lower().startswith(prefix)}
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)

        async def emit(kind: str, data: dict[str, Any]) -> None:
            await response.write(json.dumps({"event": kind, "data": data}).encode() + b"\n\n")

        await self._perform(self.flows[name], body, variables, emit)
        return response

    async def _perform(self, flow: Flow, body: dict[str, Any], variables: dict[str, str], emit: Emit) -> None:
        session = body["session_id"]
        await emit("add_message", message(body["input_value"], session))
        try:
            text, usage = await flow(body, variables, emit)
        except ComponentFailed as fault:
            words = f"Error running graph: Error building Component X: \n\n{fault}"
            await emit("error", message(f"{fault}\n", session))
            await emit("error", {"error": f"500: {json.dumps({'message': words, 'traceback': None, 'code': None})}"})
            return
        answer = message(text, session, usage)
        await emit("add_message", answer)
        outputs = [{"inputs": {"input_value": body["input_value"]}, "outputs": [{"results": {"message": answer}}]}]
        await emit("end", {"result": {"session_id": session, "outputs": outputs}})

    async def _extractive(self, body: dict[str, Any], _: dict[str, str], emit: Emit) -> tuple[str, None]:
        fields = body["tweaks"]["ExtractiveAnswer-own"]
        return self._answer(body["input_value"], "", json.loads(fields["passages"]), "quotes"), None

    async def _model(self, body: dict[str, Any], variables: dict[str, str], emit: Emit) -> tuple[str, dict[str, int]]:
        """What the model component does: ask the server it was given, hand on each token."""
        content = body["tweaks"]["GroundedPrompt-own"]["passages"]
        ask = {"model": body["tweaks"]["OpenAIModel-answer"]["model_name"], "stream": True, "stream_options": {"include_usage": True}}
        ask["messages"] = [{"role": "user", "content": content}]
        headers = {"authorization": f"Bearer {variables['OPENAI_API_KEY']}"}
        said, usage = "", {}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{variables['OPENAI_BASE_URL']}/chat/completions", json=ask, headers=headers) as got,
        ):
            if got.status != 200:
                raise ComponentFailed((await got.json())["error"]["message"])
            async for line in got.content:
                if not line.startswith(b"data: {"):
                    continue
                chunk = json.loads(line[6:])
                word = chunk["choices"][0]["delta"].get("content", "") if chunk["choices"] else ""
                said += word
                await emit("token", {"chunk": word, "id": "m"})
                usage = chunk.get("usage") or usage
        return said, {
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
            "total_tokens": usage["total_tokens"],
        }


async def fails(*_: Any) -> Any:
    raise ComponentFailed("the shelf is empty")


async def tells_session(body: dict[str, Any], *_: Any) -> tuple[str, None]:
    return body["session_id"], None


async def never_ends(*_: Any) -> Any:
    await asyncio.Event().wait()


def raw(path: Path) -> bytes:
    """The body of a recorded stream, without the times in front of its lines."""
    text = path.read_text()
    lines = [line.split("] ", 1)[1] for line in text.splitlines() if line.startswith("[+")]
    return b"\n\n".join(line.encode() for line in lines) + b"\n\n"
