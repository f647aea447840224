"""Turns a resolver into a mutation: one write transaction, and faults answered as Saleor answers them."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from backend.shop.context import Info, ShopContext
from backend.shop.errors import Refused
from backend.shop.views import snake_name

Payload = dict[str, Any]
Body = Callable[..., Awaitable[Payload]]


def mutation(body: Body) -> Callable[..., Awaitable[Payload]]:
    """`body(tx, context, **arguments)`, the arguments named in snake case, gives the payload.

    Refused rolls everything back and becomes `errors`.
    """

    @functools.wraps(body)
    async def resolve(_: object, info: Info, **given: Any) -> Payload:
        context: ShopContext = info.context
        try:
            async with context.database.write() as tx:
                return {"errors": [], **await body(tx, context, **{snake_name(name): value for name, value in given.items()})}
        except Refused as refused:
            return {"errors": refused.faults, "confirmation_needed": False}

    return resolve
