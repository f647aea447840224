"""How soon a second start is ready, and how much memory the whole system keeps when idle.

usage: python -m benchmarks.start_and_memory

The bounds are the project's own: 10 s and 600 MB (1 MB = 1,000,000 bytes), the lfx worker included. Memory is the proportional set size
where the system tells it (pages shared by several processes are counted once), else the resident set size. The pages are built before the
clock starts, and a start that built them again is not counted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks._system import Running, against, built, free_port, load, started

READY_BOUND, MEMORY_BOUND = 10.0, 600.0
IDLE = 20.0
"""Seconds to let the system settle before its memory is read."""
AGAIN = 3
"""How many second starts are measured."""


def main() -> int:
    before = built()
    print(f"   {load()}")
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "var", free_port()
        with started(data, port) as running:
            first = running.seconds
        again = []
        for _ in range(AGAIN):
            with started(data, port) as running:
                again.append(running.seconds)
                if len(again) == AGAIN:
                    time.sleep(IDLE)
                    parts = memory(running)
    if built() != before:
        sys.exit("The sources of the pages changed meanwhile, so a start built them: measure again.")
    middle, total = statistics.median(again), sum(parts.values())
    print(f"first start on an empty data folder, pages built: {first:.1f} s")
    each = ", ".join(f"{seconds:.1f}" for seconds in again)
    print(f"second start: {middle:.1f} s (median of {each}; bound {READY_BOUND:.0f} s) = {against(middle, READY_BOUND)}")
    print(f"idle memory: {total:.0f} MB (bound {MEMORY_BOUND:.0f} MB) = {against(total, MEMORY_BOUND)}")
    for name, size in parts.items():
        print(f"   {name}: {size:.0f} MB")
    return 0 if middle < READY_BOUND and total < MEMORY_BOUND else 1


def memory(running: Running) -> dict[str, float]:
    """Megabytes of each process, the largest first."""
    root = psutil.Process(running.pid)
    parts = {f"server ({root.pid})": _size(root)}
    for process in root.children(recursive=True):
        parts[f"{_name(process)} ({process.pid})"] = _size(process)
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


def _size(process: psutil.Process) -> float:
    full = process.memory_full_info()
    return float(getattr(full, "pss", full.rss)) / 1_000_000


def _name(process: psutil.Process) -> str:
    return "lfx worker" if any("worker" in word for word in process.cmdline()) else process.name()


if __name__ == "__main__":
    sys.exit(main())
