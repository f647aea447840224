"""The events of a run, as every reader gets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from backend.gateway import policy
from backend.gateway.jobs import Admitted
from backend.gateway.schemas import RunOut
from backend.gateway.views import RunEvent, RunStatus, RunView


def started(run: Admitted) -> RunEvent:
    data = {
        "id": run.run_id,
        "instance_id": run.instance.id,
        "session_id": run.conversation_id,
        "quoted": str(run.price),
        "started_at": run.started_at.isoformat(),
    }
    return RunEvent("run.started", data)


def token(text: str) -> RunEvent:
    return RunEvent("token", {"text": text})


def ending(run: RunView) -> Iterator[RunEvent]:
    """The sources, then the whole run: `run.failed` when it failed, else `run.completed`, stopped ones too."""
    for source in run.sources:
        yield RunEvent("source", asdict(source))
    yield RunEvent("run.failed" if run.status is RunStatus.FAILED else "run.completed", RunOut.of(run).model_dump(mode="json"))


def lost(run_id: str) -> RunEvent:
    """A run whose end could not be written down. It is released when its lease is over."""
    return RunEvent("run.failed", {"id": run_id, "status": "failed", "error": {"code": "internal", "detail": policy.FAILURES["internal"]}})


def replay(run: RunView) -> Iterator[RunEvent]:
    """The events of a run that has ended, told again in short: its text is one token."""
    quoted = str(run.receipt.quoted) if run.receipt else "0"
    data: Mapping[str, str] = {
        "id": run.id,
        "instance_id": run.instance_id,
        "session_id": run.conversation_id,
        "quoted": quoted,
        "started_at": run.started_at.isoformat(),
    }
    yield RunEvent("run.started", data)
    if run.text:
        yield token(run.text)
    yield from ending(run)
