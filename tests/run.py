"""`make test`: says what this machine cannot test, then runs everything else: first in parallel, then what needs the machine for itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def main() -> int:
    for missing in absent():
        print(f"[test] not tested here: {missing}", flush=True)
    chosen = sys.argv[1:]
    if chosen:
        return pytest(*chosen)
    return pytest("-n", "2", "--dist", "worksteal", "-m", "not alone") or pytest("-m", "alone", "-p", "no:randomly")


def absent() -> list[str]:
    found = []
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        found.append("pages in a browser (Chromium is not installed; on Debian: apt install chromium)")
    if not os.environ.get("CMP_TEST_POSTGRES_URL"):
        found.append("PostgreSQL (set CMP_TEST_POSTGRES_URL to a server whose user may create databases)")
    return found


def pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
