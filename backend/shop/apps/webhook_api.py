"""Resolvers of webhooks and deliveries, and of the `order` that an event is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import FieldNode, GraphQLResolveInfo, InlineFragmentNode, OperationDefinitionNode, parse

from backend.db.engine import Tx
from backend.kernel.ids import new_id
from backend.shop import ids
from backend.shop.apps import service
from backend.shop.apps.events import Events
from backend.shop.apps.models import PENDING, WebhookRow
from backend.shop.apps.payload import BadQuery, Payloads, check, event
from backend.shop.apps.policy import typename
from backend.shop.apps.views import AppView, DeliveryView, WebhookView, delivery_view, webhook_view
from backend.shop.context import ShopContext
from backend.shop.errors import Denied, Fault, refuse, require
from backend.shop.mutations import Payload, mutation
from backend.shop.paging import page
from backend.shop.views import Connection

ORDER_EVENTS = (
    *("ORDER_CREATED", "ORDER_UPDATED", "ORDER_CONFIRMED", "ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_REFUNDED"),
    *("ORDER_FULLY_REFUNDED", "ORDER_FULFILLED", "ORDER_CANCELLED", "ORDER_METADATA_UPDATED"),
)


class WebhookResolvers:
    """Changes need the app itself or MANAGE_APPS, which stands in for Saleor's staff account."""

    def __init__(self, events: Events, payloads: Payloads) -> None:
        self._events, self._payloads = events, payloads

    def bindables(self) -> list[SchemaBindable]:
        query, mutations = QueryType(), MutationType()
        webhook, delivery = ObjectType("Webhook"), ObjectType("EventDelivery")
        query.set_field("webhook", self.webhook)
        webhook.set_field("app", self.app_of)
        webhook.set_field("eventDeliveries", self.deliveries)
        delivery.set_field("attempts", self.attempts)
        mutations.set_field("webhookCreate", mutation(self.create))
        mutations.set_field("webhookUpdate", mutation(self.update))
        mutations.set_field("webhookDelete", mutation(self.delete))
        mutations.set_field("webhookTrigger", mutation(self.trigger))
        mutations.set_field("webhookDryRun", self.dry_run)
        mutations.set_field("eventDeliveryRetry", mutation(self.retry))
        return [query, mutations, webhook, delivery, *_events_with_orders()]

    async def webhook(self, _: object, info: GraphQLResolveInfo[ShopContext], id: str) -> WebhookView:
        context: ShopContext = info.context
        async with context.database.read() as tx:
            return webhook_view(await service.webhook_row(tx, ids.number("Webhook", id), _only_own(context)))

    async def app_of(self, parent: WebhookView, info: GraphQLResolveInfo[ShopContext]) -> AppView | None:
        async with info.context.database.read() as tx:
            return await service.app_by(tx, parent.app_key)

    async def deliveries(
        self, parent: WebhookView, info: GraphQLResolveInfo[ShopContext], filter: Mapping[str, Any] | None = None, **asked: Any
    ) -> Connection[DeliveryView]:
        """Newest first, unless asked otherwise."""
        wanted = filter or {}
        async with info.context.database.read() as tx:
            rows = await service.deliveries_of(tx, parent.key, wanted.get("status"), wanted.get("eventType"))
        return page("eventDeliveries", _ordered(rows[::-1], asked, "DESC"), lambda row: [row.id], **_window(asked))

    async def attempts(self, parent: DeliveryView, info: GraphQLResolveInfo[ShopContext], **asked: Any) -> Any:
        async with info.context.database.read() as tx:
            rows = await service.attempts_of(tx, parent.key)
        return page("attempts", _ordered(rows, asked, "DESC"), lambda row: [row.id], **_window(asked))

    async def create(self, tx: Tx, context: ShopContext, input: Mapping[str, Any]) -> Payload:
        own = _only_own(context)
        key = ids.number("App", input["app"]) if input.get("app") else (context.app.id if context.app else None)
        if own not in (None, key) or await service.app_by(tx, key) is None:
            raise refuse("NOT_FOUND", "Couldn't resolve to a node.", "app")
        row = WebhookRow(app_id=key or 0, name="", target_url="")
        return {"webhook": await service.save_webhook(tx, self._payloads.schema, row, input)}

    async def update(self, tx: Tx, context: ShopContext, input: Mapping[str, Any], id: str | None = None) -> Payload:
        row = await service.webhook_row(tx, ids.number("Webhook", id or ""), _only_own(context))
        return {"webhook": await service.save_webhook(tx, self._payloads.schema, row, input)}

    async def delete(self, tx: Tx, context: ShopContext, id: str | None = None) -> Payload:
        row = await service.webhook_row(tx, ids.number("Webhook", id or ""), _only_own(context))
        view = webhook_view(row)
        await tx.delete(row)
        return {"webhook": view}

    async def trigger(self, tx: Tx, context: ShopContext, object_id: str, webhook_id: str) -> Payload:
        """Send the webhook's event for this order once more."""
        _staff(context)
        row = await service.webhook_row(tx, ids.number("Webhook", webhook_id))
        if not row.query:
            raise refuse("MISSING_QUERY", "Missing subscription query for given webhook.", "webhookId")
        if ids.token("Order", object_id) is None:
            raise refuse("INVALID_ID", "Only orders can be sent.", "objectId")
        events = [name for name in row.async_events if name in ORDER_EVENTS]
        if not events:
            raise refuse("MISSING_EVENT", "The webhook hears of no order event.", "webhookId")
        return {"delivery": delivery_view(await self._events.note(tx, row, events[0], object_id))}

    async def retry(self, tx: Tx, context: ShopContext, id: str) -> Payload:
        """Begin the delivery anew, with all its tries."""
        require(context, "MANAGE_APPS")
        row = await service.delivery_row(tx, ids.number("EventDelivery", id))
        row.status, row.work_id = PENDING, new_id("dlv")
        await tx.flush()
        self._events.after_commit(tx, row)
        return {"delivery": delivery_view(row)}

    async def dry_run(self, _: object, info: GraphQLResolveInfo[ShopContext], objectId: str, query: str) -> Payload:
        """What a webhook with this query would be told of the order."""
        context: ShopContext = info.context
        require(context, "MANAGE_APPS")
        assert context.app is not None
        try:
            check(self._payloads.schema, query)
        except BadQuery as fault:
            return {"payload": None, "errors": [Fault(fault.code, fault.message, "query")]}
        name = _first_event(query)
        if name is None:
            return {"payload": None, "errors": [Fault("MISSING_EVENT", "The query selects no order event.", "query")]}
        async with context.database.read() as tx:
            recipient = await service.app_by(tx, context.app.id)
        assert recipient is not None
        about = event(name, context.clock.now().isoformat(), recipient, objectId)
        return {"payload": json.dumps(await self._payloads.run(query, about, context.app)), "errors": []}


def _events_with_orders() -> list[ObjectType]:
    made = [ObjectType(typename(name)) for name in ORDER_EVENTS]
    for one in made:
        one.set_field("order", _order)
    return made


async def _order(parent: Mapping[str, Any], info: GraphQLResolveInfo[ShopContext]) -> Any:
    """What `order(id:)` gives to the app that will receive this."""
    query = info.schema.query_type
    resolve = query.fields["order"].resolve if query else None
    if resolve is None:
        raise RuntimeError("the shop's schema has no resolver for order(id:)")
    return await resolve(None, info, id=parent["object_id"])


def _only_own(context: ShopContext) -> int | None:
    """The app whose webhooks may be touched; None for all. Raises Denied for nobody."""
    if context.may("MANAGE_APPS"):
        return None
    if context.app is None:
        raise Denied(("MANAGE_APPS", "AUTHENTICATED_APP"))
    return context.app.id


def _staff(context: ShopContext) -> None:
    if not context.may("MANAGE_APPS"):
        raise Denied(("AUTHENTICATED_STAFF_USER",))


def _first_event(query: str) -> str | None:
    """The first order event that the subscription has a fragment for."""
    for node in parse(query).definitions:
        for field in node.selection_set.selections if isinstance(node, OperationDefinitionNode) else ():
            for part in field.selection_set.selections if isinstance(field, FieldNode) and field.selection_set else ():
                wanted = part.type_condition.name.value if isinstance(part, InlineFragmentNode) and part.type_condition else ""
                if found := next((name for name in ORDER_EVENTS if typename(name) == wanted), None):
                    return found
    return None


def _ordered(rows: list[Any], asked: Mapping[str, Any], default: str) -> list[Any]:
    """rows: oldest first."""
    direction = (asked.get("sortBy") or {}).get("direction", default)
    return rows if direction == "ASC" else rows[::-1]


def _window(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asked.get(name) for name in ("first", "after", "last", "before")}
