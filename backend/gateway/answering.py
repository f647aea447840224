"""Puts one question to the runner: passages and history in, tokens out as they come, and an outcome at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Protocol, cast

from backend.gateway import policy
from backend.gateway.views import Outcome, RunStatus
from backend.runner.ports import Event, Failed, Finished, Job, Runner, Token

log = logging.getLogger(__name__)
GRACE = 5.0
"""Seconds the runner has to report its own time-out before it is closed."""
MOST_TOKENS = 2**40
"""No run of any model comes near it, and the sum of all runs stays within a column."""


class Answer(Protocol):
    """Where an answer goes, piece by piece. What has been delivered is also what a stopped run is charged by."""

    @property
    def length(self) -> int: ...
    @property
    def text(self) -> str: ...
    def add(self, piece: str) -> None: ...


async def answer(runner: Runner, job: Job, so_far: Answer) -> Outcome:
    """Run `job` to its end. Every way a run goes wrong is an outcome; only a cancellation is raised."""
    try:
        async with asyncio.timeout(job.timeout + GRACE):
            return await _events(runner, job, so_far)
    except TimeoutError:
        return failed("timeout")


async def _events(runner: Runner, job: Job, so_far: Answer) -> Outcome:
    stream = cast("AsyncGenerator[Event, None]", runner.stream(job))
    async with aclosing(stream):
        async for event in stream:
            match event:
                case Token(text=piece):
                    so_far.add(storable(piece))
                    if so_far.length > policy.MAX_ANSWER:
                        return failed("too_long")
                case Finished(text=text, usage=usage):
                    # What was delivered stays; the whole answer can only go on from there.
                    text, said = storable(text), so_far.text
                    if len(text) > len(said) and text.startswith(said):
                        so_far.add(text[len(said) :])
                    text = so_far.text
                    return Outcome(RunStatus.SUCCEEDED, text, policy.cited(text, job.passages), counted(usage))
                case Failed(code=code, detail=detail):
                    log.warning("run %s failed: %s: %s", job.run_id, code, detail)
                    return failed(code)
    log.error("run %s: the runner's stream ended without an answer", job.run_id)
    return failed("crashed")


def counted(usage: Mapping[str, int]) -> dict[str, int]:
    """Whatever flow code says it used, within what can be added up."""
    return {name: max(-1, min(count, MOST_TOKENS)) for name, count in usage.items() if isinstance(count, int)}


def storable(text: str) -> str:
    """Without what no database keeps: the null character, and half a surrogate pair. An agent may write anything."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def failed(code: str) -> Outcome:
    """A runner that was cancelled behind our back has failed, as far as the customer is concerned."""
    return Outcome(RunStatus.FAILED, error_code=code if code in policy.FAILURES else "crashed")
