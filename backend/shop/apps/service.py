"""The register of apps and webhooks. Functions take the open transaction; views come out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema
from sqlalchemy import delete, select
from sqlmodel import col

from backend.db.engine import Tx
from backend.kernel.clock import Clock
from backend.kernel.secrets import fingerprint
from backend.shop.apps import policy
from backend.shop.apps.models import AppRow, AttemptRow, DeliveryRow, WebhookRow
from backend.shop.apps.payload import BadQuery, app_principal, check
from backend.shop.apps.views import AppView, AttemptView, DeliveryView, WebhookView, app_view, attempt_view, delivery_view, webhook_view
from backend.shop.context import AppPrincipal
from backend.shop.errors import refuse


def new_token() -> str:
    return secrets.token_urlsafe(24)


async def principal(tx: Tx, token: str) -> AppPrincipal | None:
    """The active app whose token this is."""
    row = await tx.scalar(select(AppRow).where(col(AppRow.token_hash) == fingerprint(token), col(AppRow.is_active)))
    return app_principal(row) if row else None


async def create_app(
    tx: Tx,
    clock: Clock,
    *,
    name: str,
    identifier: str,
    permissions: Sequence[str],
    kind: str = "LOCAL",
    manifest: Mapping[str, str] | None = None,
) -> tuple[AppRow, str]:
    """The app and its token, which is not kept. Raises Refused UNIQUE for an identifier that is taken."""
    if await tx.scalar(select(AppRow.id).where(col(AppRow.identifier) == identifier)):  # type: ignore[call-overload]
        raise refuse("UNIQUE", "App with this Identifier already exists.", "identifier")
    token = new_token()
    row = AppRow(
        identifier=identifier,
        name=name,
        type=kind,
        permissions=sorted(permissions),
        token_hash=fingerprint(token),
        token_tail=token[-4:],
        manifest=dict(manifest or {}),
        created=clock.now(),
    )
    tx.add(row)
    await tx.flush()
    return row, token


async def app_by(tx: Tx, key: int | None) -> AppView | None:
    row = await tx.get(AppRow, key) if key is not None else None
    return app_view(row) if row else None


async def all_apps(tx: Tx) -> list[AppView]:
    return [app_view(row) for row in await tx.scalars(select(AppRow).order_by(col(AppRow.name), col(AppRow.id)))]


async def set_active(tx: Tx, key: int | None, active: bool) -> AppView:
    row = await _app(tx, key)
    row.is_active = active
    return app_view(row)


async def delete_app(tx: Tx, key: int | None) -> AppView:
    row = await _app(tx, key)
    view = app_view(row)
    await drop_webhooks(tx, view.key)
    await tx.delete(row)
    return view


async def drop_webhooks(tx: Tx, app_key: int) -> None:
    await tx.execute(delete(WebhookRow).where(col(WebhookRow.app_id) == app_key))


async def webhooks_of(tx: Tx, app_key: int) -> list[WebhookView]:
    rows = await tx.scalars(select(WebhookRow).where(col(WebhookRow.app_id) == app_key).order_by(col(WebhookRow.id)))
    return [webhook_view(row) for row in rows]


async def webhook_row(tx: Tx, key: int | None, app_key: int | None = None) -> WebhookRow:
    """app_key: whose it has to be; None for any. Raises Refused NOT_FOUND."""
    row = await tx.get(WebhookRow, key) if key is not None else None
    if row is None or app_key not in (None, row.app_id):
        raise refuse("NOT_FOUND", "Couldn't resolve to a node.", "id")
    return row


async def save_webhook(tx: Tx, schema: GraphQLSchema, row: WebhookRow, given: Mapping[str, Any]) -> WebhookView:
    """Put what was given into the row. Raises Refused for an address, a query or headers that will not do."""
    for ours, theirs in _GIVEN.items():
        if given.get(theirs) is not None:
            setattr(row, ours, given[theirs])
    if not policy.is_web_address(row.target_url):
        raise refuse("INVALID", "Enter a valid URL.", "targetUrl")
    if row.query:
        try:
            check(schema, row.query)
        except BadQuery as fault:
            raise refuse(fault.code, fault.message, "query") from None
    if given.get("customHeaders") is not None:
        row.custom_headers = _headers(given["customHeaders"])
    tx.add(row)
    await tx.flush()
    return webhook_view(row)


_GIVEN = {
    "name": "name",
    "target_url": "targetUrl",
    "is_active": "isActive",
    "secret_key": "secretKey",
    "query": "query",
    "async_events": "asyncEvents",
    "sync_events": "syncEvents",
}
"""Our column for each field of Saleor's WebhookCreateInput, which a manifest's webhooks use too."""


def _headers(given: Any) -> dict[str, str]:
    headers = json.loads(given) if isinstance(given, str) else given
    if not isinstance(headers, dict) or policy.bad_headers({str(k): str(v) for k, v in headers.items()}):
        message = 'Only "X-*", "Authorization*" and "BrokerProperties" keys are allowed, five at most.'
        raise refuse("INVALID_CUSTOM_HEADERS", message, "customHeaders")
    return {str(name).lower(): str(value) for name, value in headers.items()}


async def deliveries_of(tx: Tx, webhook_key: int, status: str | None = None, event: str | None = None) -> list[DeliveryView]:
    """Newest first."""
    asked = select(DeliveryRow).where(col(DeliveryRow.webhook_id) == webhook_key).order_by(col(DeliveryRow.id).desc())
    if status:
        asked = asked.where(col(DeliveryRow.status) == status)
    if event:
        asked = asked.where(col(DeliveryRow.event) == event)
    return [delivery_view(row) for row in await tx.scalars(asked)]


async def attempts_of(tx: Tx, delivery_key: int) -> list[AttemptView]:
    """Oldest first."""
    rows = await tx.scalars(select(AttemptRow).where(col(AttemptRow.delivery_id) == delivery_key).order_by(col(AttemptRow.id)))
    return [attempt_view(row) for row in rows]


async def delivery_row(tx: Tx, key: int | None) -> DeliveryRow:
    row = await tx.get(DeliveryRow, key) if key is not None else None
    if row is None:
        raise refuse("NOT_FOUND", "Couldn't resolve to a node.", "id")
    return row


async def _app(tx: Tx, key: int | None) -> AppRow:
    row = await tx.get(AppRow, key) if key is not None else None
    if row is None:
        raise refuse("NOT_FOUND", "Couldn't resolve to a node.", "id")
    return row
