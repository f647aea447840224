"""What the walls do where the system does not let them stand: they say so, and flows run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENTER = """
import ctypes, json, os, platform, resource, sys
from pathlib import Path
from backend.runner.worker import walls

def refuse(call, argument=None):
    # A filter such as a container's: one system call, by its first argument, is not permitted.
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))
    import struct
    step = lambda *what: struct.pack("=HBBI", *what)
    by = [step(0x20, 0, 0, 16), step(0x15, 0, 1, argument)] if argument is not None else []
    number = call[platform.machine()]
    steps = [step(0x20, 0, 0, 0), step(0x15, 0, len(by) + 1, number), *by, step(6, 0, 0, 0x50001), step(6, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(steps))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(Program(len(steps), ctypes.cast(code, ctypes.c_void_p)))) == 0

def no_capabilities():
    assert ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()) == 0

{before}
missing = walls.Walls(2 ** 31, (80,)).enter(Path(sys.argv[1]))
{after}
print(json.dumps([missing, result]))
"""
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


def entered(home: Path, before: str = "", after: str = "result = None") -> tuple[list[str], object]:
    """What was missing, and what `after` made of it, in a process of its own."""
    program = ENTER.format(before=before, after=after)
    done = subprocess.run([sys.executable, "-c", program, str(home)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    missing, result = json.loads(done.stdout)
    return missing, result


@LINUX
def test_a_system_that_refuses_a_filter_is_told_and_no_end(tmp_path: Path) -> None:
    missing, _ = entered(tmp_path, "refuse(dict(x86_64=157, aarch64=167), 22)")
    refused = "this system refuses a filter of system calls (Operation not permitted)"
    assert f"{refused}: flow code starts programs and signals this user's processes" in missing


@LINUX
def test_a_system_that_refuses_landlock_is_told_and_no_end(tmp_path: Path) -> None:
    missing, _ = entered(tmp_path, "refuse(dict(x86_64=446, aarch64=446))")
    assert [words for words in missing if "refuses Landlock" in words]


@LINUX
def test_capabilities_that_cannot_be_given_up_are_told(tmp_path: Path) -> None:
    missing, _ = entered(tmp_path, "refuse(dict(x86_64=126, aarch64=91))")
    assert "this system does not let a process give up its capabilities: flow code keeps those of this user" in missing


@LINUX
def test_a_limit_that_is_lower_already_stays(tmp_path: Path) -> None:
    before = (
        "no_capabilities(); resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200)); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    )
    after = "result = [resource.getrlimit(limit) for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)]"
    assert entered(tmp_path, before, after)[1] == [[200, 200], [4096, 4096], [0, 0]]


@LINUX
def test_a_run_whose_processor_time_is_less_already_keeps_that(tmp_path: Path) -> None:
    before = "no_capabilities(); resource.setrlimit(resource.RLIMIT_CPU, (30, 30))"
    after = "walls.lower(resource.RLIMIT_CPU, 60, 61); result = resource.getrlimit(resource.RLIMIT_CPU)"
    assert entered(tmp_path, before, after)[1] == [30, 30]
