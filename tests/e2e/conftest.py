"""The real system, served as a newcomer would serve it, and a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.buying import SLOW

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PASSWORD = "a-password-for-the-demo"
PATIENCE = 240
"""Seconds for a first start, which may have to build the pages on a busy machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is in this folder needs a process of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@dataclass(frozen=True)
class Market:
    """A running marketplace. url: without a trailing slash."""

    url: str
    data: Path
    process: subprocess.Popen[str]
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(data: Path, port: int, **settings: str) -> Market:
    """Start `cmpctl serve` and wait until it says it is ready."""
    data.mkdir(parents=True, exist_ok=True)
    log = data / "serve.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CMP_")}
    environment |= {"CMP_PORT": str(port), "CMP_DATA_DIR": str(data), "CMP_DEMO_PASSWORD": PASSWORD, **settings}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli", "serve"], cwd=ROOT, env=environment, stdout=out, stderr=out, text=True
        )
    market = Market(f"http://localhost:{port}", data, process, log)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{market.url}/ready", timeout=5).status_code == 200:
                return market
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    process.kill()
    pytest.fail(f"the marketplace did not start:\n{log.read_text()[-4000:]}")


def stop(market: Market) -> int:
    """Ctrl-C, as a person would. Returns the exit code."""
    market.process.send_signal(signal.SIGINT)
    return market.process.wait(30)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    running = serve(tmp_path_factory.mktemp("market") / "var", free_port())
    yield running
    if running.process.poll() is None:
        stop(running)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: pages are not tested in a browser here")
    expect.set_options(timeout=SLOW)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(SLOW)
    yield context.new_page()
    context.close()
