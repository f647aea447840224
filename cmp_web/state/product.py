"""A product's page: today's prices over those it was built with, the plan asked for, and the trial."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from backend.kernel.errors import DomainError, NotFound
from cmp_web.state import shelf
from cmp_web.state.app_rows import Piece, pieces
from cmp_web.state.services import services
from cmp_web.state.session import public, visitor_of
from cmp_web.state.views import ProductView

NONE = ProductView("", "", "", "", "agent", False, "", "", [])
BATCH_SECONDS = 0.05
"""How long words are gathered before they cross the websocket together."""
MAX_QUESTION = 500


class Product(rx.State):
    """prices: by SKU, as the shop has them now. late: a product that appeared after the site was built."""

    prices: dict[str, str] = {}
    plan: str = ""
    late: ProductView = NONE
    title: str = "Product · CMP"
    missing: bool = False
    failed: str = ""

    @rx.event
    @public
    async def load(self) -> None:
        slug = self.router.url.path.rstrip("/").rpartition("/")[2]
        self.plan = str(self.router.url.query_parameters.get("plan", ""))[:64]
        self.failed, self.missing = "", False
        try:
            product = await services().commerce.product(slug)
            terms = {offering.sku: offering.terms for offering in await services().offerings.all()}
        except DomainError as error:
            self.failed = error.detail
            return
        if product is None:
            self.missing, self.late, self.prices = True, NONE, {}
            return
        self.prices = {variant.sku: str(variant.price) for variant in product.variants}
        self.late = NONE if slug in shelf.SLUGS else shelf.live_product(product, terms)
        self.title = f"{product.name} · CMP"


@dataclass(frozen=True)
class Source:
    n: int
    name: str
    place: str


@dataclass(frozen=True)
class Turn:
    """One question and its answer, cut at its citations. line: what it would have cost. failed: whether the answer is an apology."""

    question: str
    answer: list[Piece]
    line: str
    failed: bool = False
    sources: list[Source] = field(default_factory=list)


class Trial(rx.State):
    """A conversation with the agent on its own page. It is not kept: another page, or a reload, begins anew."""

    slug: str = ""
    turns: list[Turn] = []
    asking: str = ""
    partial: str = ""
    busy: bool = False
    form: int = 0

    @rx.event
    @public
    async def begin(self) -> None:
        slug = self.router.url.path.rstrip("/").rpartition("/")[2]
        if slug != self.slug:
            self.slug, self.turns, self.asking, self.partial, self.busy = slug, [], "", "", False

    @rx.event(background=True)
    @public
    async def ask(self, slug: str, text: str) -> Any:
        text = str(text).strip()[:MAX_QUESTION]
        async with self:
            if self.busy or not text:
                return
            self.slug, self.busy, self.asking, self.partial = slug, True, text, ""
            self.form += 1
        turn = await self._answer(slug, text)
        async with self:
            self.busy, self.asking, self.partial = False, "", ""
            if self.slug == slug:
                self.turns = [*self.turns, turn]

    @rx.event
    @public
    async def submit(self, slug: str, form: dict[str, Any]) -> Any:
        return Trial.ask(slug, str(form.get("text", "")))

    async def _answer(self, slug: str, text: str) -> Turn:
        """The trial's answer, its words shown as they come."""
        words: list[str] = []
        sources: list[Source] = []
        shown = time.monotonic()
        try:
            async for event in services().gateway.trial(slug, visitor_of(self), text):
                if event.name == "token":
                    words.append(event.data["text"])
                    if time.monotonic() - shown > BATCH_SECONDS:
                        shown = time.monotonic()
                        async with self:
                            self.partial = "".join(words)
                elif event.name == "source":
                    sources.append(Source(event.data["n"], event.data["document_name"], event.data["place"]))
                elif event.name == "run.failed":
                    return Turn(text, pieces(event.data["error"]["detail"]), "Charged 0 credits", failed=True)
        except NotFound:
            return Turn(text, pieces("This product has nothing to try."), "", failed=True)
        except DomainError as error:
            return Turn(text, pieces(error.detail), "Charged 0 credits", failed=True)
        return Turn(text, pieces("".join(words)), "", sources=sources)
