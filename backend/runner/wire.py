"""What the gateway and a runner process say to each other: a job as JSON, and its events as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast, get_args

import orjson

from backend.runner.flows import FlowFiles
from backend.runner.ports import Event, Failed, FailureCode, Finished, Job, PassageIn, Token, Turn

PURPOSE = "runner"
"""Of the token that a gateway shows, derived from the installation's secret."""
MAX_JOB = 4 * 1024 * 1024
"""Bytes of one job."""
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one event."""
_CODES = frozenset(get_args(FailureCode))


class UnknownFlow(LookupError):
    """The job names a flow that is not here, or another version of it."""


def write_job(job: Job) -> bytes:
    return _dump(
        {
            "run": job.run_id,
            "flow": {"name": job.flow.name, "hash": job.flow.content_hash},
            "text": job.text,
            "session": job.session_id,
            "passages": [
                {"n": p.n, "document_id": p.document_id, "document_name": p.document_name, "place": p.place, "text": p.text}
                for p in job.passages
            ],
            "history": [{"role": turn.role, "text": turn.text} for turn in job.history],
            "variables": job.variables if type(job.variables) is dict else dict(job.variables),
            "tweaks": {node: dict(fields) for node, fields in job.tweaks.items()},
            "timeout": job.timeout,
        }
    )


def read_job(raw: bytes, flows: FlowFiles) -> Job:
    """Raises ValueError for what is no job, and UnknownFlow."""
    try:
        said = _load(raw)
        name, content_hash = said["flow"]["name"], said["flow"]["hash"]
        flow = flows.find(name, content_hash)
        if flow is None:
            raise UnknownFlow(name)
        return Job(
            run_id=str(said["run"]),
            flow=flow,
            text=str(said["text"]),
            session_id=str(said["session"]),
            passages=tuple(PassageIn(**passage) for passage in said["passages"]),
            history=tuple(Turn(**turn) for turn in said["history"]),
            variables=dict(said["variables"]),
            tweaks={node: dict(fields) for node, fields in said["tweaks"].items()},
            timeout=float(said["timeout"]),
        )
    except (KeyError, TypeError, AttributeError) as fault:
        raise ValueError(f"not a job: {fault}") from fault


def write_event(event: Event) -> bytes:
    """One line, its end included."""
    match event:
        case Token(text=text):
            return _dump({"token": text}) + b"\n"
        case Finished(text=text, usage=usage):
            return _dump({"done": text, "usage": dict(usage)}) + b"\n"
        case Failed(code=code, detail=detail):
            return _dump({"failed": code, "detail": detail}) + b"\n"


def read_event(line: bytes) -> Event:
    """Raises ValueError for what is no event."""
    said = _load(line)
    try:
        if "token" in said:
            return Token(said["token"])
        if "done" in said:
            return Finished(said["done"], said.get("usage", {}))
        code = said["failed"]
        return Failed(cast("FailureCode", code) if code in _CODES else "crashed", str(said.get("detail", "")))
    except (KeyError, TypeError, AttributeError) as fault:
        raise ValueError(f"not an event: {fault}") from fault


def _dump(said: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(said)
    except TypeError:
        # Half a surrogate pair, which the quick library refuses.
        return json.dumps(said).encode()


def _load(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except ValueError:
        return json.loads(raw)
