"""A run as a chat completion, whole and in chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from backend.gateway.begun import Begun
from backend.gateway.openai import errors, facts, wire
from backend.gateway.openai.facts import Run
from backend.gateway.openai.shapes import ChatChoice, ChatMessage, ChatOut, ChatUsage


def completion(run: Run, ignored: Sequence[str]) -> ChatOut:
    choice = ChatChoice(message=ChatMessage(content=run["output"]["text"]), finish_reason=_reason(run))
    return ChatOut(
        id=_id(run["id"]),
        created=facts.begun_at(run),
        model=run["instance_id"],
        choices=[choice],
        usage=_usage(run),
        cmp=facts.ours(run, ignored),
    )


async def chunks(begun: Begun, ignored: Sequence[str], usage: bool, heartbeat: float = wire.HEARTBEAT) -> AsyncIterator[bytes]:
    """usage: whether the client asked for a last chunk with the token counts. A run that fails is told as an error."""
    head: dict[str, Any] = {}
    async for event in begun.follow(every=heartbeat):
        if event is None:
            yield wire.QUIET
        elif event.name == "run.started":
            run = event.data
            head = {"id": _id(run["id"]), "object": "chat.completion.chunk", "created": facts.begun_at(run), "model": run["instance_id"]}
            yield _chunk(head, {"role": "assistant", "content": ""}, usage)
        elif event.name == "token":
            yield _chunk(head, {"content": event.data["text"]}, usage)
        elif event.name == "run.failed":
            yield wire.line({"error": errors.told(event.data).model_dump()})
            return
        elif event.name == "run.completed":
            own = facts.ours(event.data, ignored).model_dump()
            yield _chunk(head, {}, usage, reason=_reason(event.data), cmp=own)
            if usage:
                yield wire.line({**head, "choices": [], "usage": _usage(event.data).model_dump()})
            yield wire.DONE


def _chunk(head: dict[str, Any], delta: dict[str, str], usage: bool, *, reason: str | None = None, **more: Any) -> bytes:
    body = {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}], **more}
    return wire.line({**body, "usage": None} if usage else body)


def _usage(run: Run) -> ChatUsage:
    read, written, both = facts.tokens(run)
    return ChatUsage(prompt_tokens=read, completion_tokens=written, total_tokens=both)


def _reason(run: Run) -> Any:
    """An answer that somebody stopped was cut short."""
    return "length" if run["status"] == "cancelled" else "stop"


def _id(run_id: str) -> str:
    return "chatcmpl-" + run_id.removeprefix("run_")
