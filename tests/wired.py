"""The whole backend, wired, for tests of its doors. Apart from `conftest`, so that tests of one rule need not import all of it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.main import System, assemble
from backend.settings import Settings


@pytest.fixture
def system(settings: Settings, sqlite_template: Path, signing_key: Path) -> System:
    """Wired and not started: nothing listens, nothing runs."""
    return wired(settings, sqlite_template, signing_key)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, signing_key: Path) -> Path:
    """The data folder of a system that has prepared itself once: migrated and seeded."""
    folder = tmp_path_factory.mktemp("prepared") / "var"
    settings = Settings(_env_file=None, data_dir=folder, secret_key=SecretStr("a-secret-for-tests"), public_url="http://localhost:3000")  # type: ignore[call-arg]

    async def prepare() -> None:
        made = wired(settings, sqlite_template, signing_key)
        await made.prepare()
        await made.services.http.aclose()
        await made.services.database.dispose()

    asyncio.run(prepare())
    return folder


def wired(settings: Settings, database: Path, key: Path) -> System:
    settings.data_dir.mkdir(parents=True)
    shutil.copy(database, settings.data_dir / "cmp.db")
    shutil.copytree(key, settings.data_dir / "shop")
    return assemble(settings)
