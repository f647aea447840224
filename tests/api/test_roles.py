"""The gateway and the runner, each in a process of its own, as they are started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks._system import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The gateway's URL and the runner's."""
    folder, gateway, runner = tmp_path_factory.mktemp("roles"), free_port(), free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CMP_")}
    clean |= {"CMP_DATA_DIR": str(folder / "var"), "CMP_PORT": str(gateway), "CMP_LLM_BASE_URL": "", "CMP_RUNNER_PORT": str(runner)}
    clean["CMP_RUNNER_URL"] = f"http://127.0.0.1:{runner}"
    with (folder / "log").open("w") as log:
        started = [
            # What is started in the background ignores Ctrl-C, and so would what it starts.
            subprocess.Popen(
                [sys.executable, "-m", "backend.cli", role], cwd=ROOT, env=clean, stdout=log, stderr=log, preexec_fn=_hear_ctrl_c
            )
            for role in ("runner", "gateway")
        ]
    try:
        yield f"http://127.0.0.1:{gateway}", clean["CMP_RUNNER_URL"]
    finally:
        for process in started:
            process.send_signal(signal.SIGINT)
        # Stopped by Ctrl-C, as a shell tells it.
        assert [process.wait(30) for process in started] == [130, 130], (folder / "log").read_text()


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ask(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def test_a_gateway_is_ready_once_its_runner_is_and_serves_no_pages(roles: tuple[str, str]) -> None:
    gateway, runner = roles
    patience = time.monotonic() + 90
    while (found := ask(f"{gateway}/ready"))[0] != 200:
        assert time.monotonic() < patience, found
        time.sleep(0.1)
    assert json.loads(found[1])["runner"] == "ok"
    assert ask(f"{runner}/health") == (200, "ok")
    assert ask(f"{runner}/ready")[0] == 401
    assert ask(f"{gateway}/v1/runs")[0] == 401
    assert ask(f"{gateway}/marketplace")[0] == 404
