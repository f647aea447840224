"""The real shop over a real database, spoken to over HTTP in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from tests.service.shop.shop import Shop
from tests.stocked import stock


@pytest.fixture
async def shop(database: Database, clock: FrozenClock) -> AsyncIterator[Shop]:
    await stock(database, clock)
    made = Shop(database, clock)
    yield made
    await made.client.aclose()
