"""The account as CSV, a batch at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from backend.kernel import sheet
from backend.kernel.ids import WorkspaceId
from backend.ledger.service import Ledger
from backend.ledger.views import EntryKind

COLUMNS = ("id", "at", "kind", "amount", "balance_after", "label", "run_id", "lot_id")
BATCH = 500


async def entries(ledger: Ledger, workspace_id: WorkspaceId, kind: EntryKind | None) -> AsyncIterator[str]:
    """The header, then every entry, newest first; many rows in one text."""
    head, cursor = sheet.line(COLUMNS), None
    while True:
        page = await ledger.entries(workspace_id, cursor=cursor, limit=BATCH, kind=kind)
        rows = ((e.id, e.at.isoformat(), e.kind, e.amount, e.balance_after, e.label, e.run_id or "", e.lot_id) for e in page.items)
        yield head + "".join(sheet.line(row) for row in rows)
        head, cursor = "", page.next
        if cursor is None:
            return
