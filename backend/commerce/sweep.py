"""Every other minute: the orders of payments whose buyer went away, or whose process died, before they were placed; and word to the
operators of those that cannot be.
"""

from __future__ import annotations

import logging

from backend.commerce.telling import Telling
from backend.commerce.till import Till
from backend.durable import Durable

AT = "*/2 * * * *"
log = logging.getLogger(__name__)


class Sweep:
    def __init__(self, till: Till, telling: Telling) -> None:
        self._till, self._telling = till, telling

    def register(self, durable: Durable) -> None:
        durable.schedule("commerce.sweep", AT, self.run)

    async def run(self) -> None:
        try:
            if placed := await self._till.sweep():
                log.warning("%d paid orders were placed that nobody had come back for", placed)
        finally:
            await self._telling.operators()
        await self._till.forget()
