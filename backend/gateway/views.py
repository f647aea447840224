"""What the gateway takes and tells: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from backend.kernel.caller import Door
from backend.kernel.ids import ConversationId, InstanceId, RunId
from backend.kernel.money import Credits
from backend.ledger.views import Receipt
from backend.runner.ports import Turn


class RunStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


EventName = Literal["run.started", "token", "source", "run.completed", "run.failed"]


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Ask an agent. conversation_id: the one to go on with. max_credits: the most it may cost. idempotency_key: the client's.

    background: nobody waits for it, and it is carried on after a restart.
    history: what was said before, where the client keeps it; else what the conversation holds.
    called: what the client calls this request, where it may be stopped by that name: see `Gateway.give_up`.
    """

    instance_id: str
    text: str
    conversation_id: str | None = None
    max_credits: Credits | None = None
    idempotency_key: str | None = None
    background: bool = False
    history: tuple[Turn, ...] = ()
    called: str = ""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """owner: "key:key_…", "account:acc_…" or "widget:wid_…". since, until: when it began; until itself is left out. charged: only what
    cost something. text: a run's id, or a part of the question or the answer, in whatever case."""

    instance_id: str | None = None
    status: RunStatus | None = None
    cursor: str | None = None
    limit: int = 20
    door: Door | None = None
    owner: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    charged: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """data: JSON values only. id: where it stands, increasing, see `backend.gateway.live`; 0 in a trial."""

    name: EventName
    data: Mapping[str, Any]
    id: int = 0


@dataclass(frozen=True, slots=True)
class SourceView:
    """A passage the answer cites. n: the number in its `[n]` mark. place: such as "p. 12"."""

    n: int
    document_id: str
    document_name: str
    place: str
    quote: str


@dataclass(frozen=True, slots=True)
class RunView:
    """receipt: None only for a run whose receipt is not asked for. error_code, error_detail: empty unless it failed. owner: who asked."""

    id: RunId
    instance_id: InstanceId
    instance_name: str
    door: Door
    status: RunStatus
    query: str
    text: str
    sources: tuple[SourceView, ...]
    usage: Mapping[str, int]
    receipt: Receipt | None
    started_at: datetime
    duration_ms: int
    error_code: str
    error_detail: str
    conversation_id: ConversationId
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, before it is charged."""

    status: RunStatus
    text: str = ""
    sources: tuple[SourceView, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)
    error_code: str = ""
