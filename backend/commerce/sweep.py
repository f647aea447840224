"""Every few minutes: the orders of payments whose buyer went away, or whose process died, before they were placed."""

from __future__ import annotations

import logging

from backend.commerce.till import Till
from backend.durable import Durable

AT = "*/5 * * * *"
log = logging.getLogger(__name__)


class Sweep:
    def __init__(self, till: Till) -> None:
        self._till = till

    def register(self, durable: Durable) -> None:
        durable.schedule("commerce.sweep", AT, self.run)

    async def run(self) -> None:
        if placed := await self._till.sweep():
            log.warning("%d paid orders were placed that nobody had come back for", placed)
        await self._till.forget()
