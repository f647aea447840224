"""Builds the site's files when the sources changed: Reflex compiles the pages, Node (from PyPI) bundles them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / ".web"
STAMP = WEB / "build" / "sources.sha256"
SOURCES = ("cmp_web", "catalogue", "assets", "reflex.lock", "rxconfig.py", "requirements.lock", "backend/catalogue.py", "backend/kernel")
ROOM = 700 * 1024 * 1024
"""Bytes a first build needs on the disk."""
STEPS = {
    "Initializing": "site: preparing the folder",
    "Installing": "site: installing JavaScript packages (once)",
    "Compiling": "site: compiling the pages",
    "Creating Production Build": "site: bundling",
}
Say = Callable[[str], None]


class BuildFailed(Exception):
    """The site could not be built. The text says what happened and what to do, in words for whoever started it."""


def build(say: Say) -> bool:
    """Build if anything changed since the last time. True when it did. Raises BuildFailed."""
    sources = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == sources:
        return False
    check_node()
    check_room()
    STAMP.unlink(missing_ok=True)
    said = _export(say)
    if said is not None:
        say("site: the build failed; trying once more from an empty folder")
        shutil.rmtree(WEB, ignore_errors=True)
        said = _export(say)
    if said is not None:
        raise BuildFailed(explain(said))
    STAMP.write_text(sources)
    return True


def fingerprint() -> str:
    """Changes when a file the site is built from does."""
    digest = hashlib.sha256()
    for name in SOURCES:
        path = ROOT / name
        files = sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts) if path.is_dir() else [path]
        for file in filter(Path.exists, files):
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def toolchain(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment in which Reflex finds this Python's own Node, asks npm only for packages, and tells nobody."""
    ours = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}",
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_omit_lockfile_registry_resolved": "true",
        "npm_config_update_notifier": "false",
    }
    return {**environment, **ours}


def serving(redis_url: str = "", environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment in which `cmp_web.cmp_web.serve` serves the finished files. The names are Reflex's own: its version is pinned."""
    ours = {"REFLEX_ENV_MODE": "prod", "__REFLEX_SKIP_COMPILE": "true", "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true"}
    shared = {"REFLEX_REDIS_URL": redis_url} if redis_url else {}
    return {**toolchain(environment), **ours, **shared}


def check_node() -> None:
    """Raises BuildFailed when Node does not start, with the C library's own words and the way out."""
    node = Path(sys.executable).parent / "node"
    if not node.exists():
        raise BuildFailed(f"Node is missing beside {sys.executable}. Install the requirements again: make install.")
    run = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise BuildFailed(explain(run.stderr))


def check_room() -> None:
    free = shutil.disk_usage(ROOT).free
    if not WEB.exists() and free < ROOM:
        raise BuildFailed(
            f"The disk is nearly full: {free // 2**20} MB are free and a first build needs {ROOM // 2**20} MB. Make room, then start again."
        )


def explain(said: str) -> str:
    """What a failed step printed, in words about its cause; its last lines where the cause is not known."""
    known = (
        (("No space left on device", "ENOSPC"), "The disk is full. Make room, then start again."),
        (("libstdc++", "GLIBC", "libatomic", "error while loading shared libraries"), _LIBRARY),
        (("EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "E403", "E404"), _REGISTRY),
        (("EACCES", "EPERM", "Permission denied"), f"A file in {WEB.name} belongs to another user. Remove that folder, then start again."),
        (
            ("JavaScript heap out of memory", "SIGKILL", "Killed"),
            "There was not enough memory to bundle the pages; about 1 GB must be free.",
        ),
    )
    tail = "\n".join(said.strip().splitlines()[-12:])
    cause = next((words for signs, words in known if any(sign in said for sign in signs)), "The site could not be built.")
    return f"{cause}\n{tail}"


_LIBRARY = (
    "Node does not start because a C library is missing or too old. Install libstdc++6 (Debian, Ubuntu: apt install libstdc++6; "
    "Fedora: dnf install libstdc++; Alpine: apk add libstdc++), then start again."
)
_REGISTRY = "npm could not fetch a package. Check the network, or name your own registry: npm config set registry …, then start again."


def _export(say: Say) -> str | None:
    """Run Reflex's export; None when it worked, else what it printed."""
    command = [sys.executable, "-m", "reflex", "export", "--no-zip"]
    lines: deque[str] = deque(maxlen=400)
    told: set[str] = set()
    with subprocess.Popen(command, cwd=ROOT, env=toolchain(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        for line in run.stdout or ():
            lines.append(line)
            for sign, words in STEPS.items():
                if sign in line and sign not in told:
                    told.add(sign)
                    say(words)
    return None if run.returncode == 0 else "".join(lines)
