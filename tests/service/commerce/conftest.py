from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from tests.service.commerce.shop import Mall, open_mall


@pytest.fixture
async def mall(database: Database, clock: FrozenClock) -> AsyncIterator[Mall]:
    mall = await open_mall(database, clock)
    yield mall
    await mall.commerce.close()
