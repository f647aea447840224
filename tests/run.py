"""`make test`: says what cannot be tested here, builds the pages beside the tests that need none, then tests pages and browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from cmp_web.build import BuildFailed, build

PROCESSES = "4"
"""More than cores: much of the time goes by waiting for processes that start, die and are started again."""
BROWSERS = "2"
"""Each with a server to look at, so no more than cores."""
ON_PAGES = ("tests/e2e", "tests/web/test_built_site.py", "tests/web/test_lean_bundle.py")
"""What looks at the pages as they are built."""


def main() -> int:
    for missing in absent():
        say(f"not tested here: {missing}")
    chosen = sys.argv[1:]
    # Dozens of processes start here, and without kept bytecode each spends more on reading Python than on its work.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return pytest(*chosen) if chosen else everything()


def everything() -> int:
    with ThreadPoolExecutor(1) as beside:
        # A build keeps one core busy for most of a minute, and waits for npm in a new clone.
        building = beside.submit(build, say)
        found = pytest("-n", PROCESSES, "--dist", "worksteal", *(f"--ignore={path}" for path in ON_PAGES))
        try:
            building.result()
        except BuildFailed as fault:
            say(str(fault))
            return 1
    # Playwright keeps an event loop of its own running, so browsers have processes to themselves.
    return found or pytest("-n", BROWSERS, "--dist", "loadfile", *ON_PAGES)


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
