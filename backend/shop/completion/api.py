"""The `checkoutComplete` mutation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ariadne import MutationType

from backend.db.engine import Tx
from backend.shop.completion.service import Completion
from backend.shop.context import ShopContext
from backend.shop.mutations import Payload, mutation
from backend.shop.orders.service import find

mutations = MutationType()


@mutations.field("checkoutComplete")
@mutation
async def complete(
    tx: Tx,
    context: ShopContext,
    id: str | None = None,
    metadata: Sequence[Mapping[str, str]] | None = None,
    **_: object,
) -> Payload:
    """The arguments paymentData and redirectUrl belong to payment plugins and mails that this shop does not have; they change nothing."""
    key = await Completion(tx, context.clock, context.events).complete(id, metadata)
    return {"order": await find(tx, key), "confirmation_needed": False, "confirmation_data": "{}"}


bindables = [mutations]
