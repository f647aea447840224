"""Runs flows on Langflow servers, over their HTTP interface (1.13).

What that interface does that one would not expect, each measured: a stream is bare JSON objects between blank lines, though it calls
itself text/event-stream; a failed run is HTTP 200 with an `error` event; a wrong path is answered with the user interface's HTML.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import aiohttp

from backend.runner import langflow_answers as answers
from backend.runner.flows import tweaks_for
from backend.runner.langflow_server import Declined, LangflowServer
from backend.runner.masking import masked
from backend.runner.ports import Event, Failed, Finished, Job
from backend.settings import Settings

PROBE_EVERY, PROBE_SOON = 15.0, 1.0
"""Seconds between two looks at the servers' health, and while one of them is not well."""
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)
KEEP_ALIVE = 4.0
"""Seconds an idle connection is kept: less than the 5 of Langflow's own HTTP server, so that no run meets one that is being closed."""
FAIR, NEARLY = 5.0, 0.9
"""Seconds that a server has to begin its answer, or this part of a job's time when that is shorter, before a time-out is held against it:
a run may have waited for its turn until next to nothing was left."""
ROUNDS, PAUSE = 2, 0.5
"""How often every server is tried with a run that none of them took, and the seconds between."""


class LangflowRunner:
    """The servers are `CMP_LANGFLOW_URL`, one or several by commas, with the same flows and the same key. Flows are found by the name of
    a `FlowRef`, which is their endpoint name there."""

    def __init__(self, settings: Settings) -> None:
        self.servers = tuple(LangflowServer(url) for part in settings.langflow_url.split(",") if (url := answers.base_url(part)))
        self._key = settings.langflow_api_key.get_secret_value()
        self._session: aiohttp.ClientSession | None = None
        self._prober: asyncio.Task[None] | None = None

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE)
        self._session = aiohttp.ClientSession(headers={"x-api-key": self._key, "accept-encoding": "identity"}, connector=connector)
        self._prober = asyncio.create_task(self._probe_for_ever(self._session))

    async def stop(self) -> None:
        if self._prober is not None:
            self._prober.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._prober
        if self._session is not None:
            await self._session.close()
        self._prober = self._session = None
        for server in self.servers:
            server.trouble = "stopped"

    def health(self) -> str:
        troubles = [server.trouble for server in self.servers]
        return "" if "" in troubles else troubles[0]

    async def stream(self, job: Job) -> AsyncIterator[Event]:
        """See `Runner.stream`. Closing the iterator closes the connection, by which the server ends the run."""
        now = asyncio.get_running_loop().time
        deadline = now() + job.timeout
        if name := answers.unsendable(job.variables):
            yield Failed(
                "flow_failed", f"The variable {name} cannot be sent to a Langflow server: it has a line break, or its name a space."
            )
            return
        why = self.servers[0].resting
        for number in range(ROUNDS):
            if number:
                if now() + PAUSE >= deadline:
                    break
                await asyncio.sleep(PAUSE)
            tried: set[LangflowServer] = set()
            while (not tried or now() < deadline) and (server := self._pick(tried)):
                tried.add(server)
                try:
                    async with aclosing(self._run(server, job, deadline)) as events:
                        async for event in events:
                            yield masked(event, job.variables)
                    return
                except Declined as refusal:
                    why = refusal.failure
            if not tried:
                break
        yield masked(why, job.variables)

    def _pick(self, tried: set[LangflowServer]) -> LangflowServer | None:
        """The least busy one that is well; one that is not, when there is no other."""
        left = [server for server in self.servers if server not in tried and server.may_be_asked]
        return min(left, key=lambda server: (server.trouble not in {"", "starting"}, server.busy), default=None)

    async def _run(self, server: LangflowServer, job: Job, deadline: float) -> AsyncGenerator[Event, None]:
        """Raises Declined. Whatever else goes wrong is `Failed`, and counted against the server when it is the server's."""
        failure: Failed | None = None
        async with server.turn(job.timeout, deadline):
            had = deadline - asyncio.get_running_loop().time()
            try:
                async with aclosing(self._told(server, job, deadline)) as events:
                    async for event in events:
                        # Now, for whoever is told the last event asks for no more.
                        if isinstance(event, Finished) or (isinstance(event, Failed) and event.code == "flow_failed"):
                            server.succeeded()
                        yield event
                return
            except Declined as refusal:
                server.failed(refusal.failure.detail)
                raise
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as fault:
                words = f"The Langflow server at {server.url} cannot be reached: {answers.why(fault)}."
                server.failed(words)
                raise Declined(Failed("unavailable", words)) from fault
            except TimeoutError:
                failure = Failed("timeout", f"The Langflow server at {server.url} did not begin to answer within {job.timeout:g} seconds.")
            except (aiohttp.ClientError, ConnectionError) as fault:
                words = f"The connection to the Langflow server at {server.url} broke in the middle of the run: {answers.why(fault)}."
                failure = Failed("crashed", words)
            except ValueError as fault:
                failure = Failed("crashed", f"The stream of the Langflow server at {server.url} cannot be read: {fault}"[:300])
            if failure.code != "timeout" or had >= min(FAIR, NEARLY * job.timeout):
                server.failed(failure.detail)
            yield failure

    async def _told(self, server: LangflowServer, job: Job, deadline: float) -> AsyncGenerator[Event, None]:
        async with self._ask(server, job, deadline) as response:
            if fault := await answers.refusal(response, job.flow.name, deadline):
                if response.status in answers.NOT_NOW:
                    raise Declined(fault)
                if response.status in answers.BROKEN:
                    server.failed(fault.detail)
                yield fault
                return
            async with aclosing(answers.said(response, job.timeout, deadline)) as events:
                async for event in events:
                    yield event

    @contextlib.asynccontextmanager
    async def _ask(self, server: LangflowServer, job: Job, deadline: float) -> AsyncIterator[aiohttp.ClientResponse]:
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
            f"{server.url}/api/v1/run/{job.flow.name}",
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
            # Harmless to an answer that was read to its end, whose connection is back in the pool. Any other run ends by it.
            response.close()

    async def _probe_for_ever(self, http: aiohttp.ClientSession) -> None:
        while True:
            await asyncio.gather(*(server.probe(http) for server in self.servers))
            await asyncio.sleep(PROBE_SOON if any(server.trouble for server in self.servers) else PROBE_EVERY)
