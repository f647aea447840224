"""A product's page: today's prices over those it was built with, the plan asked for, and the trial."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from backend.kernel.errors import DomainError, NotFound
from cmp_web.state import notice, shelf
from cmp_web.state.app_rows import Piece, pieces
from cmp_web.state.services import services
from cmp_web.state.session import public, visitor_of
from cmp_web.state.views import ProductView, Shot

NONE = ProductView("", "", "", "", "agent", False, "", "", [])
BATCH_SECONDS = 0.05
"""How long words are gathered before they cross the websocket together."""
MAX_QUESTION = 500


class Product(rx.State):
    """prices: by SKU, as the shop has them now. gone: the SKUs that cannot be bought, also those the page was built with. written: the
    seller's own description, as safe HTML. late: a product that appeared after the site was built. note: what is the matter with the
    shop."""

    prices: dict[str, str] = {}
    gone: list[str] = []
    written: str = ""
    shot: Shot = Shot()
    note: str = ""
    plan: str = ""
    late: ProductView = NONE
    title: str = "Product · CMP"
    missing: bool = False
    failed: str = ""

    @rx.event
    @public
    async def load(self) -> Any:
        self.plan = str(self.router.url.query_parameters.get("plan", ""))[:64]
        self.failed, self.missing = "", False
        await self._show(self._slug())
        return Product.follow if services().commerce.refreshing else None

    @rx.event(background=True)
    @public
    async def follow(self) -> None:
        """The page is shown from memory already; show what the reading behind it brings, too."""
        await services().commerce.refreshed()
        async with self:
            await self._show(self._slug())

    def _slug(self) -> str:
        return str(self.router.url.path.rstrip("/").rpartition("/")[2])

    async def _show(self, slug: str) -> None:
        commerce = services().commerce
        try:
            product = await commerce.product(slug)
            terms = {offering.sku: offering.terms for offering in await services().offerings.all()}
        except DomainError as error:
            self.failed, self.note = error.detail, notice.of(commerce.freshness(), services().clock.now())
            return
        self.note = notice.of(commerce.freshness(), services().clock.now())
        sold = [variant for variant in product.variants if variant.sku in terms] if product else []
        buyable = {variant.sku for variant in sold if variant.available}
        self.gone = [sku for sku in dict.fromkeys([*shelf.built_skus(slug), *(variant.sku for variant in sold)]) if sku not in buyable]
        if product is None or not sold:
            self.missing, self.late, self.prices = True, NONE, {}
            return
        self.prices = {variant.sku: str(variant.price) for variant in sold}
        self.written, self.shot = shelf.written(product), shelf.shot(product, shelf.PAGE)
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
