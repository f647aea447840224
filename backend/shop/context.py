"""What a request to the shop carries, and what the shop needs from its app and webhook part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLResolveInfo

from backend.db.engine import Database, Tx
from backend.kernel.clock import Clock

Info = GraphQLResolveInfo[Any]
"""What a resolver is told; its `context` is a ShopContext."""


@dataclass(frozen=True, slots=True)
class AppPrincipal:
    """An app that showed its token. id: its row's number; permissions: Saleor's codes, such as MANAGE_ORDERS."""

    id: int
    name: str
    permissions: frozenset[str]


class EventSink(Protocol):
    async def emit(self, tx: Tx, event: str, order_id: str) -> None:
        """Note, inside the transaction that made it true, that `event` (ORDER_FULLY_PAID, …) happened to the order.

        order_id: the order's global id, the one GraphQL shows.
        """
        ...


@dataclass(frozen=True, slots=True)
class ShopContext:
    """app: who asks; None is an anonymous storefront. public_url: where browsers and apps reach the shop, without a trailing slash."""

    database: Database
    clock: Clock
    events: EventSink
    app: AppPrincipal | None
    public_url: str

    def may(self, *permissions: str) -> bool:
        """Whether the app holds one of these permissions."""
        return self.app is not None and not self.app.permissions.isdisjoint(permissions)
