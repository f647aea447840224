"""How soon a second start is ready, and how much memory the whole system keeps when idle.

usage: python -m benchmarks.start_and_memory

The bounds are the project's own: 10 s and 600 MB, the lfx worker included. Memory is the proportional set size where the system tells it
(pages shared by several processes are counted once), else the resident set size.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

READY_BOUND, MEMORY_BOUND = 10.0, 600.0
IDLE = 20.0
"""Seconds to let the system settle before its memory is read."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, _ = measure(Path(folder), settle=0)
        again, memory = measure(Path(folder), settle=IDLE)
    print(f"first start, pages built: ready after {first:.1f} s")
    print(f"second start: ready after {again:.1f} s = {again / READY_BOUND:.2f} of the bound of {READY_BOUND:.0f} s")
    print(f"idle memory, all processes: {memory:.0f} MB = {memory / MEMORY_BOUND:.2f} of the bound of {MEMORY_BOUND:.0f} MB")


def measure(data: Path, *, settle: float) -> tuple[float, float]:
    """Seconds until every part says it is ready, and megabytes after `settle` seconds of idleness."""
    port = free_port()
    environment = {**os.environ, "CMP_DATA_DIR": str(data), "CMP_PORT": str(port)}
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "backend.cli", "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        while not ready(port):
            if process.poll() is not None or time.monotonic() - started > 300:
                sys.exit("the marketplace did not start")
            time.sleep(0.05)
        seconds = time.monotonic() - started
        time.sleep(settle)
        return seconds, memory(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def memory(pid: int) -> float:
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        full = process.memory_full_info()
        total += getattr(full, "pss", full.rss)
    return total / 1024 / 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
