"""`cmpctl keys create`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app

EMAIL = ["--email", "demo@example.com"]


@pytest.fixture(autouse=True)
def seeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CMP_DEMO_PASSWORD", "correct horse battery")
    assert CliRunner().invoke(app, ["seed"]).exit_code == 0


def test_a_key_is_made_with_what_was_asked_for_and_refused_with_the_reason() -> None:
    wanted = ["--name", "Site", "--scope", "runs", "--scope", "manage", "--expires", "2035-01-31", "--budget-day", "2.5", "--json"]
    made = CliRunner().invoke(app, ["keys", "create", *EMAIL, *wanted])
    assert made.exit_code == 0
    assert json.loads(made.output)["secret"].startswith("cmp_")
    bad = [("--agent", "inst_none"), ("--scope", "root"), ("--budget-month", "-1"), ("--budget-day", "NaN"), ("--expires", "2020-01-01")]
    for option, value in bad:
        refused = CliRunner().invoke(app, ["keys", "create", *EMAIL, "--name", "Site", option, value])
        assert refused.exit_code != 0, option
        assert "Traceback" not in refused.output
