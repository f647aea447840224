"""What the benchmarks share: a marketplace of their own, a customer in it, and the words figures are told in."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.catalogue import Product
from backend.kernel.money import Credits
from backend.ledger.views import LotSource
from backend.main import System, assemble
from backend.settings import Settings
from cmp_web.build import STAMP, build

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0
"""Seconds to wait for a start; the pages are built before."""
NO_CHROMIUM = "There is no Chromium here (apt install chromium): not measured."
SANDBOXLESS = ("--no-sandbox", "--headless=new", "--disable-gpu")
PAGES = {"marketplace": "/marketplace", "product": "/marketplace/knowledge-base-agent"}
"""The catalogue pages that are weighed and timed."""


@dataclass(frozen=True, slots=True)
class Running:
    """url: without a trailing slash. seconds: from the command to the first 200 of /ready."""

    url: str
    pid: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with credits and agents. secret: of an API key."""

    secret: str
    instances: tuple[str, ...]


def load() -> str:
    """How busy the machine is, beside the number of its cores."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def chromium() -> str:
    """The path of a Chromium, or "" when there is none."""
    return os.environ.get("CHROME_PATH") or shutil.which("chromium") or shutil.which("google-chrome") or ""


def percentile(times: list[float], share: int) -> float:
    return statistics.quantiles(times, n=100)[share - 1]


def against(figure: float, bound: float) -> str:
    return f"{figure / bound:.2f} of the bound"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def built() -> int:
    """Build the pages if their sources changed. When that was last done: a start that builds is no warm start."""
    build(lambda words: print(f"   {words}", flush=True))
    return STAMP.stat().st_mtime_ns


@contextmanager
def started(data: Path, port: int, saleor: str = "") -> Iterator[Running]:
    """`cmpctl serve` on the data folder, on the embedded defaults. Leaves with SystemExit when it does not start; stops it at the end.

    saleor: the GraphQL URL of a real one to read instead of the embedded shop. Our app need not be installed in it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CMP_")}
    # No model, whatever a .env in the project's folder says.
    environment |= {"CMP_DATA_DIR": str(data), "CMP_PORT": str(port), "CMP_LLM_BASE_URL": "", "CMP_SALEOR_API_URL": saleor}
    log = data.with_name(f"{data.name}.log")
    with log.open("w") as out:
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "backend.cli", "serve"], cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        while not _ready(port, "health" if saleor else "ready"):
            if process.poll() is not None or time.monotonic() - began > PATIENCE:
                sys.exit(f"the marketplace did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield Running(f"http://localhost:{port}", process.pid, time.monotonic() - began)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ready(port: int, door: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{door}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def customer(data: Path, port: int, product: Product, agents: int) -> Customer:
    """The demo account with an API key, credits for any number of runs and `agents` agents of the product's last plan.

    Nothing may be running on the data folder.
    """
    settings = Settings(_env_file=None, data_dir=data, port=port)  # type: ignore[call-arg]
    return asyncio.run(_customer(settings, product, agents))


async def _customer(settings: Settings, product: Product, agents: int) -> Customer:
    system = assemble(settings)
    try:
        await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
        await system.prepare()
        return await _stocked(system, product, agents)
    finally:
        await system.stop()


async def _stocked(system: System, product: Product, agents: int) -> Customer:
    services = system.services
    account = await services.accounts.by_email("demo@example.com")
    offering = await services.offerings.by_sku(product.variants[-1].sku)
    assert account is not None
    assert offering is not None
    workspace = (await services.workspaces.of(account.id))[0].workspace
    key = await services.keys.create(workspace.id, account.id, "benchmark")
    async with services.database.write() as tx:
        made = [
            await services.instances.create(tx, workspace_id=workspace.id, offering=offering, source_key=f"benchmark-{number}")
            for number in range(agents)
        ]
        amount = Credits.of(1_000_000)
        await services.ledger.grant(tx, workspace_id=workspace.id, amount=amount, source=LotSource.GIFT, ref="benchmark", key="benchmark")
    return Customer(key.secret, tuple(instance.id for instance in made))
