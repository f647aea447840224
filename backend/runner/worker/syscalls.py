"""A filter of system calls: flow code starts no program, signals nobody, looks into no other process, and opens internet sockets alone.

A program for the kernel's packet filter, put together by hand: the libraries that would do it need a C library that few systems have.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from dataclasses import dataclass

from backend.runner.worker.kernel import PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prctl

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, FIRST = 0, 4, 16
"""Where the kernel puts a call's number, its architecture, and the lower half of its first argument."""
CLONE_THREAD = 0x00010000
FAMILIES = (2, 10, 16)
"""Of sockets: IPv4, IPv6, and netlink, by which the C library asks for this machine's own addresses."""
X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of one architecture. never: what no flow needs. start: ways to start a process or a program."""

    architecture: int
    socket: int
    prlimit: int
    clone: int
    clone3: int
    never: tuple[int, ...]
    programs: tuple[int, ...]
    forks: tuple[int, ...]


# In turn: ptrace, process_vm_readv, process_vm_writev, pidfd_getfd, kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo,
# pidfd_send_signal, setsid, setpgid, bpf, perf_event_open, add_key, request_key, keyctl, mount, umount2, pivot_root, chroot, unshare,
# setns, userfaultfd, io_uring_setup, init_module, finit_module, kexec_load, open_by_handle_at, sched_setscheduler, sched_setattr.
_X86 = (101, 310, 311, 438, 62, 200, 234, 129, 297, 424, 112, 109, 321, 298, 248, 249, 250, 165, 166, 155, 161, 272, 308, 323, 425)
_ARM = (117, 270, 271, 438, 129, 130, 131, 138, 240, 424, 157, 154, 280, 241, 217, 218, 219, 40, 39, 41, 51, 97, 268, 282, 425)
SYSTEMS = {
    "x86_64": Numbers(0xC000003E, 41, 302, 56, 435, (*_X86, 175, 313, 246, 304, 144, 314), (59, 322), (57, 58)),
    "aarch64": Numbers(0xC00000B7, 198, 261, 220, 435, (*_ARM, 105, 273, 104, 265, 119, 274), (221, 281), ()),
}


def filter_calls(*, alone: bool) -> list[str]:
    """Returns what is not held back here, in words. alone: no process is started either, threads excepted."""
    numbers = SYSTEMS.get(platform.machine())
    if numbers is None:
        return [f"there is no filter of system calls for {platform.machine()}: flow code starts programs and signals this user's processes"]
    program = _program(numbers, alone=alone)
    code = ctypes.create_string_buffer(b"".join(program))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(program), ctypes.cast(code, ctypes.c_void_p))))
    return []


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _program(numbers: Numbers, *, alone: bool) -> list[bytes]:
    no = REFUSE | errno.EPERM
    made = [
        *(_step(LOAD, ARCHITECTURE), _step(EQUAL, numbers.architecture, 1, 0), _step(RETURN, KILL)),
        *(_step(LOAD, NUMBER), _step(AT_LEAST, X32, 0, 1), _step(RETURN, no)),
    ]
    for number in (*numbers.never, *numbers.programs, *(numbers.forks if alone else ())):
        made += _step(EQUAL, number, 0, 1), _step(RETURN, no)
    # Another process's limits are not for flow code; 0 stands for its own.
    made += [_step(EQUAL, numbers.prlimit, 0, 4), _step(LOAD, FIRST), _step(EQUAL, 0, 1, 0), _step(RETURN, no), _step(RETURN, ALLOW)]
    if alone:
        # The C library asks for threads by clone3 first, whose flags no filter can see, and by clone when there is none.
        made += _step(EQUAL, numbers.clone3, 0, 1), _step(RETURN, REFUSE | errno.ENOSYS)
        made += [_step(EQUAL, numbers.clone, 0, 4), _step(LOAD, FIRST), _step(ANY_BIT, CLONE_THREAD, 1, 0), _step(RETURN, no)]
        made += [_step(RETURN, ALLOW)]
    made += [_step(EQUAL, numbers.socket, 0, 2 + len(FAMILIES)), _step(LOAD, FIRST)]
    made += [_step(EQUAL, family, len(FAMILIES) - place, 0) for place, family in enumerate(FAMILIES)]
    made += [_step(RETURN, REFUSE | errno.EAFNOSUPPORT)]
    return [*made, _step(RETURN, ALLOW)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
