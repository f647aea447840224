"""`make test`: says what this machine cannot test, builds the pages once, then runs everything on two processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from cmp_web.build import BuildFailed, build

PROCESSES = "2"


def main() -> int:
    for missing in absent():
        say(f"not tested here: {missing}")
    chosen = sys.argv[1:]
    if not chosen:
        try:
            build(say)
        except BuildFailed as fault:
            say(str(fault))
            return 1
    # A group is kept on one process: the browser tests share one running marketplace.
    everything = ["-n", PROCESSES, "--dist", "loadgroup"]
    return subprocess.run([sys.executable, "-m", "pytest", *(chosen or everything)], check=False).returncode


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
