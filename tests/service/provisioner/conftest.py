from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import FrozenClock
from backend.settings import Settings
from tests.service.provisioner.house import House, build, installed
from tests.service.provisioner.saleor import API_URL, FakeSaleor


@pytest.fixture
def saleor() -> FakeSaleor:
    return FakeSaleor()


@pytest.fixture
async def house(database: Database, settings: Settings, clock: FrozenClock, saleor: FakeSaleor, tmp_path: Path) -> AsyncIterator[House]:
    """Installed as Saleor's app, and running."""
    given = settings.model_copy(update={"saleor_api_url": API_URL})
    durable = Durable(f"sqlite:///{tmp_path / 'durable.db'}")
    house = build(given, clock, database, durable, httpx.ASGITransport(saleor), mail=tmp_path / "mail")
    await house.open()
    yield await installed(house)
    await house.close()
