"""The JSON of webhooks. Moments are ISO 8601 in UTC. Unknown fields are refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.kernel.page import Page
from backend.webhooks import policy
from backend.webhooks.views import DeliveryStatus, DeliveryView, EndpointChange, EndpointStatus, EndpointView, NewSecret


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WebhookIn(_Strict):
    url: str = Field(max_length=2000, description="https, reachable from the internet, on port 443 or one of 1024 and above.")
    events: list[str] = Field(max_length=50, description=f"Any of {', '.join(policy.EVENTS)}.")
    description: str = Field("", max_length=300)
    include_content: bool = Field(False, description="Whether questions and answers of runs are sent too.")

    def change(self) -> EndpointChange:
        return EndpointChange(self.url, self.description, self.events, self.include_content)


class WebhookPatch(_Strict):
    """What is absent stays as it is. status: `paused`, or `live` again, also after it was disabled."""

    url: str | None = Field(None, max_length=2000)
    events: list[str] | None = Field(None, max_length=50)
    description: str | None = Field(None, max_length=300)
    include_content: bool | None = None
    status: Literal["live", "paused"] | None = None

    def change(self) -> EndpointChange:
        paused = None if self.status is None else self.status == "paused"
        return EndpointChange(self.url, self.description, self.events, self.include_content, paused)


class RotateIn(_Strict):
    overlap_hours: int = Field(
        policy.OVERLAP, ge=0, le=policy.MAX_OVERLAP, description="How long the old secret still signs; 0 when it leaked."
    )


class WebhookOut(BaseModel):
    """old_secret_until: until when the old secret signs beside the new one. failing_since: null while deliveries are taken."""

    id: str
    url: str
    description: str
    events: list[str]
    include_content: bool
    status: EndpointStatus
    old_secret_until: datetime | None
    failing_since: datetime | None
    disabled_for: str
    created_at: datetime

    @classmethod
    def of(cls, view: EndpointView) -> WebhookOut:
        return cls(**_fields(view))


class NewWebhookOut(WebhookOut):
    """secret: in this answer and nowhere else."""

    secret: str

    @classmethod
    def made(cls, made: NewSecret) -> NewWebhookOut:
        return cls(**_fields(made.endpoint), secret=made.secret)


class AttemptOut(BaseModel):
    """status_code: null when nothing answered; error then says why."""

    at: datetime
    status_code: int | None
    error: str
    duration_ms: int


class DeliveryOut(BaseModel):
    """webhook_id: the same in every attempt and replay. payload: as sent, without the contents an endpoint may ask for.

    response: how the last answer began. next_attempt_at: null when none is due. log: the last attempts, oldest first.
    """

    id: str
    webhook_id: str
    type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    status_code: int | None
    error: str
    response: str
    duration_ms: int
    log: list[AttemptOut]
    created_at: datetime
    payload: dict[str, Any]

    @classmethod
    def of(cls, view: DeliveryView) -> DeliveryOut:
        return cls(
            id=view.id,
            webhook_id=view.event_id,
            type=view.type,
            status=view.status,
            attempts=view.attempts,
            next_attempt_at=view.due_at,
            status_code=view.code,
            error=view.error,
            response=view.snippet,
            duration_ms=view.took_ms,
            log=[AttemptOut(at=one.at, status_code=one.code, error=one.error, duration_ms=one.took_ms) for one in view.log],
            created_at=view.created_at,
            payload=dict(view.payload),
        )


class WebhooksOut(BaseModel):
    items: list[WebhookOut]
    next: None = None


class DeliveriesOut(BaseModel):
    items: list[DeliveryOut]
    next: str | None

    @classmethod
    def of(cls, page: Page[DeliveryView]) -> DeliveriesOut:
        return cls(items=[DeliveryOut.of(view) for view in page.items], next=page.next)


def _fields(view: EndpointView) -> dict[str, Any]:
    return {
        "id": view.id,
        "url": view.url,
        "description": view.description,
        "events": list(view.events),
        "include_content": view.include_content,
        "status": view.status,
        "old_secret_until": view.old_until,
        "failing_since": view.failing_since,
        "disabled_for": view.disabled_for,
        "created_at": view.created_at,
    }
