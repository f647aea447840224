"""A run as a response, whole and as the events of its making."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from backend.gateway.begun import Begun
from backend.gateway.openai import facts, wire
from backend.gateway.openai.facts import Run
from backend.gateway.openai.shapes import Citation, Conversation, OutputMessage, OutputText, ResponseError, ResponseOut, ResponseUsage
from backend.gateway.views import RunEvent

STATUS: Mapping[str, Any] = {"running": "in_progress", "succeeded": "completed", "failed": "failed", "cancelled": "cancelled"}
State = Literal["in_progress", "completed", "incomplete"]


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request its response repeats. None of it is kept, so a response that is read later has none."""

    previous: str | None = None
    background: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def response(run: Run, asked: Request) -> ResponseOut:
    status, text = STATUS[run["status"]], run.get("output", {}).get("text", "")
    state: State = "completed" if status == "completed" else "incomplete"
    over, done = status != "in_progress", datetime.fromisoformat(run["started_at"]) + timedelta(milliseconds=run.get("duration_ms", 0))
    return ResponseOut(
        id=facts.response_id(run["id"]),
        created_at=facts.begun_at(run),
        status=status,
        completed_at=int(done.timestamp()) if status == "completed" else None,
        background=asked.background,
        error=ResponseError(message=f"{run['error']['detail']} The run cost nothing.") if status == "failed" else None,
        model=run["instance_id"],
        output=[message(run, state)] if over and (text or status == "completed") else [],
        previous_response_id=asked.previous,
        conversation=Conversation(id=run["session_id"]),
        usage=_usage(run) if over else None,
        metadata=dict(asked.metadata),
        cmp=facts.ours(run, asked.ignored),
    )


def message(run: Run, state: State) -> OutputMessage:
    return OutputMessage(id=_message_id(run), status=state, content=[] if state == "in_progress" else [_part(run)])


async def events(begun: Begun, asked: Request, heartbeat: float = wire.HEARTBEAT) -> AsyncIterator[bytes]:
    """Every event that OpenAI's documentation lists for a text, in its order, each with its number."""
    telling = _Telling(asked)
    async for event in begun.follow(every=heartbeat):
        if event is None:
            yield wire.QUIET
            continue
        for line in telling.of(event):
            yield line


class _Telling:
    def __init__(self, asked: Request) -> None:
        self._asked, self._number = asked, 0
        self._run: dict[str, Any] = {}
        self._opened = False

    def of(self, event: RunEvent) -> Iterator[bytes]:
        match event.name:
            case "run.started":
                self._run = {**event.data, "status": "running"}
                for name in ("created", "in_progress"):
                    yield self._whole(name)
            case "token":
                yield from self._open()
                yield self._of_text("output_text.delta", delta=event.data["text"], logprobs=[])
            case "run.completed":
                self._run |= event.data
                yield from self._open()
                yield from self._close("completed" if event.data["status"] == "succeeded" else "incomplete")
            case "run.failed":
                self._run |= event.data
                yield self._whole("failed")

    def _open(self) -> Iterator[bytes]:
        if not self._opened:
            self._opened = True
            item = message(self._run, "in_progress").model_dump()
            yield self._event("output_item.added", output_index=0, item=item)
            yield self._of_text("content_part.added", part=OutputText(text="", annotations=[]).model_dump())

    def _close(self, state: Literal["completed", "incomplete"]) -> Iterator[bytes]:
        item = message(self._run, state)
        part = item.content[0]
        for place, annotation in enumerate(part.annotations):
            yield self._of_text("output_text.annotation.added", annotation_index=place, annotation=annotation.model_dump())
        yield self._of_text("output_text.done", text=part.text, logprobs=[])
        yield self._of_text("content_part.done", part=part.model_dump())
        yield self._event("output_item.done", output_index=0, item=item.model_dump())
        yield self._whole(state)

    def _whole(self, name: str) -> bytes:
        return self._event(name, response=response(self._run, self._asked).model_dump())

    def _of_text(self, name: str, **more: Any) -> bytes:
        return self._event(name, item_id=_message_id(self._run), output_index=0, content_index=0, **more)

    def _event(self, name: str, **more: Any) -> bytes:
        kind, number = f"response.{name}", self._number
        self._number += 1
        return wire.line({"type": kind, "sequence_number": number, **more}, kind)


def _part(run: Run) -> OutputText:
    text, sources = run["output"]["text"], run["output"]["sources"]
    cited = [Citation(file_id=s["document_id"], filename=s["document_name"], index=_place(text, s["n"])) for s in sources]
    return OutputText(text=text, annotations=cited)


def _place(text: str, number: int) -> int:
    """Where the text first names source `number`: a mark may name several, as in "[1, 2]"."""
    found = re.search(rf"\[(?:\d+\s*,\s*)*{number}(?:\s*,\s*\d+)*\]", text)
    return found.start() if found else 0


def _usage(run: Run) -> ResponseUsage:
    read, written, both = facts.tokens(run)
    cached = {"cached_tokens": 0, "cache_write_tokens": 0}
    return ResponseUsage(
        input_tokens=read,
        input_tokens_details=cached,
        output_tokens=written,
        output_tokens_details={"reasoning_tokens": 0},
        total_tokens=both,
    )


def _message_id(run: Run) -> str:
    return "msg_" + str(run["id"]).removeprefix("run_")
