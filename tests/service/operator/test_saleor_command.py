"""`cmpctl saleor setup` and `cmpctl doctor` as a person or a script meets them: output, exit code, what is left on the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner

from backend.cli import app
from tests.service.operator.saleor import EMAIL, PASSWORD, Failure, FakeSaleor


class Quiet(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, saleor: FakeSaleor) -> None:
        super().__init__(uvicorn.Config(saleor.asgi(), port=0, log_level="critical", lifespan="off"))
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture
def served(saleor: FakeSaleor) -> Iterator[str]:
    server = Quiet(saleor)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.listening.wait(20)
    port = server.servers[0].sockets[0].getsockname()[1]
    saleor.url = f"http://127.0.0.1:{port}/graphql/"
    yield saleor.url
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    environment = {"CMP_DATA_DIR": str(tmp_path / "var"), "CMP_SALEOR_ADMIN_EMAIL": EMAIL, "CMP_SALEOR_ADMIN_PASSWORD": PASSWORD}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return CliRunner()


def test_it_says_each_step_then_nothing_to_do(served: str, runner: CliRunner, saleor: FakeSaleor) -> None:
    first = runner.invoke(app, ["saleor", "setup", "--url", served])
    assert first.exit_code == 0, first.output
    assert "] create product customer-support-agent" in first.output
    assert f"CMP_SALEOR_API_URL={served}" in first.output
    assert PASSWORD not in first.output
    saleor.changes.clear()
    second = runner.invoke(app, ["saleor", "setup", "--url", served, "--json"])
    assert json.loads(second.output)["done"] == []
    assert saleor.changes == []


def test_a_dry_run_lists_the_plan(served: str, runner: CliRunner, saleor: FakeSaleor) -> None:
    shown = runner.invoke(app, ["saleor", "setup", "--url", served, "--dry-run", "--json"])
    assert shown.exit_code == 0
    assert "create product type ai-agent" in json.loads(shown.output)["planned"]
    assert saleor.changes == []


def test_a_failure_halfway_ends_with_1_and_names_the_step(served: str, runner: CliRunner, saleor: FakeSaleor) -> None:
    saleor.failure = Failure(3, "500")
    stopped = runner.invoke(app, ["saleor", "setup", "--url", served, "--json"])
    assert stopped.exit_code == 1
    said = json.loads(stopped.stdout)
    assert len(said["done"]) == 3
    assert said["failed"]["step"] == "create attribute Knowledge (MB)"
    assert runner.invoke(app, ["saleor", "setup", "--url", served]).exit_code == 0


def test_without_credentials_it_says_which_there_are(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMP_SALEOR_ADMIN_PASSWORD")
    asked = runner.invoke(app, ["saleor", "setup", "--url", "http://127.0.0.1:1"])
    assert asked.exit_code == 1
    assert "CMP_SALEOR_ADMIN_TOKEN" in asked.stderr


def test_the_doctor_ends_with_1_when_a_check_fails(served: str, runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMP_SALEOR_API_URL", served)
    monkeypatch.setenv("CMP_PORT", "1")
    before = runner.invoke(app, ["doctor", "--json"])
    assert before.exit_code == 1
    assert {check["check"]: check["level"] for check in json.loads(before.output)["checks"]}["app"] == "FAIL"
    assert runner.invoke(app, ["saleor", "setup", "--url", served]).exit_code == 0
    after = runner.invoke(app, ["doctor"])
    assert after.exit_code == 0, after.output
    assert "ok   permissions: " in after.output


def test_the_doctor_starts_and_makes_nothing_beside_the_embedded_shop(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMP_PORT", "1")
    looked = runner.invoke(app, ["doctor"])
    assert looked.exit_code == 0, looked.output
    assert "nothing runs at" in looked.output
    assert "the embedded one" in looked.output
    assert not list(tmp_path.rglob("*.db"))
