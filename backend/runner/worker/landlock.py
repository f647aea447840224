"""Landlock: which files this process may open, which TCP ports it may call, whom it may signal. Linux, any user.

Written against the kernel's own description (Documentation/userspace-api/landlock.rst): the packages that wrap it are early releases, and
it is three system calls.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from backend.runner.worker.kernel import LACKING, syscall

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""The same numbers on every architecture."""
PATH_BENEATH, NET_PORT = 1, 2
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Every right over files that a version of Landlock knows: all are taken, and few are given back."""
NETWORK, SCOPES = 4, 6
"""The versions that came with TCP ports, and with signals and abstract sockets."""


def version() -> int:
    """Of this kernel's Landlock; 0 when there is none."""
    try:
        return syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def restrict(*, readable: Iterable[Path], writable: Iterable[Path], ports: Iterable[int]) -> list[str]:
    """Returns what this kernel cannot hold back, in words."""
    if not (known := version()):
        return missing(known)
    try:
        _restrict(known, readable, writable, ports)
    except OSError as fault:
        if fault.errno not in LACKING:
            raise
        return [f"this system refuses Landlock ({fault.strerror}): flow code reads the files that this user reads, and calls any port"]
    return missing(known)


def _restrict(known: int, readable: Iterable[Path], writable: Iterable[Path], ports: Iterable[int]) -> None:
    rights = RIGHTS[max(number for number in RIGHTS if number <= known)]
    attributes = struct.pack("=QQQ", rights, 3 if known >= NETWORK else 0, 3 if known >= SCOPES else 0)
    size = 24 if known >= SCOPES else 16 if known >= NETWORK else 8
    rules = syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint(0))
    try:
        for path in readable:
            _allow(rules, path, READ_FILE | READ_DIR)
        for path in writable:
            _allow(rules, path, rights & ~EXECUTE)
        for port in ports if known >= NETWORK else ():
            syscall(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(NET_PORT), struct.pack("=QQ", 2, port), ctypes.c_uint(0))
        syscall(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint(0))
    finally:
        os.close(rules)


def missing(known: int) -> list[str]:
    """What this version of Landlock cannot hold back, in words."""
    if not known:
        return ["this kernel has no Landlock: flow code reads the files that this user reads, and calls any port"]
    ports = "this kernel's Landlock knows no ports (Linux 6.7 does): flow code calls any port"
    signals = "this kernel's Landlock knows no signals (Linux 6.12 does): only the filter of system calls keeps flow code from them"
    return [ports] * (known < NETWORK) + [signals] * (known < SCOPES)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= READ_FILE | WRITE_FILE | TRUNCATE
        rule = struct.pack("=Qi", rights, descriptor)
        syscall(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint(0))
    finally:
        os.close(descriptor)
