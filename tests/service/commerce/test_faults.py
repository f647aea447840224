"""What becomes of a shop that is away, slow, broken or not a shop: a real HTTP server that misbehaves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from backend.commerce import catalogue
from backend.commerce.client import Commerce
from backend.commerce.live import LIFE, PAUSE, SLOW
from backend.commerce.schemas import ProductQuery
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Forbidden, Unavailable, UpstreamFailed
from backend.kernel.ids import SaleorOrderId

HTML = "<html><body>502 Bad Gateway</body></html>"
DENIED = {"errors": [{"message": "no", "extensions": {"exception": {"code": "PermissionDenied"}}}], "data": {"order": None}}
CHECKOUT = {"data": {"checkout": None}}


@dataclass
class Crooked:
    """answers: (status, content type, body, seconds to wait) in turn; the last one for ever."""

    answers: list[tuple[int, str, str, float]] = field(default_factory=list)
    asked: int = 0
    port: int = 0

    def says(self, body: object, status: int = 200, kind: str = "application/json", after: float = 0) -> None:
        self.answers.append((status, kind, body if isinstance(body, str) else json.dumps(body), after))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length"))
            await reader.readexactly(length)
            status, kind, body, after = self.answers[min(self.asked, len(self.answers) - 1)]
            self.asked += 1
            await asyncio.sleep(after)
            head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()
        finally:
            writer.close()


@pytest.fixture
async def crooked() -> AsyncIterator[Crooked]:
    shop = Crooked()
    server = await asyncio.start_server(shop.serve, "127.0.0.1", 0)
    shop.port = server.sockets[0].getsockname()[1]
    yield shop
    server.close()
    await server.wait_closed()


async def _token() -> str:
    return "token"


@pytest.fixture
async def commerce(crooked: Crooked, clock: FrozenClock) -> AsyncIterator[Commerce]:
    client = Commerce(f"http://127.0.0.1:{crooked.port}/graphql/", "default-channel", app_token=_token, clock=clock, seconds=0.3)
    yield client
    await client.close()


async def test_nobody_listening_is_unavailable(clock: FrozenClock, unused_tcp_port: int) -> None:
    client = Commerce(f"http://127.0.0.1:{unused_tcp_port}/graphql/", "default-channel", app_token=_token, clock=clock)
    with pytest.raises(Unavailable) as fault:
        await client.checkout("any")
    assert fault.value.code == "shop_unavailable"
    await client.close()


async def test_a_page_that_is_not_graphql_is_an_upstream_failure_and_is_asked_once(crooked: Crooked, commerce: Commerce) -> None:
    crooked.says(HTML, 200, "text/html")
    with pytest.raises(UpstreamFailed):
        await commerce.checkout("any")
    assert crooked.asked == 1


@pytest.mark.parametrize("nonsense", ["[]", "{}", '"hello"', '{"data": null}'])
async def test_json_that_is_not_an_answer_is_an_upstream_failure(crooked: Crooked, commerce: Commerce, nonsense: str) -> None:
    crooked.says(nonsense)
    with pytest.raises(UpstreamFailed):
        await commerce.checkout("any")


async def test_a_query_is_repeated_after_a_5xx(crooked: Crooked, commerce: Commerce) -> None:
    crooked.says(HTML, 503, "text/html")
    crooked.says(CHECKOUT)
    assert await commerce.checkout("any") is None
    assert crooked.asked == 2


async def test_a_query_is_given_up_after_three_tries(crooked: Crooked, commerce: Commerce) -> None:
    crooked.says("", 500)
    with pytest.raises(Unavailable):
        await commerce.checkout("any")
    assert crooked.asked == 3


async def test_a_mutation_is_sent_once_whatever_happens(crooked: Crooked, commerce: Commerce) -> None:
    crooked.says("", 500)
    with pytest.raises(Unavailable):
        await commerce.complete("Q2hlY2tvdXQ6MQ==")
    assert crooked.asked == 1


async def test_a_slow_answer_is_not_waited_for(crooked: Crooked, commerce: Commerce) -> None:
    crooked.says(CHECKOUT, after=5)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(commerce.complete("Q2hlY2tvdXQ6MQ=="), timeout=2)


async def test_a_missing_permission_is_forbidden_and_not_repeated(crooked: Crooked, commerce: Commerce) -> None:
    crooked.says(DENIED)
    with pytest.raises(Forbidden):
        await commerce.order(SaleorOrderId("T3JkZXI6MQ=="))
    assert crooked.asked == 1


async def test_a_query_the_shop_does_not_understand_is_an_upstream_failure(crooked: Crooked, commerce: Commerce) -> None:
    crooked.says({"errors": [{"message": "Cannot query field"}]}, 400)
    with pytest.raises(UpstreamFailed):
        await commerce.checkout("any")


def _products(*names: str) -> dict[str, object]:
    made = [
        {
            "id": name,
            "slug": name,
            "name": name,
            "description": None,
            "isAvailableForPurchase": True,
            "productType": {"slug": "ai-agent"},
            "category": None,
            "media": [],
            "variants": [],
        }
        for name in names
    ]
    return {"data": {"products": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": [{"node": item} for item in made]}}}


async def test_a_slow_shop_slows_no_warm_page_and_pages_say_that_it_is_slow(crooked: Crooked, clock: FrozenClock) -> None:
    client = Commerce(f"http://127.0.0.1:{crooked.port}/graphql/", "default-channel", app_token=_token, clock=clock)
    crooked.says(_products("one"))
    crooked.says(_products("one", "two"), after=5)
    await client.products()
    clock.advance(LIFE)
    began = time.monotonic()
    for _ in range(50):
        assert (await client.products()).total == 1
    assert time.monotonic() - began < 0.5
    clock.advance(SLOW)
    assert client.freshness().trouble == "slow"
    await client.close()


async def test_a_search_does_not_wait_for_a_slow_shop(crooked: Crooked, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "SEARCH_PATIENCE", 0.2)
    client = Commerce(f"http://127.0.0.1:{crooked.port}/graphql/", "default-channel", app_token=_token, clock=clock)
    crooked.says(_products("one", "two"))
    crooked.says(_products("one", "two"), after=5)
    began = time.monotonic()
    for _ in range(3):
        page = await client.products(ProductQuery(search="two"))
        assert ([item.slug for item in page.items], page.local) == (["two"], True)
    assert time.monotonic() - began < 1
    await client.close()


@pytest.mark.parametrize("strange", [{"id": "x"}, {"id": "x", "slug": None, "name": 3, "description": 7}])
async def test_a_product_that_makes_no_sense_does_not_take_the_shelf_away(
    crooked: Crooked, clock: FrozenClock, strange: dict[str, object]
) -> None:
    client = Commerce(f"http://127.0.0.1:{crooked.port}/graphql/", "default-channel", app_token=_token, clock=clock)
    crooked.says(_products("one"))
    crooked.says({"data": {"products": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": [{"node": strange}]}}})
    await client.products()
    await client.changed()
    await client.refreshed()
    assert [item.slug for item in (await client.products()).items] == ["one"]
    assert client.freshness().trouble == "away"
    await client.close()


@pytest.mark.parametrize(
    "products",
    [None, [], {"edges": None}, {"edges": [None], "pageInfo": {"hasNextPage": False}}, {"edges": [{"node": {"id": []}}]}],
    ids=str,
)
async def test_a_list_of_products_that_is_none_is_the_shops_fault_and_not_asked_for_by_every_page(
    crooked: Crooked, clock: FrozenClock, products: object
) -> None:
    client = Commerce(f"http://127.0.0.1:{crooked.port}/graphql/", "default-channel", app_token=_token, clock=clock)
    crooked.says({"data": {"products": products}})
    for _ in range(5):
        with pytest.raises(UpstreamFailed):
            await client.products()
    assert (crooked.asked, client.freshness().trouble) == (1, "away")
    clock.advance(PAUSE)
    with pytest.raises(UpstreamFailed):
        await client.products()
    await client.refreshed()
    assert crooked.asked == 2
    await client.close()


@pytest.mark.parametrize("answer", [{}, {"product": 7}, {"product": {"id": "x"}}], ids=str)
async def test_one_product_that_makes_no_sense_is_the_shops_fault(crooked: Crooked, clock: FrozenClock, answer: object) -> None:
    client = Commerce(f"http://127.0.0.1:{crooked.port}/graphql/", "default-channel", app_token=_token, clock=clock)
    crooked.says(_products("one"))
    crooked.says({"data": answer})
    with pytest.raises(UpstreamFailed):
        await client.product("two")
    await client.close()


async def test_pages_are_answered_while_a_large_catalogue_is_read(
    crooked: Crooked, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Commerce(f"http://127.0.0.1:{crooked.port}/graphql/", "default-channel", app_token=_token, clock=clock)
    crooked.says(_products("one"))
    crooked.says(_products("one", "two"))
    assert (await client.products()).total == 1
    reading, may_end = threading.Event(), threading.Event()
    read = catalogue.Snapshot.of

    def held(*values: Any, **named: Any) -> Any:
        reading.set()
        assert may_end.wait(10)
        return read(*values, **named)

    monkeypatch.setattr(catalogue.Snapshot, "of", held)
    await client.changed()
    assert await asyncio.to_thread(reading.wait, 10)
    assert (await client.products()).total == 1
    may_end.set()
    await client.refreshed()
    assert (await client.products()).total == 2
    await client.close()
