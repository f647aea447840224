"""The one client of the shop. Built once, kept for the life of the process, shared by every room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from backend.commerce.addresses import AddressReads
from backend.commerce.catalogue import CatalogueReads
from backend.commerce.checkouts import CheckoutCalls
from backend.commerce.live import Copies
from backend.commerce.orders import OrderCalls
from backend.commerce.session import Session
from backend.commerce.transport import ANSWER_SECONDS, HttpxTransport
from backend.kernel.clock import Clock


class Commerce(CatalogueReads, AddressReads, CheckoutCalls, OrderCalls):
    """url: the shop's GraphQL URL. channel: slug. transport: how to get there; the network when None. seconds: the longest wait.
    copies: where the last good catalogue outlives the process; None keeps it in memory only.

    Any call may raise Unavailable (nobody answers) or UpstreamFailed (the answer is nonsense, or we asked wrongly).
    """

    def __init__(
        self,
        url: str,
        channel: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        app_token: Callable[[], Awaitable[str]],
        clock: Clock,
        seconds: float = ANSWER_SECONDS,
        copies: Copies | None = None,
    ) -> None:
        session = Session(HttpxTransport(url, transport, seconds=seconds))
        CatalogueReads.__init__(self, session, url, channel, clock, copies)
        AddressReads.__init__(self, session, clock)
        CheckoutCalls.__init__(self, session, channel)
        OrderCalls.__init__(self, session, app_token)

    async def close(self) -> None:
        await self._close_reads()
        await self._session.close()
