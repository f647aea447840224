from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from tests.service.webhooks.house import House
from tests.service.webhooks.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def house(database: Database, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[House]:
    house = House(database, clock, tmp_path / "mail")
    yield house
    await house.deliverer.stop()
