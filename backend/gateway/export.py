"""Runs as CSV, read a batch at a time: a million of them need no more memory than the first hundred."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from backend.db.engine import Database
from backend.gateway import search
from backend.gateway.models import GatewayRun
from backend.gateway.views import RunFilter
from backend.kernel import sheet
from backend.kernel.caller import Caller
from backend.kernel.ids import RunId
from backend.ledger.service import Ledger
from backend.ledger.views import Receipt

COLUMNS = (
    *("id", "started_at", "finished_at", "status", "agent", "instance_id", "door", "owner", "session_id", "question", "answer"),
    *("sources", "quoted", "held", "charged", "released", "input_tokens", "output_tokens", "error"),
)
BATCH = 200
"""Runs read at once."""


class RunSheets:
    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database, self._ledger = database, ledger

    async def lines(self, caller: Caller, wanted: RunFilter) -> AsyncIterator[str]:
        """The header, then every run that the filter lets through, newest first; many rows in one text."""
        head = sheet.line(COLUMNS)
        while True:
            async with self._database.read() as tx:
                page = await search.page(tx, caller, replace(wanted, limit=BATCH))
            receipts = await self._ledger.receipts(caller.workspace_id, [RunId(row.id) for row in page.items])
            yield head + "".join(_line(row, receipts.get(RunId(row.id))) for row in page.items)
            head = ""
            if page.next is None:
                return
            wanted = replace(wanted, cursor=page.next)


def _line(row: GatewayRun, receipt: Receipt | None) -> str:
    cost = (receipt.quoted, receipt.held, receipt.charged, receipt.released) if receipt else ("", "", "", "")
    cells = (
        *(row.id, row.started_at.isoformat(), row.finished_at.isoformat() if row.finished_at else "", row.status),
        *(row.instance_name, row.instance_id, row.door, row.owner, row.conversation_id, row.query, row.text),
        "; ".join(" ".join(filter(None, (source["document_name"], source["place"]))) for source in row.sources),
        *cost,
        *(row.usage.get("input_tokens", ""), row.usage.get("output_tokens", ""), row.error_code),
    )
    return sheet.line(cells)
