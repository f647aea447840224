"""What a list of runs and its CSV are asked for by: the parameters of their addresses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime

from backend.gateway.search import MAX_TEXT
from backend.gateway.views import RunFilter, RunStatus
from backend.kernel.caller import Door

Moment = AwareDatetime | date


def run_filter(
    instance_id: Annotated[str | None, Query(max_length=64, description="Of one agent alone.")] = None,
    status: RunStatus | None = None,
    door: Door | None = None,
    owner: Annotated[str | None, Query(max_length=80, description="`key:key_…`, `account:acc_…` or `widget:wid_…`.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Begun at this moment or later; a day begins at 00:00 UTC.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Begun before this moment; of a day, until its end.")] = None,
    charged: Annotated[bool, Query(description="Only runs that cost something.")] = False,
    q: Annotated[str, Query(max_length=MAX_TEXT, description="A run's id, or a part of the question or the answer.")] = "",
) -> RunFilter:
    return RunFilter(
        instance_id=instance_id,
        status=status,
        door=door,
        owner=owner,
        since=beginning(since) if since else None,
        until=end(until) if until else None,
        charged=charged,
        text=q.strip(),
    )


def beginning(at: Moment) -> datetime:
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)


def end(at: Moment) -> datetime:
    """Of the last day there is, its beginning."""
    return at if isinstance(at, datetime) else beginning(at + timedelta(days=1) if at < date.max else at)
