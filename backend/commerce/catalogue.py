"""Reading the catalogue. Pages are answered from a snapshot in memory; the shop is asked behind them, and for what it alone knows."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from backend.commerce import wire
from backend.commerce.cache import Memory
from backend.commerce.live import Copies, Live
from backend.commerce.products import product
from backend.commerce.schemas import Category, Freshness, Product, ProductPage, ProductQuery
from backend.commerce.session import Session
from backend.commerce.snapshot import MAX_PRODUCTS, Snapshot, check
from backend.kernel.clock import Clock
from backend.kernel.errors import Unavailable, UpstreamFailed
from backend.kernel.page import MAX_PAGE

_log = logging.getLogger(__name__)
SLUG = re.compile(r"[-\w]{1,128}")
"""What is looked for by its address: the letters that Saleor makes a slug of, as many as our own addresses have. Nothing else is asked for
or remembered."""
MAX_FOUND = 500
"""Products taken over from the shop's own search, the best first."""
SEARCH_PATIENCE = 1.5
"""Seconds a page waits for the shop's own search before it looks by itself."""
PATIENCE = 3.0
"""Seconds a page waits for a product that is in no list."""
FOLLOW_PATIENCE = 20.0
"""Seconds that a page which already shows something waits for something newer."""


class CatalogueReads:
    """shop: the URL of its GraphQL. channel: slug. Every answer is what an anonymous shopper may see."""

    def __init__(self, session: Session, shop: str, channel: str, clock: Clock, copies: Copies | None) -> None:
        self._session, self._shop, self._channel = session, shop, channel
        self._live = Live(self._read, copies, clock)
        minute = timedelta(minutes=1)
        self._searches: Memory[tuple[str, ...]] = Memory(clock, life=minute, size=256, patience=SEARCH_PATIENCE)
        self._single: Memory[Product | None] = Memory(clock, life=minute, size=256, patience=PATIENCE)
        self._parts: Memory[tuple[Category, ...]] = Memory(clock, life=timedelta(seconds=5), size=1, patience=60)

    async def products(self, query: ProductQuery | None = None) -> ProductPage:
        """One page. An unknown category or type gives an empty page. Raises Invalid for a price, sort or size that is none."""
        query = query or ProductQuery()
        check(query)
        snapshot = await self._live.current()
        return snapshot.find(query, await self._ranked(query.search) if query.search else None)

    async def product(self, slug: str) -> Product | None:
        """The product, or None when it is unknown or not published."""
        snapshot = await self._live.current()
        if found := snapshot.slugs.get(slug):
            return found
        if not SLUG.fullmatch(slug):
            return None
        # Published and not listed, newer than the snapshot, or beyond what is read.
        return await self._single.get(slug, lambda: self._ask_product(slug))

    async def categories(self) -> tuple[Category, ...]:
        """As the shop has them now: it is asked, so this also tells whether it answers."""
        return await self._parts.get("categories", self._ask_categories)

    async def changed(self) -> None:
        """The shop says that something in the catalogue changed. Returns at once; the reading it causes is shared by all who call."""
        self._searches.forget()
        self._single.forget()
        self._live.changed()

    def freshness(self) -> Freshness:
        """How old what pages show is, and what is the matter with the shop."""
        return self._live.freshness()

    @property
    def refreshing(self) -> bool:
        return self._live.refreshing

    async def refreshed(self) -> None:
        """Wait for the reading under way, if there is one, so that a page can show what it brought."""
        await self._live.settled(FOLLOW_PATIENCE)

    async def _close_reads(self) -> None:
        for part in (self._live, self._searches, self._single, self._parts):
            await part.close()

    async def _read(self, before: Snapshot | None, at: datetime) -> Snapshot:
        with _readable():
            found, whole = await self._listed()
            # Thousands of products take a second to read; pages are answered meanwhile.
            return await asyncio.to_thread(Snapshot.of, found, at, self._shop, whole=whole, before=before)

    async def _listed(self) -> tuple[list[wire.Data], bool]:
        """The products of the channel, and whether these are all."""
        found: dict[str, wire.Data] = {}
        after: str | None = None
        while len(found) < MAX_PRODUCTS:
            variables = {"channel": self._channel, "first": MAX_PAGE, "after": after}
            connection = (await self._session.ask("Products", variables))["products"]
            # By id: a product that moved to a later page while the list was read comes twice.
            found |= {node["id"]: node for node in wire.nodes(connection)}
            after = wire.cursor(connection)
            if after is None:
                break
        if after is not None:
            _log.warning("catalogue: the channel has more than %d products; the rest is found only by its own address", MAX_PRODUCTS)
        return list(found.values()), after is None

    async def _ranked(self, words: str) -> tuple[str, ...] | None:
        """The slugs that the shop's own search finds, the best first; None when it does not answer in time."""
        words = " ".join(words.casefold().split())
        if self._live.freshness().trouble == "away":
            return None
        try:
            return await self._searches.get(words, lambda: self._search(words))
        except (Unavailable, UpstreamFailed):
            return None

    async def _search(self, words: str) -> tuple[str, ...]:
        found: list[str] = []
        after: str | None = None
        while len(found) < MAX_FOUND:
            variables = {"channel": self._channel, "words": words, "first": MAX_PAGE, "after": after}
            answer = await self._session.ask("SearchProducts", variables)
            with _readable():
                found += [node["slug"] for node in wire.nodes(answer["products"])]
                after = wire.cursor(answer["products"])
            if after is None:
                break
        return tuple(found)

    async def _ask_product(self, slug: str) -> Product | None:
        answer = await self._session.ask("Product", {"channel": self._channel, "slug": slug})
        with _readable():
            return product(answer["product"], self._shop) if answer["product"] else None

    async def _ask_categories(self) -> tuple[Category, ...]:
        found: list[Category] = []
        after: str | None = None
        while True:
            answer = await self._session.ask("Categories", {"first": MAX_PAGE, "after": after})
            with _readable():
                found += [Category(node["id"], node["slug"], node["name"]) for node in wire.nodes(answer["categories"])]
                after = wire.cursor(answer["categories"])
            if after is None:
                return tuple(found)


@contextmanager
def _readable() -> Iterator[None]:
    """What the shop sent is read in here. Raises UpstreamFailed where it makes no sense: a fault of the shop's, after which it is left
    alone like after any other."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as fault:
        raise UpstreamFailed(f"The shop sent a catalogue that makes no sense: {fault!r}.", code="shop_failed") from fault
