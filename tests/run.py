"""`make test`: says what this machine cannot test, builds the pages once, runs everything in parallel, then the browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from cmp_web.build import BuildFailed, build

PROCESSES = "4"
"""More than cores: much of the time goes by waiting for processes that start, die and are started again."""


def main() -> int:
    for missing in absent():
        say(f"not tested here: {missing}")
    chosen = sys.argv[1:]
    # Dozens of processes start here, and without kept bytecode each spends more on reading Python than on its work.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not chosen:
        try:
            build(say)
        except BuildFailed as fault:
            say(str(fault))
            return 1
    if chosen:
        return pytest(*chosen)
    # Playwright keeps an event loop of its own running, so the browser has a process to itself.
    return pytest("-n", PROCESSES, "--dist", "worksteal", "-m", "not e2e") or pytest("-m", "e2e")


def pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def absent() -> list[str]:
    found = []
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        found.append("pages in a browser (Chromium is not installed; on Debian: apt install chromium)")
    if not os.environ.get("CMP_TEST_POSTGRES_URL"):
        found.append("PostgreSQL (set CMP_TEST_POSTGRES_URL to a server whose user may create databases)")
    return found


def say(words: str) -> None:
    print(f"[test] {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
