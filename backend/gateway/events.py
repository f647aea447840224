"""The events of a run, as every reader gets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from backend.gateway import policy
from backend.gateway.live import START, numbered
from backend.gateway.schemas import RunOut
from backend.gateway.views import RunEvent, RunStatus, RunView
from backend.kernel.caller import Door


def started(run_id: str, instance_id: str, conversation_id: str, quoted: str, at: datetime, door: Door) -> RunEvent:
    data = {"id": run_id, "instance_id": instance_id, "session_id": conversation_id, "started_at": at.isoformat()}
    if door is not Door.WIDGET:
        data["quoted"] = quoted
    return RunEvent("run.started", data, START)


def token(text: str) -> RunEvent:
    return RunEvent("token", {"text": text})


def ending(run: RunView) -> list[RunEvent]:
    """The sources, then the whole run: `run.failed` when it failed, else `run.completed`, stopped ones too. A visitor's tells no cost."""
    run = policy.without_cost(run) if run.door is Door.WIDGET else run
    sources = [RunEvent("source", asdict(source)) for source in run.sources]
    last = RunEvent("run.failed" if run.status is RunStatus.FAILED else "run.completed", RunOut.of(run).model_dump(mode="json"))
    return [*sources, last]


def lost(run_id: str) -> RunEvent:
    """A run whose end could not be written down. It is released when its lease is over."""
    return RunEvent("run.failed", {"id": run_id, "status": "failed", "error": {"code": "internal", "detail": policy.FAILURES["internal"]}})


def replay(run: RunView, after: int = 0) -> Iterator[RunEvent]:
    """The events of a run that has ended, from number `after` on, in short: what is left of its text is one piece."""
    if after < START:
        quoted = str(run.receipt.quoted) if run.receipt else "0"
        yield started(run.id, run.instance_id, run.conversation_id, quoted, run.started_at, run.door)
    told = max(after - START, 0)
    if told < len(run.text):
        yield RunEvent("token", {"text": run.text[told:]}, START + len(run.text))
    # What a run that failed had delivered is not kept: its end follows whatever the reader has of it.
    length = max(len(run.text), told) if run.status is RunStatus.FAILED else len(run.text)
    for event in numbered(ending(run), length):
        if event.id > after:
            yield event
