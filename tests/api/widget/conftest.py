from __future__ import annotations

import pytest

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.settings import Settings
from tests.service.identity.people import Town


@pytest.fixture
def town(database: Database, clock: FrozenClock, settings: Settings) -> Town:
    return Town(database, clock, settings)
