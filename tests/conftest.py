"""What every test shares: a database of each kind, a clock that stands still, settings in a folder of its own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.identity.passwords import Passwords
from backend.kernel.clock import FrozenClock
from backend.settings import Settings
from backend.shop.apps.signing import SigningKey
from tests.postgres import Postgres
from tests.statements import keep_compiled

POSTGRES = os.environ.get("CMP_TEST_POSTGRES_URL", "")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def statements() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        keep_compiled(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """A hash is dear on purpose: a twentieth of a second, several times a test. `unit/identity/test_passwords` looks at the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passwords.__init__, "__kwdefaults__", {"memory": 64, "rounds": 1})
        yield


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings untouched by the developer's own environment."""
    return Settings(
        _env_file=None, data_dir=tmp_path / "var", secret_key=SecretStr("a-secret-for-tests"), public_url="http://localhost:3000"
    )  # type: ignore[call-arg]


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request a limit counts comes at one moment: however slow the machine, and wherever the minute's boundary, none is forgotten."""
    now = time.time()
    for module in ("limits.aio.storage.memory", "limits.aio.strategies", "backend.gateway.limits"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(time=lambda: now))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "cmp.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's own folder with a key in it, to copy: making one takes a tenth of a second or three."""
    folder = tmp_path_factory.mktemp("key") / "shop"
    SigningKey.load(folder)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if not POSTGRES:
        pytest.skip("CMP_TEST_POSTGRES_URL is not set: PostgreSQL is not tested here")
    made = Postgres(POSTGRES)
    yield made
    made.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "cmp.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    yield postgres.url()
    postgres.restore()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of each kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.dispose()
