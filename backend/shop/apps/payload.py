"""What a delivery says: the webhook's subscription query carried out for that event, or the legacy array for a webhook without one."""

from __future__ import annotations

import json
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType, execute, parse, validate
from graphql.pyutils import is_awaitable

from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.shop.apps import legacy, policy
from backend.shop.apps.models import AppRow, DeliveryRow, WebhookRow
from backend.shop.apps.views import AppView, app_view
from backend.shop.context import AppPrincipal, EventSink, ShopContext


class NothingToSay(Exception):
    """The webhook's query selects nothing of this event, so nothing is sent."""


class BadQuery(Exception):
    """code: Saleor's WebhookErrorCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def event(name: str, issued_at: str, recipient: AppView, object_id: str) -> dict[str, Any]:
    """The event as the schema's resolvers read it. name: ORDER_FULLY_PAID. object_id: the global id of the order it is about."""
    return {
        "__typename": policy.typename(name),
        "issued_at": issued_at,
        "version": policy.VERSION,
        "recipient": recipient,
        "object_id": object_id,
    }


def check(schema: GraphQLSchema, query: str) -> None:
    """Raises BadQuery unless `query` is one subscription the schema can answer."""
    try:
        document = parse(query)
    except GraphQLError as fault:
        raise BadQuery("SYNTAX", fault.message) from None
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if [node.operation for node in operations] != [OperationType.SUBSCRIPTION]:
        raise BadQuery("MISSING_SUBSCRIPTION", "The query must be one subscription.")
    if faults := validate(schema, document):
        raise BadQuery("GRAPHQL_ERROR", faults[0].message)


class Payloads:
    """Carries subscription queries out with the rights of the app that will receive the answer."""

    def __init__(self, database: Database, clock: Clock, events: EventSink, public_url: str) -> None:
        self._database, self._clock, self._events, self._public_url = database, clock, events, public_url
        self._schema: GraphQLSchema | None = None

    @property
    def schema(self) -> GraphQLSchema:
        if self._schema is None:
            raise RuntimeError("the shop's schema was not attached to its apps")
        return self._schema

    def attach(self, schema: GraphQLSchema) -> None:
        """Given afterwards, because the schema is built with the apps' own resolvers in it."""
        self._schema = schema

    async def build(self, delivery: DeliveryRow, webhook: WebhookRow, app: AppRow) -> str:
        """Raises NothingToSay when the query does not select this event."""
        if not webhook.query:
            async with self._database.read() as tx:
                return json.dumps(await legacy.order(tx, delivery.object_id, delivery.created))
        about = event(delivery.event, delivery.created.isoformat(), app_view(app), delivery.object_id)
        said = await self.run(webhook.query, about, app_principal(app))
        if not said:
            raise NothingToSay(delivery.event)
        return json.dumps(said)

    async def run(self, query: str, about: dict[str, Any], principal: AppPrincipal) -> dict[str, Any]:
        """What the query selects of this event. Raises RuntimeError when the shop cannot answer it."""
        context = ShopContext(self._database, self._clock, self._events, principal, self._public_url)
        result = execute(self.schema, parse(query), root_value={"event": about}, context_value=context)
        done: ExecutionResult = await result if is_awaitable(result) else result  # type: ignore[assignment]
        if done.errors:
            raise RuntimeError(f"the webhook's query failed: {done.errors[0]}")
        selected: dict[str, Any] = (done.data or {}).get("event") or {}
        return selected


def app_principal(app: AppRow) -> AppPrincipal:
    return AppPrincipal(app.id or 0, app.name, frozenset(app.permissions))
