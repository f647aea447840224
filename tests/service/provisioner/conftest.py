from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import FrozenClock
from backend.settings import Settings
from tests.conftest import NOW
from tests.service.provisioner.house import House, build, installed
from tests.service.provisioner.saleor import API_URL, FakeSaleor


@pytest.fixture
def saleor() -> FakeSaleor:
    return FakeSaleor()


@pytest.fixture(scope="session")
def durable_template(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """Durable work's own file as an earlier process leaves it: DBOS needs a second to see a line that is new to it."""
    folder = tmp_path_factory.mktemp("durable")
    path = folder / "durable.db"

    async def live() -> None:
        settings = Settings(_env_file=None, data_dir=folder, secret_key=SecretStr("a"), saleor_api_url=API_URL)  # type: ignore[call-arg]
        database = Database(f"sqlite:///{sqlite_template}")
        house = build(settings, FrozenClock(NOW), database, Durable(f"sqlite:///{path}"), None, mail=folder)
        await house.durable.start()
        await house.close()

    asyncio.run(live())
    return path


@pytest.fixture
async def house(
    database: Database, settings: Settings, clock: FrozenClock, saleor: FakeSaleor, durable_template: Path, tmp_path: Path
) -> AsyncIterator[House]:
    """Installed as Saleor's app, and running."""
    given = settings.model_copy(update={"saleor_api_url": API_URL})
    shutil.copy(durable_template, tmp_path / "durable.db")
    durable = Durable(f"sqlite:///{tmp_path / 'durable.db'}")
    house = build(given, clock, database, durable, httpx.ASGITransport(saleor), mail=tmp_path / "mail")
    await house.open()
    yield await installed(house)
    await house.close()
