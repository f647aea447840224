"""The metadata mutations: update and delete, public and private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ariadne import MutationType

from backend.db.engine import Tx
from backend.shop.checkout.service import pairs
from backend.shop.context import ShopContext
from backend.shop.errors import require
from backend.shop.metadata.service import Change, change, kind_of
from backend.shop.models import OrderRow
from backend.shop.mutations import Payload, mutation
from backend.shop.orders.service import Orders

mutations = MutationType()
Items = Sequence[Mapping[str, str]]


def _put(given: Items) -> Change:
    return lambda found: {**found, **pairs(given)}


def _drop(keys: Sequence[str]) -> Change:
    return lambda found: {key: value for key, value in found.items() if key not in keys}


async def _change(tx: Tx, context: ShopContext, id: str, private: bool, how: Change) -> Payload:
    kind, _ = kind_of(id)
    if private or not kind.open:
        require(context, *kind.permissions)
    noted = await change(tx, id, private, how)
    if kind.model is OrderRow:
        orders = Orders(tx, context.clock.now(), context.events)
        await orders.announce(await orders.locked(id), "ORDER_METADATA_UPDATED")
    return {"item": noted}


@mutations.field("updateMetadata")
@mutation
async def update(tx: Tx, context: ShopContext, id: str, input: Items) -> Payload:
    return await _change(tx, context, id, False, _put(input))


@mutations.field("updatePrivateMetadata")
@mutation
async def update_private(tx: Tx, context: ShopContext, id: str, input: Items) -> Payload:
    return await _change(tx, context, id, True, _put(input))


@mutations.field("deleteMetadata")
@mutation
async def delete(tx: Tx, context: ShopContext, id: str, keys: Sequence[str]) -> Payload:
    return await _change(tx, context, id, False, _drop(keys))


@mutations.field("deletePrivateMetadata")
@mutation
async def delete_private(tx: Tx, context: ShopContext, id: str, keys: Sequence[str]) -> Payload:
    return await _change(tx, context, id, True, _drop(keys))


bindables = [mutations]
