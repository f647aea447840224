"""What the ledger does each night: let go of what has expired, then prove every balance."""

from __future__ import annotations

import logging

from backend.durable import Durable
from backend.ledger.service import Ledger

AT = "17 3 * * *"
log = logging.getLogger(__name__)


class Nightly:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def register(self, durable: Durable) -> None:
        durable.schedule("ledger.nightly", AT, self.run)

    async def run(self) -> None:
        """A drift is an alarm: it is logged as an error, one line a fault, and nothing is mended by itself."""
        await self._ledger.expire()
        for fault in await self._ledger.prove():
            log.error("the ledger does not prove: %s", fault)
