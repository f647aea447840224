"""What the widget's room gives out and takes in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.control_plane.budgets import Limits
from backend.kernel.ids import ConversationId, InstanceId, WidgetId


@dataclass(frozen=True, slots=True)
class WidgetView:
    """number: 1 for an agent's first widget. allowed_origins: where a page may use it; nowhere when empty."""

    id: WidgetId
    instance_id: InstanceId
    number: int
    allowed_origins: tuple[str, ...]
    title: str
    greeting: str
    contact_email: str
    enabled: bool
    budget: Limits


@dataclass(frozen=True, slots=True)
class WidgetUpdate:
    """What is None stays as it is."""

    allowed_origins: tuple[str, ...] | None = None
    title: str | None = None
    greeting: str | None = None
    contact_email: str | None = None
    enabled: bool | None = None
    budget: Limits | None = None


@dataclass(frozen=True, slots=True)
class WidgetSession:
    """token: a Bearer for runs of this one agent, for an hour. contact_email: where to write when the agent cannot answer."""

    token: str
    instance_id: InstanceId
    session_id: ConversationId
    expires_at: datetime
    title: str
    greeting: str
    contact_email: str
