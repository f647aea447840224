"""The whole backend, wired, for tests of its doors. Apart from `conftest`, so that tests of one rule need not import all of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from backend.main import System, assemble
from backend.settings import Settings


@pytest.fixture
def system(settings: Settings, sqlite_template: Path) -> System:
    """Wired and not started: nothing listens, nothing runs."""
    settings.data_dir.mkdir(parents=True)
    shutil.copy(sqlite_template, settings.data_dir / "cmp.db")
    return assemble(settings)
