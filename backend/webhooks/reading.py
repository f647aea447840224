"""From rows to what is given out."""

from __future__ import annotations

import json
from datetime import datetime

from backend.webhooks import policy
from backend.webhooks.models import DeliveryRow, EndpointRow, EventRow
from backend.webhooks.views import Attempt, DeliveryStatus, DeliveryView, EndpointStatus, EndpointView


def endpoint(row: EndpointRow, now: datetime) -> EndpointView:
    return EndpointView(
        id=row.id,
        url=row.url,
        description=row.description,
        events=tuple(row.events),
        include_content=row.include_content,
        status=EndpointStatus(row.status),
        old_until=row.old_until if row.old_until and row.old_until > now else None,
        failing_since=row.failing_since,
        disabled_for=row.disabled_for,
        created_at=row.created_at,
    )


def delivery(row: DeliveryRow, event: EventRow) -> DeliveryView:
    """Its payload is without contents, whatever the endpoint asked for: those stand with the run."""
    return DeliveryView(
        id=row.id,
        event_id=event.id,
        type=event.type,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        due_at=row.due_at,
        code=row.code,
        error=row.error,
        snippet=row.snippet,
        took_ms=row.took_ms,
        log=tuple(Attempt(datetime.fromisoformat(one["at"]), one["code"], one["error"], one["took_ms"]) for one in row.log),
        created_at=row.created_at,
        payload=json.loads(policy.body(event.type, event.at_ms, json.loads(event.data))),
    )
