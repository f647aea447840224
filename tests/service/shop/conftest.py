"""The real shop over a real database, spoken to over HTTP in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.catalogue import load
from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.shop.seed import seed
from tests.service.shop.shop import Shop


@pytest.fixture
async def shop(database: Database, clock: FrozenClock) -> AsyncIterator[Shop]:
    await seed(database, load(), clock=clock)
    made = Shop(database, clock)
    yield made
    await made.client.aclose()
