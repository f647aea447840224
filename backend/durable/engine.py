"""A small adapter over DBOS. Workflows are registered by name before the start and begun by id after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine

from backend.durable.line import Line
from backend.durable.memory import remembering

APPLICATION = VERSION = "cmp"
"""A fixed version: work begun before an upgrade is finished after it."""
POLL = 0.2
"""Seconds between two looks at the line; about 1 % of a core when nothing waits there."""

GRACE = 2.0
"""Seconds that steps under way have to end in when durable work is stopped."""

T = TypeVar("T")
Workflow = Callable[..., Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Retry:
    """attempts: tries in all. interval: seconds before the second try, multiplied by `backoff` each time. only: what is worth a retry."""

    attempts: int = 5
    interval: float = 1.0
    backoff: float = 2.0
    only: tuple[type[BaseException], ...] = (Exception,)


class Durable:
    """url: SQLAlchemy URL of the database that remembers the work (SQLite or PostgreSQL)."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgres://", "postgresql://", 1)
        self._workflows: dict[str, Workflow] = {}
        self._at_once: dict[str, int] = {}
        self._schedules: dict[str, tuple[str, Workflow]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._registered: dict[str, Workflow] = {}
        self._engine: Engine | None = None
        self._line: Line | None = None
        self._ahead = 0
        self._steps: set[asyncio.Task[Any]] = set()
        self.running = False

    def workflow(self, name: str, function: Workflow, *, at_once: int = 0) -> None:
        """Register `function` under a stable name. Only before `start`.

        at_once: how many of them this process works on; the others wait in a line that outlives it. 0: each begins at once.
        """

        # DBOS writes attributes on what it registers, which a bound method does not take.
        async def workflow(*args: Any) -> Any:
            try:
                return await function(*args)
            finally:
                self._ahead -= name in self._at_once

        workflow.__qualname__ = workflow.__name__ = name
        self._workflows[name] = workflow
        if at_once:
            self._at_once[name] = at_once

    def schedule(self, name: str, cron: str, function: Workflow) -> None:
        """Run `function` by a cron expression, once among all processes. Only before `start`."""
        self._schedules[name] = (cron, function)

    async def start(self) -> None:
        """Connect, create what is missing, and take up every workflow that a stopped process left unfinished."""
        self._loop = asyncio.get_running_loop()
        logging.getLogger("dbos").setLevel(logging.ERROR)
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": self._url,
            "application_version": VERSION,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        engine = self._open()
        if engine.dialect.name == "sqlite":
            config["system_database_engine"] = engine
        DBOS(config=config)
        for name, function in self._workflows.items():
            self._registered[name] = DBOS.workflow(name=name)(function)
        for name, (_, function) in self._schedules.items():
            self._registered[name] = DBOS.workflow(name=name)(self._scheduled(name, function))
        await asyncio.to_thread(DBOS.launch)
        for name, bound in self._at_once.items():
            await DBOS.register_queue_async(name, worker_concurrency=bound, polling_interval_sec=POLL, on_conflict="always_update")
        for name, (cron, _) in self._schedules.items():
            entry: Any = {"schedule_name": name, "workflow_fn": self._registered[name], "schedule": cron, "context": None}
            await DBOS.apply_schedules_async([entry])

        self.running = True

    async def join(self) -> None:
        """Instead of `start`, for a program beside a running server: work can be put in the line, and none is taken up here.

        A start would take up again what the server is just at.
        """
        self._open()
        await asyncio.to_thread(DBOS.migrate, self._url)

    async def stop(self) -> None:
        """Stop taking up work. What is under way goes on at the next start. Safe to repeat."""
        if self.running:
            self.running = False
            # A piece of work that is being taken out of the line just now would find no loop to run on: it is given a second.
            await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=int(self._ahead > 0), destroy_registry=True)
            await self._leave()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    async def _leave(self) -> None:
        """Steps under way end, or are ended: none may still hold a connection when the loop and the pools go."""
        steps = {step for step in self._steps if not step.done()}
        if steps:
            _, late = await asyncio.wait(steps, timeout=GRACE)
            for step in late:
                step.cancel()
            await asyncio.gather(*steps, return_exceptions=True)

    def _open(self) -> Engine:
        self._engine = engine = remembering(self._url)
        self._line = Line(engine, APPLICATION, VERSION)
        return engine

    async def begin(self, name: str, workflow_id: str, *args: Any) -> None:
        """Start the workflow; a second call with the same id changes nothing. It is durable when this returns."""
        if name in self._at_once:
            assert self._line is not None, "durable work has not started"
            await self._line.join(name, workflow_id, args)
            self._ahead += 1
            return
        with SetWorkflowID(workflow_id):
            await DBOS.start_workflow_async(self._registered[name], *args)

    async def wait(self, workflow_id: str) -> Any:
        """The result of a workflow, when it has one. Raises what the workflow raised."""
        handle: Any = await DBOS.retrieve_workflow_async(workflow_id)
        return await handle.get_result(polling_interval_sec=POLL / 4)

    async def under_way(self, name: str) -> int:
        """How many pieces of this work wait or are worked on."""
        return len(await DBOS.list_workflows_async(name=name, status=["PENDING", "ENQUEUED"], load_input=False, load_output=False))

    async def step(self, name: str, function: Callable[..., Awaitable[T]], *args: Any, retry: Retry | None = None) -> T:
        """Inside a workflow: run `function` on the application's own loop and remember its result."""
        options: Any = {"name": name}
        if retry is not None:
            options |= {
                "retries_allowed": True,
                "max_attempts": retry.attempts,
                "interval_seconds": retry.interval,
                "backoff_rate": retry.backoff,
                "should_retry": lambda error: isinstance(error, retry.only),
            }
        home: Any = self._at_home
        return cast(T, await DBOS.run_step_async(options, home, function, *args))

    async def sleep(self, seconds: float) -> None:
        """Inside a workflow: wait, across restarts too."""
        await DBOS.sleep_async(seconds)

    async def _at_home(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """DBOS recovers workflows on a loop of its own, but connection pools belong to the application's loop: hop there."""
        home = self._loop or asyncio.get_running_loop()

        async def call() -> T:
            return await function(*args)

        async def outside() -> T:
            # A step may begin other work. With DBOS's context around it that would be a child of this workflow, which a step may not have.
            step = home.create_task(call(), context=Context())
            self._steps.add(step)
            step.add_done_callback(self._steps.discard)
            return await step

        if asyncio.get_running_loop() is home:
            return await outside()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(outside(), home))

    def _scheduled(self, name: str, function: Workflow) -> Workflow:
        async def workflow(_scheduled_at: datetime, _context: Any) -> None:
            await self.step(name, function)

        workflow.__qualname__ = workflow.__name__ = name
        return workflow
