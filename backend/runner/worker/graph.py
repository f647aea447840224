"""lfx itself: prepares a flow's graph once, runs a copy of it for each job. Imported by the worker process only."""

from __future__ import annotations

import asyncio
import copy
import gc
import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

MAX_GRAPHS = 32
"""Prepared graphs that are kept; the one unused for longest goes first."""

_graphs: OrderedDict[str, Any] = OrderedDict()
_spares: dict[str, Any] = {}
_preparing = asyncio.Lock()


class FlowFailed(Exception):
    """A component of the flow failed; the text is for an operator."""


def warm() -> None:
    """Import lfx now, so that the first run does not wait for it, and keep the collector from walking what never goes away."""
    import lfx.cli.common
    import lfx.cli.runtime_variables
    import lfx.components.input_output
    import lfx.events.event_manager
    import lfx.load.load
    import lfx.processing.process  # noqa: F401

    gc.collect()
    gc.freeze()


async def prepare(path: str, content_hash: str) -> Any:
    """The flow's graph, never run itself. Raises FlowFailed when the file is missing, changed or not a flow."""
    async with _preparing:
        if content_hash not in _graphs:
            _graphs[content_hash] = await _load(path, content_hash)
            while len(_graphs) > MAX_GRAPHS:
                _spares.pop(_graphs.popitem(last=False)[0], None)
        _graphs.move_to_end(content_hash)
        return _graphs[content_hash]


def restock(content_hash: str) -> None:
    """Lay a copy by for the next run of the flow: copying is most of what a short run costs, and now nobody waits."""
    if content_hash in _graphs and content_hash not in _spares:
        _spares[content_hash] = copy.deepcopy(_graphs[content_hash])


async def _load(path: str, content_hash: str) -> Any:
    from lfx.load.load import aload_flow_from_json

    try:
        data = await asyncio.to_thread(Path(path).read_bytes)
    except OSError as error:
        raise FlowFailed(f"The flow's file cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != content_hash:
        raise FlowFailed("The flow's file is not the version that was asked for.")
    try:
        graph = await aload_flow_from_json(json.loads(data))
        graph.prepare()
    except (ValueError, KeyError, TypeError) as error:
        raise FlowFailed(f"The file is not a flow that can be run: {type(error).__name__}: {error}"[:300]) from error
    return graph


async def stream(job: dict[str, Any]) -> AsyncIterator[tuple[str, Any]]:
    """("token", text)… and last ("done", {"done": text, "usage": {…}}). Raises FlowFailed."""
    from lfx.events.event_manager import create_stream_tokens_event_manager

    graph = await _graph(job)
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


async def _graph(job: dict[str, Any]) -> Any:
    """A copy for this run alone: a graph that two runs share gives most of them nothing."""
    from lfx.cli.runtime_variables import apply_global_vars_to_graph
    from lfx.processing.process import process_tweaks_on_graph

    base = await prepare(job["flow"]["path"], job["flow"]["hash"])
    graph = _spares.pop(job["flow"]["hash"], None) or copy.deepcopy(base)
    graph.context["no_env_fallback"] = True
    apply_global_vars_to_graph(graph, job["variables"])
    process_tweaks_on_graph(graph, job["tweaks"], caller_supplied=False)
    return graph


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
    if isinstance(error, MemoryError):
        return "The flow needs more memory than a worker may use."
    return re.sub(r"\s+", " ", next(filter(None, faults), "") or str(error) or type(error).__name__)[:500]


def _counts(usage: Any) -> dict[str, int]:
    counts = usage.model_dump() if hasattr(usage, "model_dump") else dict(usage or {})
    return {name: int(counts[name]) for name in ("input_tokens", "output_tokens", "total_tokens") if counts.get(name) is not None}
