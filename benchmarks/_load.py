"""A client that costs little: raw connections, kept alive, each asking again as soon as it has its answer.

`python -m benchmarks._load FILE` reads a `Spec` as JSON and writes a `Found` as JSON into FILE. A process of its own, so that it can
have its own core.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

import uvloop

STAMP = re.compile(rb'"(?:text|content|delta)": ?"(\d{9,}) "')
PIPED = 30.0
"""Seconds after the end of the measurement that the last answers get."""


@dataclass
class Spec:
    """asks: headers and body of a request; the connections take one each, and begin again when there are more of them.

    requests: how many answers a connection wants at most; 0 is as many as fit into `seconds`.
    stamps: the answer is a stream whose tokens say when they were sent. pause: seconds, half to one and a half of them, before one that was
    told to come again does. settle: seconds in which they connect and begin, and nothing is counted yet. spread:
    seconds over which they begin, one after the other.
    """

    port: int
    path: str
    asks: list[tuple[dict[str, str], str]]
    at_once: int
    seconds: float
    requests: int = 0
    stamps: bool = False
    pause: float = 1.0
    method: str = "POST"
    settle: float = 0.0
    spread: float = 0.0


@dataclass
class Found:
    """seconds: from question to whole answer, of those answered 2xx. refused: the same of the others. first: until the first token,
    since the question. late: of each token, since it was sent. took: from the first question to the last answer."""

    status: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    retry_after: int = 0
    took: float = 0.0
    sample: str = ""


class Asking(asyncio.Protocol):
    def __init__(self, load: Load, request: bytes) -> None:
        self.request = request
        self.load, self.held, self.began, self.asked = load, b"", 0.0, 0
        self.waiting_first = True
        self.scanned = 0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.ask()

    def ask(self) -> None:
        self.held, self.waiting_first, self.scanned = b"", True, 0
        self.asked += 1
        self.began = time.perf_counter()
        self.transport.write(self.request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.load.status["connection lost"] += 1
            self.finished.set_result(None)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self.held = held = self.held + data if self.held else data
        end = held.find(b"\r\n\r\n")
        if end < 0:
            return
        if self.load.spec.stamps:
            self.look_at_stamps(now)
        head = held[:end].lower()
        at = head.find(b"content-length:")
        if at >= 0:
            line = head.find(b"\r\n", at)
            length = int(head[at + 15 : line if line >= 0 else end])
            whole = len(held) >= end + 4 + length
        else:
            whole = held.endswith(b"0\r\n\r\n")
        if whole:
            self.answered(head, now)

    def look_at_stamps(self, now: float) -> None:
        arrived = time.monotonic_ns()
        for match in STAMP.finditer(self.held, self.scanned):
            self.load.found.late.append((arrived - int(match[1])) / 1e9)
            if self.waiting_first:
                self.waiting_first = False
                self.load.found.first.append(now - self.began)
            self.scanned = match.end()

    def answered(self, head: bytes, now: float) -> None:
        load = self.load
        status = head[9:12]
        if self.began >= load.settled:
            self.count(status, head, now)
        if now >= load.until if not load.spec.requests else status != b"503" and self.asked >= load.spec.requests:
            self.finished.set_result(None)
            self.transport.close()
        elif status == b"503":
            self.asked -= 1
            asyncio.get_running_loop().call_later(load.spec.pause * load.random.uniform(0.5, 1.5), self.ask)
        else:
            self.ask()

    def count(self, status: bytes, head: bytes, now: float) -> None:
        load = self.load
        load.status[status.decode()] += 1
        if status == b"200":
            load.found.seconds.append(now - self.began)
        else:
            load.found.refused.append(now - self.began)
            load.found.retry_after += b"\r\nretry-after:" in head
        if not load.found.sample or status != b"200":
            load.found.sample = self.held[-1500:].decode(errors="replace")


class Load:
    def __init__(self, spec: Spec) -> None:
        self.spec, self.found, self.status = spec, Found(), Counter[str]()
        self.settled = self.until = 0.0
        self.random = Random(1)

    def request(self, headers: dict[str, str], body_text: str) -> bytes:
        spec, body = self.spec, body_text.encode()
        head = [f"{spec.method} {spec.path} HTTP/1.1", f"host: 127.0.0.1:{spec.port}", "content-type: application/json"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += [f"content-length: {len(body)}", "", ""]
        return "\r\n".join(head).encode() + body

    async def run(self) -> Found:
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        self.settled = began + self.spec.settle
        self.until = self.settled + self.spec.seconds
        requests = [self.request(*ask) for ask in self.spec.asks]
        asking = []
        for number in range(self.spec.at_once):
            await asyncio.sleep(self.spec.spread / self.spec.at_once)
            one = partial(Asking, self, requests[number % len(requests)])
            asking.append((await loop.create_connection(one, "127.0.0.1", self.spec.port))[1].finished)
        _, late = await asyncio.wait(asking, timeout=self.spec.settle + self.spec.seconds + PIPED)
        self.found.took = time.perf_counter() - self.settled
        self.found.status = dict(self.status) | ({"no answer": len(late)} if late else {})
        return self.found


if __name__ == "__main__":
    found = uvloop.run(Load(Spec(**json.load(sys.stdin))).run())
    Path(sys.argv[1]).write_text(json.dumps(dataclasses.asdict(found)))
