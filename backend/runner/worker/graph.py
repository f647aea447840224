"""lfx itself: loads a flow's graph, and runs it, once. Imported by the worker processes only."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any


class FlowFailed(Exception):
    """A component of the flow failed; the text is for an operator."""


async def rehearse() -> None:
    """Import lfx, and play a flow of our own once, so that no run pays for what lfx does the first time."""
    import lfx.cli.common
    import lfx.cli.runtime_variables
    import lfx.events.event_manager
    import lfx.processing.process  # noqa: F401
    from lfx.components.input_output import ChatInput, ChatOutput
    from lfx.graph.graph.base import Graph

    heard = ChatInput(_id="ChatInput-1")
    said = ChatOutput(_id="ChatOutput-1").set(input_value=heard.message_response)
    source = json.dumps(Graph(heard, said).dump()).encode()
    graph = await load(source, hashlib.sha256(source).hexdigest())
    async for _ in stream(graph, {"text": "Hello", "session": "rehearsal", "variables": {}, "tweaks": {}}):
        pass


async def load(source: bytes, content_hash: str) -> Any:
    """The flow's graph, not run. Raises FlowFailed when it is another version or not a flow."""
    from lfx.load.load import aload_flow_from_json

    if hashlib.sha256(source).hexdigest() != content_hash:
        raise FlowFailed("The flow's file is not the version that was asked for.")
    try:
        graph = await aload_flow_from_json(json.loads(source))
        graph.prepare()
    except (ValueError, KeyError, TypeError) as error:
        raise FlowFailed(f"The file is not a flow that can be run: {type(error).__name__}: {error}"[:300]) from error
    return graph


async def stream(graph: Any, job: dict[str, Any]) -> AsyncIterator[tuple[str, Any]]:
    """("token", text)… and last ("done", {"done": text, "usage": {…}}). The graph is used up. Raises FlowFailed."""
    from lfx.cli.runtime_variables import apply_global_vars_to_graph
    from lfx.events.event_manager import create_stream_tokens_event_manager
    from lfx.processing.process import process_tweaks_on_graph

    graph.context["no_env_fallback"] = True
    apply_global_vars_to_graph(graph, job["variables"])
    process_tweaks_on_graph(graph, job["tweaks"], caller_supplied=False)
    queue: asyncio.Queue[Any] = asyncio.Queue()
    # A flow is asked for tokens only when there is an event manager to take them.
    work = asyncio.ensure_future(_execute(graph, job, create_stream_tokens_event_manager(queue=queue)))
    work.add_done_callback(lambda _: queue.put_nowait(None))
    faults: list[str] = []
    try:
        while (item := await queue.get()) is not None:
            event = json.loads(item[1])
            if event["event"] == "token" and event["data"].get("chunk"):
                yield "token", event["data"]["chunk"]
            elif event["event"] == "error":
                faults.append(str(event["data"].get("text") or event["data"].get("error") or "").strip())
        yield "done", _answer(work, faults)
    finally:
        work.cancel()


async def _execute(graph: Any, job: dict[str, Any], events: Any) -> Any:
    from lfx.cli.common import execute_graph_with_capture

    results, _ = await execute_graph_with_capture(graph, job["text"], session_id=job["session"], event_manager=events)
    return results


def _answer(work: asyncio.Future[Any], faults: list[str]) -> dict[str, Any]:
    try:
        results = work.result()
    except Exception as error:
        raise FlowFailed(_words(error, faults)) from error
    for result in results:
        if getattr(getattr(result, "vertex", None), "display_name", "") == "Chat Output":
            message = result.result_dict.results["message"]
            usage = getattr(message.properties, "usage", None)
            return {"done": message.get_text(), "usage": _counts(usage)}
    raise FlowFailed("The flow ended without a Chat Output.")


def _words(error: BaseException, faults: list[str]) -> str:
    """The component's own words where it had any, else the error's; never a traceback."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return "The flow needs more memory than a worker may use."
        cause = cause.__cause__ or cause.__context__
    return re.sub(r"\s+", " ", next(filter(None, faults), "") or str(error) or type(error).__name__)[:500]


def _counts(usage: Any) -> dict[str, int]:
    counts = usage.model_dump() if hasattr(usage, "model_dump") else dict(usage or {})
    return {name: int(counts[name]) for name in ("input_tokens", "output_tokens", "total_tokens") if counts.get(name) is not None}
