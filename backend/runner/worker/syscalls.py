"""A filter of system calls: flow code starts no program, signals nobody, looks into no other process, changes no file's rights, owner or
times, and opens internet sockets alone.

A program for the kernel's packet filter, put together by hand: the libraries that would do it need a C library that few systems have.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from backend.runner.worker import numbers
from backend.runner.worker.kernel import LACKING, PR_SET_PDEATHSIG, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prctl

LOAD, AND, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NO = REFUSE | errno.EPERM
NUMBER, ARCHITECTURE, FIRST = 0, 4, 16
"""Where the kernel puts a call's number, its architecture, and the lower half of its first argument; each takes eight bytes."""
CLONE_THREAD = 0x00010000
IPV4, IPV6, NETLINK = 2, 10, 16
"""Families of sockets. By netlink the C library asks for this machine's own addresses."""
STREAM, DATAGRAM, KIND = 1, 2, 0xF
PROTOCOLS = (0, 6, 17)
"""TCP and UDP. Landlock knows the ports of TCP alone, and MPTCP, SCTP and others reach the same servers."""
FAST_OPEN = 0x20000000
"""A flag of sending, by which a connection is made without a call to connect."""
OWNERS = (8, 10, 15)
"""F_SETOWN, F_SETSIG and F_SETOWN_EX: to have a signal sent when a descriptor is ready."""
IOCTL_OWNERS = (0x8901, 0x8902)
"""FIOSETOWN and SIOCSPGRP, the same by another way."""
X32 = 0x40000000


def filter_calls(*, alone: bool) -> list[str]:
    """Returns what is not held back here, in words. alone: no process is started either, threads excepted."""
    if platform.machine() not in numbers.ARCHITECTURES:
        return [f"there is no filter of system calls for {platform.machine()}: flow code starts programs and signals this user's processes"]
    made = program(*numbers.ARCHITECTURES[platform.machine()], alone=alone)
    try:
        enforce(made)
    except OSError as fault:
        if fault.errno not in LACKING:
            raise
        return [
            f"this system refuses a filter of system calls ({fault.strerror}): flow code starts programs and signals this user's processes"
        ]
    return []


def enforce(steps: list[bytes]) -> None:
    """On this process and all it will start, beside those it has. Raises OSError."""
    code = ctypes.create_string_buffer(b"".join(steps))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(steps), ctypes.cast(code, ctypes.c_void_p))))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def program(place: int, architecture: int, *, alone: bool) -> list[bytes]:
    """Its steps. place: where the architecture's numbers stand in each row of `numbers`."""
    made = [
        *(_step(LOAD, ARCHITECTURE), _step(EQUAL, architecture, 1, 0), _step(RETURN, KILL)),
        *(_step(LOAD, NUMBER), _step(AT_LEAST, X32, 0, 1), _step(RETURN, NO)),
    ]
    for calls in (numbers.NEVER, numbers.PROGRAMS, *([numbers.FORKS] if alone else [])):
        for number in numbers.of(calls, place).values():
            made += _when(number, _step(RETURN, NO))
    rules = {
        "socket": _socket(),
        # One that has no other end may send to any local program.
        "socketpair": [_argument(1), _step(AND, KIND), *_only(STREAM)],
        "sendto": [_argument(3), *_no_bit(FAST_OPEN)],
        "sendmsg": [_argument(2), *_no_bit(FAST_OPEN)],
        "sendmmsg": [_argument(3), *_no_bit(FAST_OPEN)],
        # Another process's limits are not for flow code; 0 stands for its own.
        "prlimit": [_argument(0), *_only(0)],
        # Nobody lives on when the template or the server is gone.
        "prctl": [_argument(0), _step(EQUAL, PR_SET_PDEATHSIG, 0, 3), _argument(1), *_only(9)],
        "fcntl": [_argument(1), *_none(*OWNERS)],
        "ioctl": [_argument(1), *_none(*IOCTL_OWNERS)],
    }
    if alone:
        # The C library asks for threads by clone3 first, whose flags no filter can see, and by clone when there is none.
        rules["clone3"] = [_step(RETURN, REFUSE | errno.ENOSYS)]
        rules["clone"] = [_argument(0), _step(ANY_BIT, CLONE_THREAD, 1, 0), _step(RETURN, NO), _step(RETURN, ALLOW)]
    for name, number in numbers.of(numbers.LOOKED_AT, place).items():
        made += _when(number, *rules[name]) if name in rules else []
    return [*made, _step(RETURN, ALLOW)]


def _socket() -> list[bytes]:
    protocol = [_argument(2), *_only(*PROTOCOLS)]
    kind = [_argument(1), _step(AND, KIND), _step(EQUAL, STREAM, 2, 0), _step(EQUAL, DATAGRAM, 1, 0), _step(RETURN, NO)]
    family = [_step(EQUAL, NETLINK, len(kind) + len(protocol) + 2, 0), _step(EQUAL, IPV4, 2, 0), _step(EQUAL, IPV6, 1, 0)]
    return [_argument(0), *family, _step(RETURN, REFUSE | errno.EAFNOSUPPORT), *kind, *protocol]


def _when(number: int, *steps: bytes) -> list[bytes]:
    """steps: for this call alone. Whichever way they go, they must end it."""
    return [_step(EQUAL, number, 0, len(steps)), *steps]


def _argument(place: int) -> bytes:
    return _step(LOAD, FIRST + 8 * place)


def _only(*values: int) -> list[bytes]:
    """Refuse all but these. The last step allows."""
    return [*(_step(EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)), _step(RETURN, NO), _step(RETURN, ALLOW)]


def _none(*values: int) -> list[bytes]:
    """Allow all but these."""
    return [*(_step(EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)), _step(RETURN, ALLOW), _step(RETURN, NO)]


def _no_bit(bits: int) -> list[bytes]:
    return [_step(ANY_BIT, bits, 1, 0), _step(RETURN, ALLOW), _step(RETURN, NO)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
