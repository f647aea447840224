"""The runner that needs nothing installed: lfx in worker processes of our own, killed when they must be."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

from backend.runner.flows import tweaks_for
from backend.runner.pool import Pool
from backend.runner.ports import Event, Failed, Finished, FlowRef, Job, Token
from backend.runner.processes import Messages, WorkerProcess, environment
from backend.settings import Settings

MEMORY = 2 * 1024**3
"""Bytes of address space of a worker; lfx itself takes half a gigabyte of it."""
RUNS_AT_ONCE = 8
"""Runs that one worker has under way; more wait for their turn, within their own time."""
CANCEL_GRACE = 2.0
"""Seconds a worker has to say that it let go of a run."""


class EmbeddedRunner:
    """flows: prepared by every new worker, so that the first customer does not wait. memory: bytes a worker may have."""

    def __init__(self, settings: Settings, *, flows: Sequence[FlowRef] = (), memory: int = MEMORY) -> None:
        self._flows, self._memory = tuple(flows), memory
        self._home = settings.data_dir.resolve() / "runner"
        self._environment = environment(self._home, settings.llm_base_url)
        self._pool = Pool(settings.runner_workers, self._start_worker, self._greet)
        self._turns = asyncio.Semaphore(settings.runner_workers * RUNS_AT_ONCE)
        self._farewells: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self._pool.open()

    async def stop(self) -> None:
        await self._pool.close()

    def health(self) -> str:
        return "" if self._pool.workers else self._pool.trouble or "starting"

    async def stream(self, job: Job) -> AsyncIterator[Event]:
        """See `Runner.stream`. The job's time begins now, and waiting for a turn is part of it."""
        deadline = asyncio.get_running_loop().time() + job.timeout
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.acquire()
        except TimeoutError:
            yield Failed("timeout", f"No worker was free for {job.timeout:g} seconds.")
            return
        try:
            async for event in self._run(job, deadline):
                yield event
        finally:
            self._turns.release()

    async def _run(self, job: Job, deadline: float) -> AsyncIterator[Event]:
        try:
            async with asyncio.timeout_at(deadline):
                worker = await self._pool.take()
        except TimeoutError:
            yield Failed("unavailable", f"No worker is running: {self.health() or 'none is free'}.")
            return
        run = secrets.token_hex(8)
        messages = worker.take_on(run)
        ended = late = False
        try:
            worker.say(_message(run, job))
            async for event in _events(messages, deadline):
                ended = not isinstance(event, Token)
                yield event
        except TimeoutError:
            late = True
            yield Failed("timeout", f"The run took longer than {job.timeout:g} seconds and was stopped.")
        finally:
            if ended:
                worker.forget(run)
            else:
                self._let_go(worker, run, late=late)

    def _let_go(self, worker: WorkerProcess, run: str, *, late: bool) -> None:
        """End a run that is still under way. Its code may sit in a thread that nothing can stop, so a late one takes its worker along."""
        if late:
            self._pool.retire(worker)
        task = asyncio.create_task(_farewell(worker, run))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _start_worker(self) -> WorkerProcess:
        self._home.mkdir(parents=True, exist_ok=True)
        return await WorkerProcess.start(self._environment, self._memory)

    def _greet(self, worker: WorkerProcess) -> None:
        for flow in self._flows:
            worker.say({"prepare": _flow(flow)})


async def _events(messages: Messages, deadline: float) -> AsyncIterator[Event]:
    """What the worker says of one run. Raises TimeoutError at the deadline, but never while something already said waits to be read."""
    spoken = False
    while (message := await _next(messages, deadline)) is not None:
        if "token" in message:
            spoken = True
            yield Token(message["token"])
            continue
        if "done" in message and not spoken and message["done"]:
            yield Token(message["done"])
        yield _end(message)
        return
    yield Failed("crashed", "The process that ran the flow ended in the middle of the run.")


async def _next(messages: Messages, deadline: float) -> dict[str, Any] | None:
    if not messages.empty():
        return messages.get_nowait()
    async with asyncio.timeout_at(deadline):
        return await messages.get()


def _end(message: dict[str, Any]) -> Event:
    if "done" in message:
        return Finished(message["done"], message.get("usage", {}))
    if "failed" in message:
        return Failed("flow_failed", message["failed"])
    return Failed("cancelled", "The run was stopped.")


async def _farewell(worker: WorkerProcess, run: str) -> None:
    """A worker that cannot even say goodbye holds up every run it has: it is killed."""
    worker.say({"cancel": run})
    messages = worker.runs[run]
    try:
        async with asyncio.timeout(CANCEL_GRACE):
            while (message := await messages.get()) is not None and "token" in message:
                continue
    except TimeoutError:
        worker.kill()
    finally:
        worker.forget(run)


def _flow(flow: FlowRef) -> dict[str, str]:
    return {"path": str(flow.path.resolve()), "hash": flow.content_hash}


def _message(run: str, job: Job) -> dict[str, Any]:
    return {
        "run": run,
        "flow": _flow(job.flow),
        "text": job.text,
        "session": job.session_id,
        "variables": dict(job.variables),
        "tweaks": tweaks_for(job),
    }
