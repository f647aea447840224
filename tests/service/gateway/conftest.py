from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.settings import Settings
from tests.service.gateway.house import House


@pytest.fixture
async def house(database: Database, clock: FrozenClock, settings: Settings) -> AsyncIterator[House]:
    """When a test ends, nothing may run, nothing may be held, and the ledger must prove itself."""
    house = House(database, clock, settings)
    yield house
    await house.gateway.stop()
    assert await house.ledger.prove() == []


@pytest.fixture
async def open_house(database: Database, clock: FrozenClock, settings: Settings) -> AsyncIterator[House]:
    """For tests that break it: nothing is proven in the end."""
    house = House(database, clock, settings)
    yield house
    with contextlib.suppress(Exception):
        await house.gateway.stop()
