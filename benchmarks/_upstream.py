"""A fast fake of what answers: a runner of ours (`POST /run`) and an OpenAI server (`POST /v1/chat/completions`), on one port.

`python -m benchmarks._upstream PORT`. The question says what the answer is like: `tokens=100 gap=20 delay=50` in it stands for 100 tokens,
20 ms between two of them and 50 ms before the first; without, the answer comes at once and whole. Each token of a stream is the moment it
was sent (CLOCK_MONOTONIC, ns), so that whoever reads it knows how long it was on its way.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import cast

import uvloop

WISH = re.compile(rb"(tokens|gap|delay)=(\d+)")
ANSWER = "Gift cards are valid for three years, and can be used in every shop of ours [1]."
OK = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s"
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n"
USAGE = '{"input_tokens":20,"output_tokens":18,"total_tokens":38}'
RUN = f'{{"token":"{ANSWER}"}}\n{{"done":"{ANSWER}","usage":{USAGE}}}\n'.encode()
COMPLETION = (
    '{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,"message":'
    f'{{"role":"assistant","content":"{ANSWER}"}},"finish_reason":"stop"}}],'
    '"usage":{"prompt_tokens":20,"completion_tokens":18,"total_tokens":38}}'
).encode()
DELTA = (
    'data: {{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{{"index":0,'
    '"delta":{{{}}},"finish_reason":{}}}]}}\n\n'
)
RUN_WHOLE = OK % (b"application/x-ndjson", len(RUN), RUN)
COMPLETION_WHOLE = OK % (b"application/json", len(COMPLETION), COMPLETION)
READY = OK % (b"text/plain", 2, b"ok")


def chunk(data: str) -> bytes:
    raw = data.encode()
    return b"%x\r\n%s\r\n" % (len(raw), raw)


class Upstream(asyncio.Protocol):
    """One connection. Requests come one after the other, never two at once."""

    transport: asyncio.Transport
    held = b""
    work: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.work is not None:
            self.work.cancel()

    def data_received(self, data: bytes) -> None:
        held = self.held + data if self.held else data
        end = held.find(b"\r\n\r\n")
        if end < 0:
            self.held = held
            return
        at = held.lower().find(b"content-length:", 0, end)
        length = int(held[at + 15 : held.find(b"\r\n", at)]) if at >= 0 else 0
        if len(held) < end + 4 + length:
            self.held = held
            return
        self.held = b""
        self.answer(held, held[end + 4 :])

    def answer(self, request: bytes, body: bytes) -> None:
        if request.startswith(b"GET"):
            self.transport.write(READY)
            return
        ours = request.startswith(b"POST /run")
        wish = {name: int(number) for name, number in WISH.findall(body)} if b"=" in body else {}
        if b"tokens" in wish:
            self.work = asyncio.ensure_future(self.stream(ours, wish[b"tokens"], wish.get(b"gap", 0) / 1000, wish.get(b"delay", 0) / 1000))
        elif b"delay" in wish:
            asyncio.get_running_loop().call_later(wish[b"delay"] / 1000, self.whole, ours)
        else:
            self.whole(ours)

    def whole(self, ours: bool) -> None:
        self.transport.write(RUN_WHOLE if ours else COMPLETION_WHOLE)

    async def stream(self, ours: bool, tokens: int, gap: float, delay: float) -> None:
        loop = asyncio.get_running_loop()
        write = self.transport.write
        await asyncio.sleep(delay)
        write(CHUNKED % (b"application/x-ndjson" if ours else b"text/event-stream"))
        if not ours:
            write(chunk(DELTA.format('"role":"assistant","content":""', "null")))
        began = loop.time()
        for number in range(tokens):
            stamp = f"{time.monotonic_ns()} "
            write(chunk(f'{{"token":"{stamp}"}}\n' if ours else DELTA.format(f'"content":"{stamp}"', "null")))
            if gap:
                await asyncio.sleep(max(0.0, began + (number + 1) * gap - loop.time()))
        last = f'{{"done":"","usage":{USAGE}}}\n' if ours else DELTA.format("", '"stop"') + "data: [DONE]\n\n"
        write(chunk(last) + b"0\r\n\r\n")


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
