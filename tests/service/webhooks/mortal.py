"""A process that tells of something and is killed on the way. Run by `test_kill.py`; its one argument is JSON.

kill: where to die by SIGKILL. "event": when the cause is committed and nothing else. "spread": when the delivery is written and nothing was
sent. "sent": when the other side has answered and that is not written down.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.webhooks.calling import Courier
from backend.webhooks.views import Answer
from tests.service.webhooks.house import House


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalCourier(Courier):
    kill = ""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self.kill == "spread":
            die()
        answer = await super().post(url, body, headers)
        die()
        return answer


async def main(given: dict[str, Any]) -> None:
    courier = MortalCourier(private=True)
    courier.kill = given["kill"]
    house = House(Database(given["database"]), FrozenClock(datetime.fromisoformat(given["now"])), Path(given["mail"]), courier)
    await house.happens(data={"id": "run_killed"})
    if given["kill"] == "event":
        die()
    await house.deliverer.turn()


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(json.loads(sys.argv[1])), 60))
