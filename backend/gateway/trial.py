"""Try it here: a product's own flow over its sample documents. Free, limited, and nothing of it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from backend.catalogue import Product
from backend.control_plane.knowledge import policy as knowledge
from backend.control_plane.knowledge.extraction import extract
from backend.control_plane.knowledge.kinds import recognise
from backend.control_plane.knowledge.views import Passage
from backend.gateway import policy
from backend.gateway.answering import answer
from backend.gateway.events import token
from backend.gateway.jobs import PASSAGES, Jobs, number
from backend.gateway.limits import RateLimits, Slots
from backend.gateway.views import RunEvent, RunStatus
from backend.kernel.errors import Invalid, NotFound
from backend.kernel.ids import DocumentId, new_id
from backend.runner.ports import Job, Runner
from backend.settings import Settings

MAX_TEXT = 500
"""Characters of a trial question."""
A_DAY = 20
"""Trials of one visitor."""
A_MINUTE = 60
"""Trials of all visitors together."""
AT_ONCE = 2
TIMEOUT = 30.0
"""Seconds."""


class Said:
    """What a trial has said so far, handed on piece by piece."""

    def __init__(self, deliver: Callable[[str], None]) -> None:
        self._deliver = deliver
        self._parts: list[str] = []
        self.length = 0

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, piece: str) -> None:
        self._parts.append(piece)
        self.length += len(piece)
        self._deliver(piece)


class Trials:
    def __init__(self, products: Sequence[Product], runner: Runner, jobs: Jobs, limits: RateLimits, settings: Settings) -> None:
        self._products = {product.slug: product for product in products if product.is_agent}
        self._runner, self._jobs, self._limits = runner, jobs, limits
        self._timeout = min(TIMEOUT, float(settings.run_timeout_seconds))
        self._slots = Slots(AT_ONCE, "Many people are trying this agent just now. Try again in a moment.")
        self._samples: dict[str, list[Passage]] = {}

    async def ask(self, product_slug: str, visitor: str, text: str) -> AsyncIterator[RunEvent]:
        """The events of one trial, in the form of a run's. visitor: an opaque name of whoever asks.

        Raises NotFound, Invalid, and RateLimited when the visitor, or everybody together, asked too often.
        """
        product = self._products.get(product_slug)
        if product is None:
            raise NotFound("There is no such agent to try.")
        text = text.strip()
        if not 0 < len(text) <= MAX_TEXT:
            raise Invalid(f"Ask in 1 to {MAX_TEXT} characters.", fields={"text": f"1 to {MAX_TEXT} characters"})
        await self._limits.per_day(f"trial:{visitor}", A_DAY)
        await self._limits.per_minute("trials", A_MINUTE)
        self._slots.take("trials")
        try:
            async for event in self._events(product, text):
                yield event
        finally:
            self._slots.give_back("trials")

    async def _events(self, product: Product, text: str) -> AsyncIterator[RunEvent]:
        run_id, plan = new_id("trial"), self._jobs.plan(product.slug)
        passages = number(_best(await self._passages(product), text))
        job = Job(run_id, plan.flow, text, run_id, passages, (), plan.variables, plan.tweaks, self._timeout)
        yield RunEvent("run.started", {"id": run_id})
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        work = asyncio.create_task(answer(self._runner, job, Said(pieces.put_nowait)))
        work.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield token(piece)
            outcome = await work
        finally:
            work.cancel()
        for source in outcome.sources:
            yield RunEvent("source", asdict(source))
        if outcome.status is RunStatus.FAILED:
            yield RunEvent(
                "run.failed", {"id": run_id, "error": {"code": outcome.error_code, "detail": policy.FAILURES[outcome.error_code]}}
            )
        else:
            output = {"text": outcome.text, "sources": [asdict(source) for source in outcome.sources]}
            yield RunEvent("run.completed", {"id": run_id, "status": outcome.status.value, "output": output})

    async def _passages(self, product: Product) -> list[Passage]:
        """The sample documents' passages, read once."""
        if product.slug not in self._samples:
            found: list[Passage] = []
            for path in product.samples:
                kind = recognise(path.name, await asyncio.to_thread(path.read_bytes))
                found += [_passage(path, block) for block in await extract(kind, path.resolve())]
            self._samples[product.slug] = found
        return self._samples[product.slug]


def _passage(path: Path, block: knowledge.Block) -> Passage:
    return Passage(DocumentId(f"sample:{path.name}"), path.name, block.place, block.text, 0.0)


def _best(passages: Sequence[Passage], text: str) -> list[Passage]:
    scores = knowledge.rank(knowledge.words(text), [(p.place, p.text) for p in passages])
    ranked = sorted(zip(scores, passages, strict=True), key=lambda pair: -pair[0])
    return [passage for score, passage in ranked[:PASSAGES] if score > 0]
