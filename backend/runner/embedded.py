"""The runner that needs nothing installed: lfx in processes of our own, one for each run, killed when they must be."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

from backend.runner import ports
from backend.runner.flows import tweaks_for
from backend.runner.folder import Folder
from backend.runner.masking import masked
from backend.runner.messages import UNREADABLE
from backend.runner.nursery import Nursery
from backend.runner.ports import Event, Failed, Finished, FlowRef, Job, Token
from backend.runner.templates import Gone, RunProcess, Template, Unstarted, Unusable
from backend.settings import Settings

MEMORY = 2 * 1024**3
"""Bytes of address space of a run; lfx itself takes half a gigabyte of it, shared by all."""
TEMPLATES = 16
"""Flows that are kept loaded; the one unused for longest goes first."""
TRIES = 3
"""Processes of a flow that may be found dead, one after the other, before its run fails."""
LOADING = 60.0
"""Seconds that a flow has to load."""
NAMES = 53
"""TCP port that names are asked from."""
MOST_TOKENS = 2**31 - 1
"""Of one run. Who counts them is flow code."""
_CRASHED = Failed("crashed", "The process that ran the flow ended in the middle of the run.")
_log = logging.getLogger(__name__)


class EmbeddedRunner:
    """flows: loaded at the start, so that the first customer does not wait. memory: bytes a run may have."""

    def __init__(self, settings: Settings, *, flows: Sequence[FlowRef] = (), memory: int = MEMORY) -> None:
        self._flows = tuple(flows)
        self._folder = Folder(settings.data_dir.resolve() / "runner")
        model = urlsplit(settings.llm_base_url)
        allowed = {*settings.runner_ports, NAMES, model.port or (80 if model.scheme == "http" else 443)}
        self._nursery = Nursery(self._folder, settings.llm_base_url, memory, sorted(allowed), self._forget_all)
        self._templates: OrderedDict[str, Template] = OrderedDict()
        self._turns = asyncio.Semaphore(settings.runner_at_once)
        self._told: set[str] = set()
        self._first: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._nursery.open()
        self._first = asyncio.create_task(self._load_first())

    async def stop(self) -> None:
        if self._first is not None:
            self._first.cancel()
            await asyncio.gather(self._first, return_exceptions=True)
        self._forget_all()
        await self._nursery.close()

    def health(self) -> str:
        return self._nursery.trouble

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
            async with aclosing(self._run(job, deadline)) as events:
                async for event in events:
                    yield masked(event, job.variables)
        finally:
            self._turns.release()

    async def _run(self, job: Job, deadline: float) -> AsyncGenerator[Event, None]:
        process: RunProcess | None = None
        try:
            async with asyncio.timeout_at(deadline):
                template = await self._template(job.flow)
                template.used += 1
                try:
                    process = await _live(template)
                finally:
                    template.used -= 1 if process is None else 0
        except TimeoutError:
            yield Failed("unavailable", f"No worker is running: {trouble}.") if (trouble := self.health()) else _late(job)
            return
        except Unusable as fault:
            yield Failed("flow_failed", str(fault))
            return
        except Unstarted as fault:
            yield Failed("unavailable", str(fault))
            return
        except Gone as fault:
            yield Failed("crashed", str(fault) or _CRASHED.detail)
            return
        try:
            process.say(_message(job))
            async with aclosing(_events(process, job, deadline)) as events:
                async for event in events:
                    yield event
        finally:
            process.end()
            template.used -= 1

    async def _template(self, flow: FlowRef) -> Template:
        """Of this version of the flow. Raises Unusable, Unstarted."""
        await self._nursery.ready.wait()
        template = self._templates.get(flow.content_hash)
        if template is None or not template.alive:
            self._make_room()
            template = Template(self._nursery, flow, self._folder.path / secrets.token_hex(8))
            self._templates[flow.content_hash] = template
            asyncio.get_running_loop().call_later(LOADING, template.give_up)
        self._templates.move_to_end(flow.content_hash)
        return template

    def _make_room(self) -> None:
        for content_hash, template in tuple(self._templates.items()):
            if len(self._templates) >= TEMPLATES and not template.used:
                template.close()
                del self._templates[content_hash]

    async def _load_first(self) -> None:
        await self._nursery.ready.wait()
        for flow in self._flows:
            try:
                template = await self._template(flow)
                await template.loaded()
            except (Unusable, Unstarted, Gone) as fault:
                _log.warning("The flow %s cannot be loaded: %s", flow.name, fault)
            else:
                self._tell(template.missing)

    def _tell(self, missing: Sequence[str]) -> None:
        """What holds flow code back less here than it could, once."""
        for words in missing:
            if words not in self._told:
                self._told.add(words)
                _log.warning("Flows are less walled in than they could be: %s.", words)

    def _forget_all(self) -> None:
        for template in self._templates.values():
            template.close()
        self._templates.clear()


async def _live(template: Template) -> RunProcess:
    """A process that waits. Raises Unusable, Unstarted, Gone."""
    for _ in range(TRIES):
        process = await template.take()
        waits = False
        try:
            waits = await process.connect()
        finally:
            if not waits:
                process.end()
        if waits:
            return process
    raise Gone("The flow's processes end before they are asked anything.")


async def _events(process: RunProcess, job: Job, deadline: float) -> AsyncGenerator[Event, None]:
    said = 0
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                message = await process.hear()
            event = _CRASHED if message is None else _event(message)
        except TimeoutError:
            event = _late(job)
        except UNREADABLE:
            event = Failed("crashed", "What the flow's process said cannot be read.")
        if not isinstance(event, Failed):
            said += len(event.text) if isinstance(event, Token) else 0
            if max(said, len(event.text)) > ports.LONGEST:
                event = ports.too_long()
        if isinstance(event, Finished) and event.text and not said:
            yield Token(event.text)
        yield event
        if not isinstance(event, Token):
            return


def _late(job: Job) -> Failed:
    return Failed("timeout", f"The run took longer than {job.timeout:g} seconds and was stopped.")


def _event(message: dict[str, Any]) -> Event:
    if "token" in message:
        return Token(str(message["token"]))
    if "done" in message:
        usage = {str(name): int(count) for name, count in message["usage"].items()}
        if not all(0 <= count <= MOST_TOKENS for count in usage.values()):
            raise ValueError("more tokens than there are")
        return Finished(str(message["done"]), usage)
    return Failed("flow_failed", str(message["failed"]))


def _message(job: Job) -> dict[str, Any]:
    return {
        "text": job.text,
        "session": job.session_id,
        "variables": dict(job.variables),
        "tweaks": tweaks_for(job),
        "seconds": job.timeout,
    }
