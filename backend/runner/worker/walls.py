"""What flow code can reach, as far as an ordinary user can say so: Landlock, a filter of system calls, limits, no capabilities.

Each wall is for this process and all it will start, and none can be taken down again. What the system does not have is told, not hidden.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import ssl
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backend.runner.worker import landlock, syscalls
from backend.runner.worker.kernel import CAPABILITY_VERSION, LACKING, LIBC, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, prctl

FILE, FILES = 64 * 1024 * 1024, 512
"""Bytes of a file that flow code writes, and files it holds open at once."""
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf"),
    *("/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols", "/etc/localtime", "/etc/mime.types", "/etc/ld.so.cache"),
    *("/etc/os-release", "/etc/passwd", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/proc/meminfo", "/proc/cpuinfo"),
    *("/proc/stat", "/proc/sys", "/sys/devices/system/cpu", "/sys/fs/cgroup"),
)
"""What programs of any kind read: libraries, certificates, names of hosts, and how large the machine is."""


@dataclass(frozen=True, slots=True)
class Walls:
    """memory: bytes of address space of a process. ports: TCP ports that it may call, of any address."""

    memory: int
    ports: tuple[int, ...]

    def enter(self, home: Path, *, alone: bool = False) -> list[str]:
        """What this system cannot do, in words. home: the one folder below which files are written. alone: it starts no process either."""
        for limit, most in (
            (resource.RLIMIT_AS, self.memory),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, FILE),
            (resource.RLIMIT_NOFILE, FILES),
        ):
            lower(limit, most, most)
        if sys.platform != "linux":
            return ["this system has neither Landlock nor filters of system calls: flow code reads what this user reads"]
        if not alone:
            _first_for_the_end()
        # A run's template did so already.
        missing = [] if alone else _without_more_rights() + _drop_capabilities()
        missing += landlock.restrict(readable=readable(), writable=(home, Path(os.devnull)), ports=self.ports)
        return missing + syscalls.filter_calls(alone=alone)


def lower(limit: int, soft: int, hard: int) -> None:
    """To these, or to what it is already when that is less: nobody but root raises it again."""
    most = resource.getrlimit(limit)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(limit, (soft, hard))


@cache
def readable() -> Iterable[Path]:
    """Python, its packages, and `_SYSTEM`. Never the folder of this project, where `.env` and the data may be."""
    python = {sys.prefix, sys.base_prefix, sys.exec_prefix, *(path for path in sys.path if "site-packages" in path)}
    own = Path(__file__).resolve().parents[2]
    certificates = filter(None, ssl.get_default_verify_paths()[:2])
    return frozenset((*map(Path, python), own, *map(Path, certificates), *map(Path, _SYSTEM)))


def die_with_parent() -> None:
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, 9)


def _first_for_the_end() -> None:
    """When the machine runs out of memory, let the kernel take a run rather than the server. And let the server go first."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    with contextlib.suppress(OSError):
        os.nice(5)


def _without_more_rights() -> list[str]:
    try:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    except OSError as fault:
        if fault.errno not in LACKING:
            raise
        return [f"this system does not let a process give up rights ({fault.strerror}): there is no Landlock and no filter of system calls"]
    return []


def _drop_capabilities() -> list[str]:
    """Of a server that runs as root, as in many containers. Returns what of it this system refuses, in words."""
    for capability in range(64):
        if prctl(PR_CAPBSET_DROP, capability, fails=False) != 0:
            break
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    if LIBC.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        return ["this system does not let a process give up its capabilities: flow code keeps those of this user"]
    return []
