"""Runs flows on a Langflow server, over its HTTP interface (1.13).

What that interface does that one would not expect, each measured: a stream is bare JSON objects between blank lines, though it calls
itself text/event-stream; a failed run is HTTP 200 with an `error` event; a wrong path is answered with the user interface's HTML.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from backend.runner import langflow_answers as answers
from backend.runner.flows import tweaks_for
from backend.runner.ports import Event, Failed, Job, Token
from backend.settings import Settings

PROBE_EVERY = 15.0
"""Seconds between two looks at the server's health."""
_PROBE_TIMEOUT = aiohttp.ClientTimeout(total=5)
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=5)
AT_ONCE = 100
"""Connections, and so runs, at once."""


class LangflowRunner:
    """The server is `CMP_LANGFLOW_URL`; its flows are found by the name of a `FlowRef`, which is their endpoint name there."""

    def __init__(self, settings: Settings) -> None:
        self._url = answers.base_url(settings.langflow_url)
        self._key = settings.langflow_api_key.get_secret_value()
        self._session: aiohttp.ClientSession | None = None
        self._prober: asyncio.Task[None] | None = None
        self._trouble = "starting"

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            headers={"x-api-key": self._key, "accept-encoding": "identity"}, connector=aiohttp.TCPConnector(limit=AT_ONCE)
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
        """See `Runner.stream`. Closing the iterator closes the connection, by which the server ends the run."""
        deadline = asyncio.get_running_loop().time() + job.timeout
        spoken = False
        try:
            async with self._ask(job, deadline) as response:
                if fault := await answers.refusal(response, job.flow.name):
                    yield fault
                    return
                async for event in self._events(response, deadline):
                    if isinstance(event, Token):
                        spoken = True
                    elif not spoken and not isinstance(event, Failed) and event.text:
                        yield Token(event.text)
                    yield event
                    if not isinstance(event, Token):
                        return
            yield Failed("crashed", "The Langflow server ended the stream in the middle of the run.")
        except TimeoutError:
            yield Failed("timeout", f"The run took longer than {job.timeout:g} seconds and was stopped.")
        except aiohttp.ClientConnectorError as fault:
            yield Failed("unavailable", f"The Langflow server at {self._url} cannot be reached: {fault.os_error.strerror or fault}.")
        except (aiohttp.ClientError, ConnectionError) as fault:
            yield Failed("crashed", f"The connection to the Langflow server broke in the middle of the run: {type(fault).__name__}.")
        except ValueError as fault:
            yield Failed("crashed", f"The Langflow server's stream cannot be read: {fault}"[:300])

    @contextlib.asynccontextmanager
    async def _ask(self, job: Job, deadline: float) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise aiohttp.ClientConnectionError("not started")
        body = {
            "input_value": job.text,
            "input_type": "chat",
            "output_type": "chat",
            # Without one, Langflow gives every caller of the flow the same session.
            "session_id": job.session_id,
            "tweaks": tweaks_for(job),
        }
        asking = self._session.post(
            f"{self._url}/api/v1/run/{job.flow.name}",
            params={"stream": "true"},
            headers={f"X-LANGFLOW-GLOBAL-VAR-{name}": value for name, value in job.variables.items()},
            json=body,
            timeout=_NO_TIMEOUT,
        )
        async with asyncio.timeout_at(deadline):
            response = await asking
        try:
            yield response
        finally:
            response.close()

    @staticmethod
    async def _events(response: aiohttp.ClientResponse, deadline: float) -> AsyncIterator[Event]:
        """Objects end with a line's end. Each is read whole before it is looked at, however it was cut on the way."""
        held = b""
        while True:
            async with asyncio.timeout_at(deadline):
                chunk = await response.content.readany()
            *lines, held = (held + chunk).split(b"\n")
            if len(held) > answers.MAX_OBJECT:
                raise ValueError("an object without end")
            for line in lines if chunk else (*lines, held):
                if (event := answers.event(line)) is not None:
                    yield event
            if not chunk:
                return

    async def _probe_for_ever(self) -> None:
        while True:
            self._trouble = await self._probe()
            await asyncio.sleep(PROBE_EVERY)

    async def _probe(self) -> str:
        assert self._session is not None
        try:
            async with self._session.get(f"{self._url}/api/v1/version", timeout=_PROBE_TIMEOUT) as response:
                if response.content_type != "application/json" or response.status != 200:
                    return answers.NOT_AN_API.format(url=self._url)
                version: dict[str, Any] = json.loads(await response.read())
            return "" if "version" in version else answers.NOT_AN_API.format(url=self._url)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as fault:
            return f"The Langflow server at {self._url} does not answer: {type(fault).__name__}."
        except ValueError:
            return answers.NOT_AN_API.format(url=self._url)
