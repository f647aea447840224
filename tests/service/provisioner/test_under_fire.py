"""A few orders through the run under fire, every process of it real; the full run is `python -m benchmarks.orders_under_fire`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import POSTGRES

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_few_orders_come_through_while_our_process_is_killed(database: str, tmp_path: Path) -> None:
    if database == "postgres" and not POSTGRES:
        pytest.skip("CMP_TEST_POSTGRES_URL is not set: PostgreSQL is not tested here")
    url = "sqlite" if database == "sqlite" else POSTGRES
    command = (sys.executable, "-m", "benchmarks.orders_under_fire", "--orders", "12", "--kill-every", "3", "--database", url)
    done = subprocess.run([*command, "--keep", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"
