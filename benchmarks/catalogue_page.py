"""A warm catalogue page beside the same page's GraphQL query sent to Saleor: `python -m benchmarks.catalogue_page [--saleor URL] [rounds]`.

Both are asked in turn, round by round, so that they meet the same machine:
- the page: the marketplace's and a product's HTML over HTTP, from our server, as a browser with a connection open gets it;
- the State: what an open page loads, from the catalogue in memory and the offerings in the database to the cards, in process;
- Saleor: the query behind the page, over HTTP with a connection open, as the page would ask it without a memory of its own.

Without `--saleor` the shop is the embedded one, on the same server: its figures say nothing about a real Saleor's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
from graphql import print_ast

from backend.commerce.operations import load as operations
from backend.commerce.schemas import ProductQuery
from backend.commerce.snapshot import MAX_PRODUCTS
from backend.container import Services
from backend.main import assemble
from backend.settings import Settings
from benchmarks._system import PAGES, built, free_port, load, percentile, started
from cmp_web.state import browse, shelf

TARGET = 20.0
WARM = 20
"""Rounds that are not counted."""
CHANNEL = "default-channel"
SLUG = PAGES["product"].rpartition("/")[2]
QUERIES = {"marketplace": ("Products", {"first": 100, "after": None}), "product": ("Product", {"slug": SLUG})}

Ask = Callable[[], Awaitable[object]]


async def timed(ask: Ask) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    await ask()
    return (time.perf_counter() - start) * 1000


async def measure(page: str, saleor: str, rounds: int, folder: Path) -> dict[str, list[float]]:
    """Milliseconds of each round: for each page its HTML, what its State loads, the query on Saleor. folder: for a system of our own."""
    found: dict[str, list[float]] = {}
    async with opened(folder, saleor) as services, httpx.AsyncClient(timeout=30) as http:
        asked: dict[str, Ask] = {}
        for name, path in PAGES.items():
            asked[f"{name}: HTML"] = lambda path=path: _got(http, page + path)  # type: ignore[misc]
            asked[f"{name}: State"] = lambda name=name: STATES[name](services)  # type: ignore[misc]
            asked[f"{name}: Saleor"] = lambda name=name: _queried(http, saleor, *QUERIES[name])  # type: ignore[misc]
        for number in range(rounds + WARM):
            for name, ask in asked.items():
                took = await timed(ask)
                if number >= WARM:
                    found.setdefault(name, []).append(took)
    return found


@asynccontextmanager
async def opened(folder: Path, saleor: str) -> AsyncIterator[Services]:
    """The services of this process, reading that Saleor."""
    settings = Settings(_env_file=None, data_dir=folder, saleor_api_url=saleor)  # type: ignore[call-arg]
    await asyncio.to_thread(folder.mkdir)
    system = assemble(settings)
    await system.prepare()
    try:
        yield system.services
    finally:
        await system.services.commerce.close()
        await system.services.http.aclose()
        await system.services.database.dispose()


async def _marketplace(services: Services) -> object:
    page = await services.commerce.products(ProductQuery(first=MAX_PRODUCTS))
    terms = {offering.sku: offering.terms for offering in await services.offerings.all()}
    return browse.shelf(shelf.recommended(shelf.live_cards(page.items, terms)), {}, shelf.facet_words(page.items, terms))


async def _product(services: Services) -> object:
    product = await services.commerce.product(SLUG)
    assert product is not None
    terms = {offering.sku: offering.terms for offering in await services.offerings.all()}
    return shelf.live_product(product, terms), shelf.written(product), shelf.shot(product, shelf.PAGE)


STATES = {"marketplace": _marketplace, "product": _product}


async def _got(http: httpx.AsyncClient, url: str) -> None:
    answer = await http.get(url)
    assert answer.status_code == 200, answer.text[:200]
    assert answer.headers["content-type"].startswith("text/html")


async def _queried(http: httpx.AsyncClient, saleor: str, operation: str, variables: dict[str, object]) -> None:
    body = {
        "query": print_ast(operations()[operation].document),
        "operationName": operation,
        "variables": {"channel": CHANNEL, **variables},
    }
    answer = (await http.post(saleor, json=body)).json()
    assert not answer.get("errors"), answer["errors"]
    assert next(iter(answer["data"].values())), f"{saleor} has no {operation} of {CHANNEL}: fill it first (cmpctl saleor setup)"


def tell(found: dict[str, list[float]]) -> bool:
    """Whether every page is `TARGET` times as quick as its query."""
    good = True
    for page in PAGES:
        floor = median(found[f"{page}: Saleor"])
        for name in ("HTML", "State", "Saleor"):
            times = found[f"{page}: {name}"]
            p50 = median(times)
            ratio = "" if name == "Saleor" else f", {floor / p50:,.1f}× quicker than Saleor (aim {TARGET:.0f}×)"
            good = good and (name == "Saleor" or floor / p50 >= TARGET)
            print(f"{page}, {name}: p50 {p50:.3f} ms, p95 {percentile(times, 95):.3f} ms{ratio}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=200)
    parser.add_argument("--saleor", default="", help="the GraphQL URL of a real Saleor that holds the catalogue")
    asked = parser.parse_args()
    built()
    print(f"   {load()}, {asked.rounds} rounds, {asked.saleor or 'the embedded shop'}")
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "var", free_port(), saleor=asked.saleor) as running:
        shop = asked.saleor or f"{running.url}/graphql/"
        good = tell(asyncio.run(measure(running.url, shop, asked.rounds, Path(folder) / "state")))
    # The embedded shop is no Saleor: against it there is no bound to hold.
    return 0 if good or not asked.saleor else 1


if __name__ == "__main__":
    sys.exit(main())
