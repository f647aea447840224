"""What is told of a run's end to the workspace's own servers: facts, and on request the question and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from backend.gateway.ports import Outbox
from backend.gateway.records import Subject
from backend.gateway.views import Outcome, RunStatus, RunView
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.errors import NotFound
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits


class Runs(Protocol):
    async def get(self, caller: Caller, run_id: str) -> RunView:
        """Raises NotFound."""
        ...


def event(
    outbox: Outbox | None, run: Subject, outcome: Outcome, detail: str, charged: Credits, at: datetime
) -> Mapping[str, str | int] | None:
    """The row that tells of a run's end; None when nobody asked. As for readers of a stream, a run that was stopped has completed."""
    kind = "run.failed" if outcome.status is RunStatus.FAILED else "run.completed"
    if outbox is None or not outbox.wanted(run.workspace_id, kind):
        return None
    return outbox.event_values(run.workspace_id, kind, facts(run, outcome, detail, charged, at), at)


def facts(run: Subject, outcome: Outcome, detail: str, charged: Credits, at: datetime) -> dict[str, Any]:
    """No word of the conversation is in it."""
    return {
        "id": run.run_id,
        "status": outcome.status.value,
        "instance_id": run.instance_id,
        "instance_name": run.instance_name,
        "session_id": run.conversation_id,
        "door": run.door,
        "charged": str(charged),
        "usage": dict(outcome.usage),
        "error": {"code": outcome.error_code, "detail": detail} if outcome.error_code else None,
        "started_at": run.started_at.isoformat(),
        "finished_at": at.isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Content:
    """The question and the answer of a run event, in the shape `/v1/runs` gives them. gateway: called for it when it is needed."""

    gateway: Callable[[], Runs]

    async def __call__(self, workspace_id: WorkspaceId, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if not kind.startswith("run."):
            return {}
        try:
            run = await self.gateway().get(Caller(Door.API, workspace_id, Role.VIEWER), str(data["id"]))
        except NotFound:
            return {}
        return {"input": {"query": run.query}, "output": {"text": run.text, "sources": [asdict(source) for source in run.sources]}}
