"""How many signed webhooks a second one worker verifies and makes durable: `python -m benchmarks.webhooks [seconds]`.

Side by side, so that the ratios hold whatever the machine does meanwhile:
- the bare signature check (RS256 over the raw bytes), and the check as the endpoint makes it;
- the bare workflow starts of DBOS, one at a time and 50 at once, on the same kind of database;
- `POST /webhooks/saleor/order-paid` over real HTTP, one uvicorn worker, with 1, 10 and 50 deliveries at once, each about another order;
- a burst of 2,000 at once: when the last answer came, and how many were told to come again (503).

A fake Saleor in another process holds the orders, and what was begun is worked on meanwhile, as in life. SQLite, and PostgreSQL where
CMP_TEST_POSTGRES_URL names a server whose user may create databases.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import KeySet, RSAKey
from psycopg import sql

from backend.durable import Durable
from backend.kernel.clock import SystemClock
from backend.provisioner.signature import JwksVerifier
from benchmarks._paid_orders import TOKEN, Signer
from benchmarks._system import ROOT, against, free_port, load, percentile

PATH = "/webhooks/saleor/order-paid"
AT_ONCE = (1, 10, 50)
BURST = 2000
P99_MS, LATEST_S = 250.0, 5.0
"""The bounds: p99 with 50 at once, and the last answer to a burst."""
STARTS = 400
CHECKS = 3000
MOST_A_SECOND = 600
"""Deliveries that are signed beforehand for each second."""


@dataclass(frozen=True, slots=True)
class Answers:
    """seconds: of each answer, in no order. took: seconds from the first question to the last answer."""

    seconds: list[float]
    status: list[int]
    took: float

    @property
    def taken(self) -> int:
        return sum(status == 202 for status in self.status)

    def rate(self) -> float:
        return self.taken / self.took

    def __str__(self) -> str:
        p50, p99 = (percentile(self.seconds, share) * 1000 for share in (50, 99))
        refused = f", {len(self.status) - self.taken} told to come again" if self.taken < len(self.status) else ""
        return f"{self.rate():.0f}/s, p50 {p50:.0f} ms, p99 {p99:.0f} ms{refused}"


def signature_check() -> tuple[float, float]:
    """Microseconds: the bare RS256 check, and ours."""
    key = RSAKey.generate_key(2048, {"kid": "bench"})
    raw, headers = Signer(key, "http://saleor.test/graphql/").delivery(1)
    signature = headers["Saleor-Signature"]
    head, _, tail = signature.partition("..")
    public, signed, data = key.public_key, _unb64(tail), head.encode() + b"." + raw
    verifier = JwksVerifier("", None, SystemClock())  # type: ignore[arg-type]
    verifier._keys = KeySet([key])
    began = time.perf_counter()
    for _ in range(CHECKS):
        public.verify(signed, data, padding.PKCS1v15(), hashes.SHA256())
    bare = time.perf_counter() - began

    async def ours() -> float:
        began = time.perf_counter()
        for _ in range(CHECKS):
            await verifier.verify(raw, signature)
        return time.perf_counter() - began

    return bare / CHECKS * 1e6, asyncio.run(ours()) / CHECKS * 1e6


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def starts(url: str, at_once: int) -> float:
    """DBOS's own: workflows that do nothing, begun a second."""
    durable = Durable(url)

    async def nothing() -> None:
        return None

    durable.workflow("nothing", nothing)
    await durable.start()
    gate = asyncio.Semaphore(at_once)

    async def start(number: int) -> None:
        async with gate:
            await durable.begin("nothing", f"{at_once}-{number}")

    try:
        began = time.perf_counter()
        await asyncio.gather(*(start(number) for number in range(STARTS)))
        took = time.perf_counter() - began
        await durable.wait(f"{at_once}-{STARTS - 1}")
        return STARTS / took
    finally:
        await durable.stop()


class Sender:
    """Each delivery is about another order."""

    def __init__(self, http: aiohttp.ClientSession, signer: Signer, url: str) -> None:
        self._http, self._signer, self._url, self._number = http, signer, url, 0

    def prepare(self, many: int) -> list[tuple[bytes, dict[str, str]]]:
        self._number += many
        return [self._signer.delivery(self._number - one) for one in range(many)]

    async def post(self, raw: bytes, headers: dict[str, str]) -> tuple[float, int]:
        began = time.perf_counter()
        async with self._http.post(self._url, data=raw, headers=headers) as answer:
            await answer.read()
            return time.perf_counter() - began, answer.status

    async def steady(self, at_once: int, seconds: float) -> Answers:
        """As many at once for that long; each answer is followed by the next question."""
        found: list[tuple[float, int]] = []
        # Signed before the clock runs: in life that is another machine's work.
        stock = self.prepare(int(seconds * MOST_A_SECOND))
        until = time.perf_counter() + seconds

        async def one() -> None:
            while stock and time.perf_counter() < until:
                found.append(await self.post(*stock.pop()))

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(at_once)))
        return Answers([s for s, _ in found], [status for _, status in found], time.perf_counter() - began)

    async def burst(self, many: int) -> Answers:
        prepared = self.prepare(many)
        began = time.perf_counter()
        found = await asyncio.gather(*(self.post(*one) for one in prepared))
        return Answers([s for s, _ in found], [status for _, status in found], time.perf_counter() - began)


@contextlib.contextmanager
def process(module: str, *arguments: str, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CMP_")} | environment
    with log.open("ab") as out:
        child = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, env=clean, stdout=out, stderr=out)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


@contextlib.asynccontextmanager
async def served(folder: Path, database: str) -> AsyncIterator[Sender]:
    """The backend on `database` ("" is SQLite in the folder), in front of a Saleor with orders."""
    port = free_port()
    with process("benchmarks._paid_orders", str(folder), log=folder / "saleor.log"):
        await until((folder / "url").exists)
        api_url = (folder / "url").read_text()
        settings = {"CMP_SALEOR_API_URL": api_url, "CMP_SALEOR_APP_TOKEN": TOKEN, "CMP_DATABASE_URL": database}
        settings |= {"CMP_DATA_DIR": str(folder / "var"), "CMP_PORT": str(port)}
        with process("benchmarks._backend", log=folder / "backend.log", **settings) as backend:
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True), timeout=aiohttp.ClientTimeout(120)
            ) as http:
                base = f"http://127.0.0.1:{port}"
                await answers(http, f"{base}/health", backend, folder / "backend.log")
                key = RSAKey.import_key((folder / "key.pem").read_bytes(), {"kid": "bench"})
                yield Sender(http, Signer(key, api_url), base + PATH)


async def answers(http: aiohttp.ClientSession, url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server says 200. Leaves with SystemExit when it has ended."""

    async def asked() -> bool:
        try:
            async with http.get(url) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            if child.poll() is not None:
                sys.exit(f"the backend did not start:\n{log.read_text()[-2000:]}")
            return False

    while not await asked():
        await asyncio.sleep(0.05)


async def until(holds: Any) -> None:
    while not holds():
        await asyncio.sleep(0.05)


def compare(name: str, database: str, durable: str, seconds: float, folder: Path) -> bool:
    """Print the figures of one kind of database. Whether the bounds hold."""
    # A loop each: DBOS takes over a loop's threads, and they end with it.
    bare = {at_once: asyncio.run(starts(durable, at_once)) for at_once in (1, 50)}
    print(f"{name}: bare DBOS starts: {bare[1]:.0f}/s one at a time, {bare[50]:.0f}/s 50 at once ({load()})", flush=True)
    return asyncio.run(endpoint(name, database, bare[50], seconds, folder))


async def endpoint(name: str, database: str, bare: float, seconds: float, folder: Path) -> bool:
    async with served(folder, database) as sender:
        await sender.steady(4, 1.0)
        for at_once in AT_ONCE:
            found = await sender.steady(at_once, seconds)
            print(f"{name}: webhooks, {at_once} at once: {found} = {found.rate() / bare:.2f} of the bare starts ({load()})", flush=True)
        p99 = percentile(found.seconds, 99) * 1000
        print(f"{name}: p99 with {at_once} at once is {against(p99, P99_MS)} ({P99_MS:.0f} ms)")
        await asyncio.sleep(2)
        found = await sender.burst(BURST)
        latest = max(found.seconds)
        good = p99 < P99_MS and latest < LATEST_S and set(found.status) <= {202, 503}
        said = f"{found.taken} taken, {BURST - found.taken} told to come again, the last answer after {latest:.2f} s"
        print(f"{name}: a burst of {BURST}: {said} = {against(latest, LATEST_S)} ({LATEST_S:.0f} s) ({load()})", flush=True)
        return good


@contextlib.contextmanager
def postgres(server: str) -> Iterator[str]:
    """A database of its own on that server, dropped at the end."""
    name = f"cmp_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def main(seconds: float) -> int:
    bare, ours = signature_check()
    print(f"signature check: bare {bare:.0f} µs, as the endpoint makes it {ours:.0f} µs = {ours / bare:.1f} times ({load()})", flush=True)
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good &= compare("SQLite", "", f"sqlite:///{folder}/bare.db", seconds, folder)
    if server := os.environ.get("CMP_TEST_POSTGRES_URL", ""):
        with tempfile.TemporaryDirectory() as name, postgres(server) as database, postgres(server) as other:
            good &= compare("PostgreSQL", database, other, seconds, Path(name))
    else:
        print("PostgreSQL: not measured (CMP_TEST_POSTGRES_URL is not set)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
