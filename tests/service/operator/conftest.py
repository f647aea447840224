"""A furnished Saleor, and the set-up wired to it over HTTP within the process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from backend import catalogue
from backend.db.engine import Database
from backend.kernel.clock import SystemClock
from backend.operator.setup.service import Setup
from backend.settings import Settings
from tests.service.operator.house import House
from tests.service.operator.saleor import URL, FakeSaleor


@pytest.fixture
def saleor() -> FakeSaleor:
    return FakeSaleor().furnish()


@pytest.fixture
async def house(saleor: FakeSaleor, settings: Settings, sqlite_url: str) -> AsyncIterator[House]:
    used = settings.model_copy(update={"saleor_api_url": URL, "database_url": sqlite_url, "public_url": "https://market.test"})
    transport = httpx.ASGITransport(app=saleor.asgi())
    house = House(used, Database(sqlite_url), SystemClock(), transport)
    yield house
    await house.close()
    assert saleor.faults == []


@pytest.fixture
def setup(house: House) -> Setup:
    return house.setup()


@pytest.fixture
def products() -> tuple[catalogue.Product, ...]:
    return catalogue.load()


@pytest.fixture
def empty_folder(tmp_path: Path) -> Path:
    return tmp_path / "nothing"
