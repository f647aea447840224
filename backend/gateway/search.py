"""Which runs a list shows: filters, order and cursor. However rare a match is, a page looks at a bounded number of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlmodel import col

from backend.db.engine import Tx
from backend.gateway import policy
from backend.gateway.models import GatewayRun
from backend.gateway.views import RunFilter
from backend.kernel.caller import Caller
from backend.kernel.errors import Invalid
from backend.kernel.page import Page
from backend.ledger import reading

LOOK, READ = 4_000, 2_000
"""Rows that one page looks at: those whose columns are compared, and those whose texts have to be read."""
MAX_TEXT = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


async def page(tx: Tx, caller: Caller, wanted: RunFilter) -> Page[GatewayRun]:
    """The newest first. It may hold fewer than the limit, even none, and still have a next one: there the looking goes on.

    Raises Invalid for a cursor that is none of ours and for a text that is too long.
    """
    if len(wanted.text) > MAX_TEXT:
        raise Invalid("Search for less.", fields={"q": f"at most {MAX_TEXT} characters"})
    reach, narrow = _reach(caller, wanted), _narrow(caller, wanted)
    if wanted.cursor is not None:
        reach.append(_before(*moment(wanted.cursor)))
    last = await _last(tx, reach, READ if wanted.text else LOOK) if narrow else None
    if last is not None:
        reach.append(_until(*last))
    rows = list(await tx.scalars(_newest(select(GatewayRun), reach + narrow).limit(wanted.limit + 1)))
    if len(rows) > wanted.limit:
        rows.pop()
        return Page(rows, cursor(rows[-1].started_at, rows[-1].id))
    return Page(rows, cursor(*last) if last else None)


def cursor(started_at: datetime, run_id: str) -> str:
    return f"{(started_at - _EPOCH) // _MICRO}.{run_id}"


def moment(text: str) -> tuple[datetime, str]:
    """The run that a cursor stands on: when it began, and its id. Raises Invalid."""
    micros, _, run_id = text.partition(".")
    if not (micros.isascii() and micros.isdigit() and len(micros) <= 17 and 0 < len(run_id) <= 64):
        raise Invalid("This cursor is not one of ours.", fields={"cursor": "take it from `next` of a page"})
    return _EPOCH + int(micros) * _MICRO, run_id


def _reach(caller: Caller, wanted: RunFilter) -> list[ColumnElement[bool]]:
    """What an index answers: whose runs, of which agent, in what time. A run's whole id needs no time."""
    found: list[ColumnElement[bool]] = [col(GatewayRun.workspace_id) == caller.workspace_id]
    if wanted.instance_id is not None:
        found.append(col(GatewayRun.instance_id) == wanted.instance_id)
    if _is_id(wanted.text):
        return [*found, col(GatewayRun.id) == wanted.text]
    if wanted.since is not None:
        found.append(col(GatewayRun.started_at) >= wanted.since)
    if wanted.until is not None:
        found.append(col(GatewayRun.started_at) < wanted.until)
    return found


def _narrow(caller: Caller, wanted: RunFilter) -> list[ColumnElement[bool]]:
    """What has to be looked at row by row."""
    found: list[ColumnElement[bool]] = []
    if caller.own_runs_only:
        found.append(col(GatewayRun.owner) == policy.owner(caller))
    if caller.instances is not None:
        found.append(col(GatewayRun.instance_id).in_(caller.instances))
    if wanted.status is not None:
        found.append(col(GatewayRun.status) == wanted.status.value)
    if wanted.door is not None:
        found.append(col(GatewayRun.door) == wanted.door.value)
    if wanted.owner is not None:
        found.append(col(GatewayRun.spender) == wanted.owner)
    if wanted.charged:
        found.append(reading.was_charged(col(GatewayRun.id)))
    if wanted.text and not _is_id(wanted.text):
        found.append(_says(wanted.text))
    return found


def _says(text: str) -> ColumnElement[bool]:
    """Lists show the end of an id, with an ellipsis before it."""
    ends = col(GatewayRun.id).iendswith(text.removeprefix("…"), autoescape=True)
    return or_(col(GatewayRun.query).icontains(text, autoescape=True), col(GatewayRun.text).icontains(text, autoescape=True), ends)


def _is_id(text: str) -> bool:
    return len(text) == 30 and text.startswith("run_") and text[4:].isalnum()


async def _last(tx: Tx, reach: list[ColumnElement[bool]], most: int) -> tuple[datetime, str] | None:
    """The last of the `most` rows within reach, if there are more of them."""
    key: Select[Any] = select(col(GatewayRun.started_at), col(GatewayRun.id))
    found = (await tx.execute(_newest(key, reach).limit(2).offset(most - 1))).all()
    return (found[0][0], found[0][1]) if len(found) == 2 else None


def _newest(query: Select[Any], where: list[ColumnElement[bool]]) -> Select[Any]:
    return query.where(*where).order_by(col(GatewayRun.started_at).desc(), col(GatewayRun.id).desc())


def _before(at: datetime, run_id: str) -> ColumnElement[bool]:
    """Written so that an index on the moment alone is enough to begin at the right place."""
    earlier = or_(col(GatewayRun.started_at) < at, col(GatewayRun.id) < run_id)
    return and_(col(GatewayRun.started_at) <= at, earlier)


def _until(at: datetime, run_id: str) -> ColumnElement[bool]:
    later = or_(col(GatewayRun.started_at) > at, col(GatewayRun.id) >= run_id)
    return and_(col(GatewayRun.started_at) >= at, later)
