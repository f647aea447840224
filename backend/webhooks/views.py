"""What webhooks take and tell: frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EndpointStatus(StrEnum):
    LIVE = "live"
    PAUSED = "paused"
    """Resting by its owner's wish; what happens meanwhile waits."""
    DISABLED = "disabled"
    """Given up by us; nothing new is kept for it."""


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EndpointView:
    """include_content: whether questions and answers are sent too. old_until: until when the old secret signs beside the new one."""

    id: str
    url: str
    description: str
    events: tuple[str, ...]
    include_content: bool
    status: EndpointStatus
    old_until: datetime | None
    failing_since: datetime | None
    disabled_for: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewSecret:
    """secret: given out here and never again."""

    endpoint: EndpointView
    secret: str


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What is None stays as it is."""

    url: str | None = None
    description: str | None = None
    events: Sequence[str] | None = None
    include_content: bool | None = None
    paused: bool | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """code: the HTTP status, None when there was no answer; error: then why."""

    at: datetime
    code: int | None
    error: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """event_id: the `webhook-id`. snippet: how the last answer began. attempts: how many in all; log: the last ones, oldest first."""

    id: str
    event_id: str
    type: str
    status: DeliveryStatus
    attempts: int
    due_at: datetime | None
    code: int | None
    error: str
    snippet: str
    took_ms: int
    log: tuple[Attempt, ...]
    created_at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt went. code: None when nothing answered, and then error says why. wait: seconds it asks to be left alone."""

    code: int | None
    snippet: str
    error: str
    took_ms: int
    wait: int = 0

    @property
    def taken(self) -> bool:
        return self.code is not None and 200 <= self.code < 300
