"""Resolvers of orders: reading one, listing them, fulfilling, noting, cancelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from backend.db.engine import Tx
from backend.shop import ids
from backend.shop.context import Info, ShopContext
from backend.shop.errors import refuse, require
from backend.shop.listing import service as listing
from backend.shop.mutations import Payload, mutation
from backend.shop.orders.service import Orders, event_view, find
from backend.shop.orders.views import OrderView
from backend.shop.views import Connection

query = QueryType()
mutations = MutationType()
order_type = ObjectType("Order")
MAX_NOTE = 10_000


@query.field("order")
async def order(_: object, info: Info, id: str | None = None) -> OrderView | None:
    """Open to anyone who holds the id, as in Saleor: an order's id is a secret."""
    context: ShopContext = info.context
    async with context.database.read() as tx:
        return await find(tx, ids.token("Order", id or ""))


@query.field("orderByToken")
async def order_by_token(_: object, info: Info, token: str) -> OrderView | None:
    context: ShopContext = info.context
    async with context.database.read() as tx:
        return await find(tx, token)


@query.field("orders")
async def orders(_: object, info: Info, **asked: Any) -> Connection[OrderView]:
    context: ShopContext = info.context
    require(context, "MANAGE_ORDERS")
    async with context.database.read() as tx:
        return await listing.page(tx, asked)


@order_type.field("events")
def events(parent: OrderView, info: Info) -> Any:
    require(info.context, "MANAGE_ORDERS")
    return parent.events


@order_type.field("transactions")
def transactions(parent: OrderView, info: Info) -> Any:
    require(info.context, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    return parent.transactions


def _orders(tx: Tx, context: ShopContext) -> Orders:
    require(context, "MANAGE_ORDERS")
    return Orders(tx, context.clock.now(), context.events)


@mutations.field("orderFulfill")
@mutation
async def fulfil(tx: Tx, context: ShopContext, input: Mapping[str, Any], order: str | None = None) -> Payload:
    orders = _orders(tx, context)
    row = await orders.locked(order, "order")
    made = ids.global_id("Fulfillment", (await orders.fulfil(row, input)).id)
    shown = await find(tx, row.id)
    return {"order": shown, "fulfillments": [one for one in (shown.fulfillments if shown else ()) if one.id == made]}


@mutations.field("orderNoteAdd")
@mutation
async def note_add(tx: Tx, context: ShopContext, order: str, input: Mapping[str, str]) -> Payload:
    orders = _orders(tx, context)
    row = await orders.locked(order, code="GRAPHQL_ERROR")
    message = input["message"].strip()
    if not message or len(message) > MAX_NOTE:
        raise refuse("REQUIRED", f"A note has 1 to {MAX_NOTE} characters.", "message")
    event = await orders.note(row, "NOTE_ADDED", message)
    await orders.announce(row, "ORDER_UPDATED")
    return {"order": await find(tx, row.id), "event": event_view(event)}


@mutations.field("orderConfirm")
@mutation
async def confirm(tx: Tx, context: ShopContext, id: str) -> Payload:
    orders = _orders(tx, context)
    row = await orders.locked(id)
    await orders.confirm(row)
    return {"order": await find(tx, row.id)}


@mutations.field("orderCancel")
@mutation
async def cancel(tx: Tx, context: ShopContext, id: str) -> Payload:
    orders = _orders(tx, context)
    row = await orders.locked(id)
    await orders.cancel(row)
    return {"order": await find(tx, row.id)}


bindables = [query, mutations, order_type]
