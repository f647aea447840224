"""A till over the embedded shop, whose way to the shop can be tampered with call by call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest

from backend.commerce import attempts, till
from backend.commerce.carts import Carts
from backend.commerce.gateways import TEST, Gateways
from backend.commerce.models import AttemptRow
from backend.commerce.outcomes import Buyer, Details, Outcome
from backend.commerce.schemas import Checkout
from backend.commerce.seen import Seen, seen
from backend.commerce.till import Till
from backend.db.engine import Tx
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import SaleorOrderId, WorkspaceId
from backend.kernel.secrets import SecretBox
from tests.service.commerce.shop import ADDRESS, Mall

ADA = Buyer("ada")
DETAILS = Details("ada@example.com", ADDRESS)
CARD = {"outcome": "accepted"}
Hook = Callable[[httpx.Request, Callable[[], Awaitable[httpx.Response]]], Awaitable[httpx.Response]]


class Tampered(httpx.AsyncBaseTransport):
    """asked: the operations in the order they came. hooks: by operation, what happens instead, or around it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.asked: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.hooks: dict[str, Hook] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(await request.aread())
        self.asked.append(body["operationName"])
        self.sent.append(body["variables"])
        hook = self.hooks.get(body["operationName"])
        return (
            await hook(request, lambda: self.inner.handle_async_request(request))
            if hook
            else await self.inner.handle_async_request(request)
        )

    def count(self, operation: str) -> int:
        return self.asked.count(operation)

    def keys(self) -> list[str]:
        return [sent["key"] for name, sent in zip(self.asked, self.sent, strict=True) if name == "TransactionInitialize"]

    def once(self, operation: str, hook: Hook) -> None:
        async def first(request: httpx.Request, go: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
            del self.hooks[operation]
            return await hook(request, go)

        self.hooks[operation] = first


async def lost_before(request: httpx.Request, _go: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    raise httpx.ConnectError("lost on the way there", request=request)


async def lost_after(request: httpx.Request, go: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The shop did it, and its answer was lost."""
    await go()
    raise httpx.ReadTimeout("lost on the way back", request=request)


def says(**data: Any) -> Hook:
    """The shop answers so, whatever it was asked."""

    async def answer(request: httpx.Request, _go: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        return httpx.Response(200, json={"data": data}, request=request)

    return answer


def event(
    kind: str,
    operation: str = "transactionInitialize",
    *,
    message: str = "",
    data: Any = None,
    transaction: str = "VHI6MQ==",
    url: str = "",
) -> Hook:
    """The payment app's answer, as Saleor passes it on."""
    said = {"type": kind, "message": message, "externalUrl": url}
    answer = {"transaction": {"id": transaction}, "transactionEvent": said, "data": data, "errors": []}
    return says(**{operation: answer})


@dataclass
class Book:
    """Where placed orders are kept in this test. looked: those somebody had to look at, as no event tells of an unpaid order."""

    refs: dict[str, str] = field(default_factory=dict)
    visitors: dict[str, str] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)

    async def track(self, saleor_order_id: SaleorOrderId, *, visitor: str = "", workspace_id: WorkspaceId | None = None) -> str:
        ref = self.refs.setdefault(saleor_order_id, f"ord_{len(self.refs) + 1}")
        if visitor:
            self.visitors.setdefault(ref, visitor)
        return ref

    async def retry(self, ref: str) -> None:
        self.looked.append(ref)


@dataclass
class Desk:
    mall: Mall
    till: Till
    carts: Carts
    way: Tampered
    book: Book
    clock: FrozenClock

    async def cart(self, *skus: str, buyer: Buyer = ADA) -> Seen:
        """A cart with one of each, as it was shown to its buyer."""
        for sku in skus:
            await self.carts.add(buyer.visitor, await self.mall.variant(sku))
        return seen(await self.checkout(buyer))

    async def checkout(self, buyer: Buyer = ADA) -> Checkout:
        found = await self.carts.current(buyer.visitor)
        assert found is not None
        return found

    async def pay(self, shown: Seen, outcome: str = "accepted", *, buyer: Buyer = ADA, gateway: str = TEST, **given: Any) -> Outcome:
        return await self.till.pay(buyer, shown, DETAILS, gateway, {"outcome": outcome, **given})


def open_desk(mall: Mall, clock: FrozenClock, redirects: tuple[str, ...] = ()) -> Desk:
    way = Tampered(mall.way.inner)
    mall.way.inner = way
    book, carts = Book(), Carts(mall.database, mall.commerce, clock)
    counter = Till(
        mall.database,
        clock,
        mall.commerce,
        carts,
        book,
        SecretBox("a secret", "payments"),
        gateways=Gateways(redirects),
        checkout_url="http://shop.test/checkout",
    )
    return Desk(mall, counter, carts, way, book, clock)


async def together(desk: Desk, operation: str, *calls: Awaitable[Outcome]) -> list[Outcome]:
    """All at once: whoever is first gets its answer to `operation` only after each of the others was refused the hold."""
    answered, refused, hold = asyncio.Event(), 0, attempts.hold

    async def counted(tx: Tx, attempt_id: str, holder: str, now: datetime) -> AttemptRow | None:
        nonlocal refused
        row = await hold(tx, attempt_id, holder, now)
        refused += row is None
        if refused >= len(calls) - 1:
            answered.set()
        return row

    async def waits(_request: httpx.Request, go: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        await answered.wait()
        return await go()

    desk.way.once(operation, waits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "hold", counted)
        patch.setattr(till, "WAITS", (0.01,) * 3000)
        return list(await asyncio.gather(*calls))
