"""One Langflow server: how busy it is, whether it is well, and whether it may be asked at all."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from circuitbreaker import CircuitBreaker

from backend.runner import langflow_answers as answers
from backend.runner.ports import Failed

AT_ONCE = 100
"""Runs of one server under way at once; more wait for their turn, within their own time."""
FAILURES, REST = 5, 15
"""Failures in a row after which a server is left alone, and for how many seconds. One run then tries whether it is back."""
_PROBE_TIMEOUT = aiohttp.ClientTimeout(total=5)
_log = logging.getLogger(__name__)


class Declined(Exception):
    """The server did nothing for the run, so another may be asked."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class Broken(Exception):
    """The server failed a run; a flow that failed is no failure of the server."""


class LangflowServer:
    """busy: runs that have or wait for a turn. trouble: empty when it is well. version: as it tells, empty until it did."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.busy = 0
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.trouble = "starting"
        self.version = ""
        self._breaker = CircuitBreaker(FAILURES, REST, Broken, name=url)

    @property
    def may_be_asked(self) -> bool:
        return bool(self._breaker.closed) or (not self._breaker.opened and not self.busy)

    @property
    def resting(self) -> Failed:
        """What a run is told that nobody may be asked for."""
        rest = max(self._breaker.open_remaining, 1)
        return Failed(
            "unavailable",
            f"The Langflow server at {self.url} failed {self._breaker.failure_count} times in a row and is asked again in {rest} seconds. "
            f"The last time: {self._breaker.last_failure}",
        )

    @asynccontextmanager
    async def turn(self, allowed: float, deadline: float) -> AsyncIterator[None]:
        """A place among the runs of this server. allowed: seconds, for the words alone. Raises Declined when none is free in time."""
        self.busy += 1
        try:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._turns.acquire()
            except TimeoutError:
                raise Declined(Failed("timeout", f"The Langflow server at {self.url} had no room for {allowed:g} seconds.")) from None
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self.busy -= 1

    def succeeded(self) -> None:
        self._breaker.reset()

    def failed(self, why: str) -> None:
        with suppress(Broken), self._breaker:
            raise Broken(why)
        if self._breaker.opened:
            _log.warning("The Langflow server at %s is left alone for %s seconds: %s", self.url, REST, why)

    async def probe(self, http: aiohttp.ClientSession) -> None:
        """Look whether it is a Langflow server and whether it is well."""
        before, self.trouble = self.trouble, await self._look(http)
        if self.trouble != before:
            _log.log(logging.WARNING if self.trouble else logging.INFO, "%s", self.trouble or f"The Langflow server at {self.url} is well.")

    async def _look(self, http: aiohttp.ClientSession) -> str:
        try:
            version = await _json(http, f"{self.url}/api/v1/version")
            if version is None or not isinstance(version.get("version"), str):
                return answers.NOT_AN_API.format(url=self.url)
            self._heard(version["version"])
            health = await _json(http, f"{self.url}/health_check")
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as fault:
            return f"The Langflow server at {self.url} does not answer: {type(fault).__name__}."
        if ill := sorted(f"{part}: {state}" for part, state in (health or {}).items() if state != "ok"):
            return f"The Langflow server at {self.url} is not well: {', '.join(ill)}"[:300]
        return ""

    def _heard(self, version: str) -> None:
        if version != self.version and not version.startswith(answers.TESTED):
            _log.warning("The Langflow server at %s is version %s; this release was tested with %sx.", self.url, version, answers.TESTED)
        self.version = version


async def _json(http: aiohttp.ClientSession, url: str) -> dict[str, Any] | None:
    """None when it is no JSON object. An unhealthy server answers its health with HTTP 500 and JSON."""
    async with http.get(url, timeout=_PROBE_TIMEOUT) as response:
        if response.content_type != "application/json":
            return None
        try:
            found = json.loads(await response.read())
        except ValueError:
            return None
        return found if isinstance(found, dict) else None
