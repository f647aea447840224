"""What both shapes say of a run. run: the JSON of `RunOut`, as the run's last event carries it, or as much of it as is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.gateway.openai.shapes import Cmp

Run = Mapping[str, Any]
RESPONSE = "resp_"


def response_id(run_id: str) -> str:
    """A response and its run share their id but for the prefix, so nothing need be kept to find one by the other."""
    return RESPONSE + run_id.removeprefix("run_")


def run_id(response: str) -> str:
    return "run_" + response.removeprefix(RESPONSE)


def begun_at(run: Run) -> int:
    return int(datetime.fromisoformat(run["started_at"]).timestamp())


def tokens(run: Run) -> tuple[int, int, int]:
    """Those read, those written, and both together."""
    usage = run.get("usage") or {}
    read, written = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
    return read, written, usage.get("total_tokens", read + written)


def ours(run: Run, ignored: Sequence[str]) -> Cmp:
    return Cmp(
        run_id=run["id"],
        session_id=run.get("session_id", ""),
        status=run["status"],
        sources=run.get("output", {}).get("sources", []),
        receipt=run.get("receipt"),
        ignored=list(ignored),
    )


def headers(run_id: str) -> dict[str, str]:
    """Clients call the first one the request's id."""
    return {"X-Request-Id": run_id, "X-CMP-Run-Id": run_id}
