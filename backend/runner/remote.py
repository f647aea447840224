"""Runs flows in another process of ours, `cmpctl runner`, over HTTP. On the path of every run, so it does no more than it must."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from backend.kernel.secrets import token_for
from backend.runner import wire
from backend.runner.ports import Event, Failed, Job, Token
from backend.settings import Settings

PROBE_EVERY, PROBE_SOON = 15.0, 0.25
"""Seconds between two looks at a runner that is well, and at one that is not."""
KEEP_ALIVE = 60.0
"""Seconds an idle connection is kept; the runner keeps it longer, so that no run meets one that is being closed."""
MARGIN = 2.0
"""Seconds after its time that a run's end may be on its way."""
_PROBE_TIMEOUT = aiohttp.ClientTimeout(total=5)
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)
_NOT_SENT = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_REFUSALS = {
    401: "does not know us: both processes need the same CMP_SECRET_KEY",
    409: "has no such version of this flow: both processes need the same release",
    413: "says that the job is too large",
    503: "has too many runs",
}


class RemoteRunner:
    """The runner is `CMP_RUNNER_URL`. Its token is derived from the installation's secret."""

    def __init__(self, settings: Settings) -> None:
        base = settings.runner_url.rstrip("/")
        self._base, self._run, self._ready = base, URL(f"{base}/run"), URL(f"{base}/ready")
        self._token = token_for(settings.secret(), wire.PURPOSE)
        self._session: aiohttp.ClientSession | None = None
        self._prober: asyncio.Task[None] | None = None
        self._trouble = "starting"

    async def start(self) -> None:
        # Everything a run of ours has no use for is left out: cookies, redirects, compression, headers, a limit, a clock for each.
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._token}"},
            skip_auto_headers=_NOT_SENT,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=_NO_TIMEOUT,
        )
        self._prober = asyncio.create_task(self._probe_for_ever())

    async def stop(self) -> None:
        if self._prober is not None:
            self._prober.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._prober
        if self._session is not None:
            await self._session.close()
        self._prober = self._session = None
        self._trouble = "stopped"

    def health(self) -> str:
        return self._trouble

    async def stream(self, job: Job) -> AsyncIterator[Event]:
        """See `Runner.stream`. Closing the iterator closes the connection, by which the runner ends the run."""
        loop = asyncio.get_running_loop()
        deadline, timer, response = loop.time() + job.timeout + MARGIN, None, None
        try:
            response = await self._ask(job, deadline)
            if response.status != 200:
                yield self._refused(response.status)
                return
            timer = loop.call_at(deadline, response.close)
            async for event in _events(response.content):
                yield event
        except TimeoutError:
            yield _late(job)
        except aiohttp.ClientConnectorError as fault:
            yield Failed("unavailable", f"The runner at {self._base} cannot be reached: {fault.os_error.strerror or fault}.")
        except (aiohttp.ClientError, ConnectionError) as fault:
            late = loop.time() >= deadline
            yield _late(job) if late else Failed("crashed", f"The connection to the runner broke in the run: {type(fault).__name__}.")
        except ValueError as fault:
            yield Failed("crashed", f"What the runner says cannot be read: {fault}"[:300])
        finally:
            if timer is not None:
                timer.cancel()
            # At the end of an answer its connection went back by itself.
            if response is not None and not response.content.is_eof():
                response.close()

    async def _ask(self, job: Job, deadline: float) -> aiohttp.ClientResponse:
        if self._session is None:
            raise aiohttp.ClientConnectionError("not started")
        async with asyncio.timeout_at(deadline):
            return await self._session.post(self._run, data=wire.write_job(job), allow_redirects=False)

    def _refused(self, status: int) -> Failed:
        return Failed("unavailable", f"The runner at {self._base} {_REFUSALS.get(status, f'answered HTTP {status}')}.")

    async def _probe_for_ever(self) -> None:
        while True:
            self._trouble = await self._probe()
            await asyncio.sleep(PROBE_SOON if self._trouble else PROBE_EVERY)

    async def _probe(self) -> str:
        assert self._session is not None
        try:
            async with self._session.get(self._ready, timeout=_PROBE_TIMEOUT, allow_redirects=False) as answer:
                if answer.status == 200:
                    return ""
                if answer.status == 503:
                    return f"the runner: {(await answer.content.read(300)).decode(errors='replace')}"
                return self._refused(answer.status).detail
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            return f"The runner at {self._base} cannot be reached: {fault or type(fault).__name__}."


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[Event]:
    """Lines, however they were cut on the way. Before the last event the answer is read to its end, so that the connection serves again."""
    held = b""
    while chunk := await content.readany():
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            event = wire.read_event(line)
            if not isinstance(event, Token):
                while not content.at_eof():
                    await content.readany()
                yield event
                return
            yield event
        if len(held) > wire.MAX_LINE:
            raise ValueError("a line without end")
    yield Failed("crashed", "The runner ended the answer in the middle of the run.")


def _late(job: Job) -> Failed:
    return Failed("timeout", f"The run took longer than {job.timeout:g} seconds and was stopped.")
