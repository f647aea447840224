"""Where other rooms say that something happened: a row of `webhook_event`, in the same transaction as its cause.

README.md says how a writer with a connection of its own does the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import event as sql_event
from sqlalchemy import func, insert, select
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.kernel.clock import Clock
from backend.kernel.ids import WorkspaceId, new_id
from backend.webhooks.models import EndpointRow, EventRow
from backend.webhooks.views import EndpointStatus

STALE = 10.0
LATELY = timedelta(minutes=1)
"""Seconds after which what memory says of the endpoints counts no more."""
LISTENING = (EndpointStatus.LIVE.value, EndpointStatus.PAUSED.value)


class Outbox:
    """One a process. `wanted`, `event_values` and `wake` may be called from any thread; none of them waits."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._asked_for: Mapping[str, frozenset[str]] = {}
        self._seen: object = None
        self._looked: float | None = None
        self._waker: Callable[[], None] | None = None

    async def announce(self, tx: Tx, workspace_id: WorkspaceId, event: str, data: Mapping[str, Any]) -> None:
        """Tell the workspace's endpoints once `tx` commits; nothing is written when none of them asked. event: one of `policy.EVENTS`.

        data: JSON values; credits as decimal text, moments as ISO 8601.
        """
        listening = (col(EndpointRow.workspace_id) == workspace_id) & col(EndpointRow.status).in_(LISTENING)
        if not any(event in asked for asked in await tx.scalars(select(col(EndpointRow.events)).where(listening))):
            return
        await tx.execute(insert(EventRow).values(**self.event_values(workspace_id, event, data, self._clock.now())))
        sql_event.listen(tx.sync_session, "after_commit", lambda _session: self.wake(), once=True)

    def wanted(self, workspace_id: str, kind: str) -> bool:
        """Whether an endpoint may ask for this, from memory that is a second old. True while that is not known: a row too many is
        thrown away later, one too few is a loss."""
        if self._looked is None or monotonic() - self._looked > STALE:
            return True
        return kind in self._asked_for.get(workspace_id, ())

    def event_values(self, workspace_id: str, kind: str, data: Mapping[str, Any], now: datetime) -> dict[str, str | int]:
        """The columns of one row of `webhook_event`, for a writer that inserts it with a statement of its own."""
        return {
            "id": new_id("evt"),
            "workspace_id": workspace_id,
            "type": kind,
            "data": json.dumps(data, separators=(",", ":")),
            "at_ms": int(now.timestamp() * 1000),
            "spread": 0,
        }

    def wake(self) -> None:
        """Something was committed: deliver it now instead of at the next look."""
        if self._waker is not None:
            self._waker()

    def on_wake(self, waker: Callable[[], None] | None) -> None:
        self._waker = waker

    async def refresh(self) -> None:
        """Look at the endpoints again, if any has changed."""
        async with self._database.read() as tx:
            count, latest = (await tx.execute(select(func.count(), func.max(col(EndpointRow.changed_at))).select_from(EndpointRow))).one()
            # A change may be committed after one that was made later: those of the last minute are told apart one by one.
            lately = col(EndpointRow.changed_at) > self._clock.now() - LATELY
            each = select(col(EndpointRow.id), col(EndpointRow.changed_at)).where(lately).order_by(col(EndpointRow.id))
            changed = [tuple(row) for row in await tx.execute(each)]
            if (seen := (count, latest, *changed)) != self._seen:
                found: dict[str, frozenset[str]] = {}
                rows = select(col(EndpointRow.workspace_id), col(EndpointRow.events)).where(col(EndpointRow.status).in_(LISTENING))
                for workspace_id, asked in await tx.execute(rows):
                    found[workspace_id] = found.get(workspace_id, frozenset()) | frozenset(asked)
                self._asked_for, self._seen = found, seen
        self._looked = monotonic()
