"""Runs flows in another process of ours, `cmpctl runner`, over HTTP. On the path of every run, so it does no more than it must."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from backend.kernel.secrets import token_for
from backend.runner import wire
from backend.runner.connection import Connection
from backend.runner.ports import Event, Failed, Job, Token
from backend.settings import Settings

PROBE_EVERY, PROBE_SOON = 15.0, 0.25
"""Seconds between two looks at a runner that is well, and at one that is not."""
KEEP_ALIVE = 60.0
"""Seconds an idle connection is kept; the runner keeps it longer, so that no run meets one that is being closed."""
CONNECT, PROBE = 5.0, 5.0
"""Seconds to wait for a connection, and for the answer to a probe."""
MARGIN = 2.0
"""Seconds after its time that a run's end may be on its way."""
_REFUSALS = {
    401: "does not know us: both processes need the same CMP_SECRET_KEY",
    409: "has no such version of this flow: both processes need the same release",
    413: "says that the job is too large",
    503: "has too many runs",
}


class RemoteRunner:
    """The runner is `CMP_RUNNER_URL`. Its token is derived from the installation's secret."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.runner_url.rstrip("/")
        parts = urlsplit(self._url)
        self._host, self._tls = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        shown = f"Host: {parts.netloc}\r\nAuthorization: Bearer {token_for(settings.secret(), wire.PURPOSE)}\r\n"
        self._run = f"POST {parts.path}/run HTTP/1.1\r\n{shown}Content-Length: %d\r\n\r\n".encode()
        self._ready = f"GET {parts.path}/ready HTTP/1.1\r\n{shown}\r\n".encode()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._prober: asyncio.Task[None] | None = None
        self._trouble = "starting"

    async def start(self) -> None:
        self._prober = asyncio.create_task(self._probe_for_ever())

    async def stop(self) -> None:
        if self._prober is not None:
            self._prober.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._prober
        for connection in (*self._idle, *self._busy):
            connection.close()
        self._prober, self._trouble = None, "stopped"
        self._idle.clear()

    def health(self) -> str:
        return self._trouble

    async def stream(self, job: Job) -> AsyncIterator[Event]:
        """See `Runner.stream`. Closing the iterator closes the connection, by which the runner ends the run."""
        try:
            connection = await self._connected()
        except OSError as fault:
            yield Failed("unavailable", f"The runner at {self._url} cannot be reached: {fault.strerror or fault}.")
            return
        # One clock for the whole run; what it ends with is raised wherever the run waits.
        timer = asyncio.get_running_loop().call_later(job.timeout + MARGIN, connection.close, TimeoutError())
        try:
            body = wire.write_job(job)
            connection.ask(self._run % len(body) + body)
            if (status := await connection.status()) != 200:
                yield self._refused(status)
                return
            async for event in _events(connection):
                yield event
        except TimeoutError:
            yield Failed("timeout", f"The run took longer than {job.timeout:g} seconds and was stopped.")
        except ConnectionError as fault:
            yield Failed("crashed", f"The connection to the runner broke in the middle of the run: {fault}.")
        except ValueError as fault:
            yield Failed("crashed", f"What the runner says cannot be read: {fault}"[:300])
        finally:
            timer.cancel()
            self._give_back(connection)

    async def _connected(self) -> Connection:
        """One that waits to be used again, the latest first, or a new one. Raises OSError."""
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            if connection.open and loop.time() - connection.idle_since < KEEP_ALIVE:
                break
            connection.close()
        else:
            async with asyncio.timeout(CONNECT):
                _, connection = await loop.create_connection(Connection, self._host, self._port, ssl=self._tls or None)
        self._busy.add(connection)
        return connection

    def _give_back(self, connection: Connection) -> None:
        self._busy.discard(connection)
        if connection.reusable:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.close()

    def _refused(self, status: int) -> Failed:
        return Failed("unavailable", f"The runner at {self._url} {_REFUSALS.get(status, f'answered HTTP {status}')}.")

    async def _probe_for_ever(self) -> None:
        while True:
            self._trouble = await self._probe()
            await asyncio.sleep(PROBE_SOON if self._trouble else PROBE_EVERY)

    async def _probe(self) -> str:
        connection = None
        try:
            async with asyncio.timeout(PROBE):
                connection = await self._connected()
                connection.ask(self._ready)
                status, words = await connection.status(), b""
                while (more := await connection.more()) and len(words) < 1000:
                    words += more
        except OSError as fault:
            return f"The runner at {self._url} cannot be reached: {fault.strerror or fault or type(fault).__name__}."
        finally:
            if connection is not None:
                self._give_back(connection)
        if status == 200:
            return ""
        return f"the runner: {words[:300].decode(errors='replace')}" if status == 503 else self._refused(status).detail


async def _events(connection: Connection) -> AsyncIterator[Event]:
    """Lines, however they were cut on the way. Before the last event the answer is read to its end, so that the connection serves again."""
    held = b""
    while chunk := await connection.more():
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            event = wire.read_event(line)
            if not isinstance(event, Token):
                while await connection.more():
                    continue
                yield event
                return
            yield event
        if len(held) > wire.MAX_LINE:
            raise ValueError("a line without end")
    yield Failed("crashed", "The runner ended the answer in the middle of the run.")
