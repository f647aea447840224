"""What the page of webhooks shows, as plain values ready to print. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from backend.webhooks import policy
from backend.webhooks.views import Attempt, DeliveryView, EndpointView
from cmp_web import routes
from cmp_web.state import words
from cmp_web.state.app_rows import stamp

STATUS = {"live": ("Live", "go"), "paused": ("Paused", "wa"), "disabled": ("Disabled", "ba")}
DELIVERY = {"pending": ("Waits", "wa"), "delivered": ("Taken", "go"), "failed": ("Failed", "ba")}


@dataclass(frozen=True)
class HookRow:
    """chosen: the events it asks for. failing: since when nothing was taken, "" while all is well. old_until: when an old secret ends."""

    id: str = ""
    href: str = ""
    url: str = ""
    description: str = ""
    events: str = ""
    chosen: list[str] = field(default_factory=list)
    content: bool = False
    status: str = ""
    status_words: str = ""
    tone: str = ""
    failing: str = ""
    disabled_for: str = ""
    old_until: str = ""
    created: str = ""


@dataclass(frozen=True)
class AttemptRow:
    at: str
    said: str
    took: str


@dataclass(frozen=True)
class SentRow:
    """next: when it is tried again, "" when it is not. said: how the last attempt was answered. snippet: the beginning of that answer."""

    id: str
    webhook_id: str
    type: str
    status: str
    status_words: str
    tone: str
    said: str
    attempts: str
    at: str
    next: str
    snippet: str
    payload: str
    log: list[AttemptRow]


def hook(view: EndpointView) -> HookRow:
    said, tone = STATUS[view.status]
    every = len(view.events) == len(policy.EVENTS)
    return HookRow(
        id=view.id,
        href=routes.webhook(view.id),
        url=view.url,
        description=view.description,
        events="All events" if every else ", ".join(view.events),
        chosen=list(view.events),
        content=view.include_content,
        status=view.status,
        status_words=said,
        tone=tone,
        failing=stamp(view.failing_since) if view.failing_since else "",
        disabled_for=view.disabled_for,
        old_until=stamp(view.old_until) if view.old_until else "",
        created=stamp(view.created_at),
    )


def sent(view: DeliveryView) -> SentRow:
    said, tone = DELIVERY[view.status]
    return SentRow(
        id=view.id,
        webhook_id=view.event_id,
        type=view.type,
        status=view.status,
        status_words=said,
        tone=tone,
        said=answer(view.code, view.error) if view.attempts else "Not tried yet",
        attempts=words.count(view.attempts, "attempt"),
        at=stamp(view.created_at),
        next=stamp(view.due_at) if view.due_at else "",
        snippet=view.snippet,
        payload=json.dumps(view.payload, indent=2, ensure_ascii=False),
        log=[_attempt(one) for one in reversed(view.log)],
    )


def answer(code: int | None, error: str) -> str:
    return f"Answered {code}" if code is not None else error


def _attempt(one: Attempt) -> AttemptRow:
    return AttemptRow(stamp(one.at), answer(one.code, one.error), f"{one.took_ms} ms")
