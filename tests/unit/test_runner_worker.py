"""The parts of the processes that run flows which can be looked at without one."""

from __future__ import annotations

import os
import socket
import struct

import psutil
import pytest

from backend.runner.worker import landlock, numbers, syscalls
from backend.runner.worker.__main__ import _fork
from backend.runner.worker.channel import Channel
from backend.runner.worker.walls import Walls


def test_a_nursery_that_can_start_no_process_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> int:
        raise BlockingIOError(11, os.strerror(11))

    ours, theirs = socket.socketpair()
    with ours:
        channel = Channel(theirs)
        given = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY)
        socket.send_fds(ours, [b'{"open": {}}\n'], given)
        assert channel.hear() == {"open": {}}
        monkeypatch.setattr(os, "fork", none_left)
        before = psutil.Process().num_fds()
        assert _fork(channel, Walls(1, ()), {}) == {"failed": f"No process can be started: {os.strerror(11)}."}
        assert psutil.Process().num_fds() == before - 2
        channel.close()
        for descriptor in given:
            os.close(descriptor)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (0, ["no Landlock"]),
        (1, ["no ports", "no signals"]),
        (3, ["no ports", "no signals"]),
        (4, ["no signals"]),
        (5, ["no signals"]),
        (6, []),
        (7, []),
    ],
)
def test_what_a_kernels_landlock_cannot_hold_back_is_told(known: int, words: list[str]) -> None:
    told = landlock.missing(known)
    assert len(told) == len(words)
    assert all(part in line for part, line in zip(words, told, strict=True))


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("machine", sorted(numbers.ARCHITECTURES))
def test_every_step_of_the_filter_leads_to_one_that_is_there_and_the_last_ends_it(machine: str, alone: bool) -> None:
    made = [struct.unpack("=HBBI", step) for step in syscalls.program(*numbers.ARCHITECTURES[machine], alone=alone)]
    for place, (code, if_true, if_false, _) in enumerate(made):
        jumps = (if_true, if_false) if code in {syscalls.EQUAL, syscalls.AT_LEAST, syscalls.ANY_BIT} else (0,)
        assert code == syscalls.RETURN or all(place + 1 + jump < len(made) for jump in jumps)
    assert made[-1] == (syscalls.RETURN, 0, 0, syscalls.ALLOW)
    assert len(made) < 4096


def answer(machine: str, number: int, *arguments: int) -> int:
    """What the filter, played here step by step, makes of a call."""
    place, architecture = numbers.ARCHITECTURES[machine]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *(0,) * (6 - len(arguments)))
    steps = [struct.unpack("=HBBI", step) for step in syscalls.program(place, architecture, alone=True)]
    at = held = 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == syscalls.RETURN:
            return int(value)
        if code == syscalls.LOAD:
            held = struct.unpack_from("=I", data, value)[0]
        elif code == syscalls.AND:
            held &= value
        else:
            holds = {syscalls.EQUAL: held == value, syscalls.AT_LEAST: held >= value, syscalls.ANY_BIT: bool(held & value)}[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", sorted(numbers.ARCHITECTURES))
def test_the_filter_allows_what_flows_need_and_nothing_beside_it_on_both_architectures(machine: str) -> None:
    calls = numbers.of(numbers.LOOKED_AT, numbers.ARCHITECTURES[machine][0])
    nonblocking = 0x80800
    for arguments in [(2, 1, 0), (2, 1 | nonblocking, 6), (10, 2, 17), (10, 2 | nonblocking, 0), (16, 3 | nonblocking, 0)]:
        assert answer(machine, calls["socket"], *arguments) == syscalls.ALLOW
    for arguments in [(2, 1, 262), (10, 1, 262), (2, 1, 132), (2, 5, 0), (10, 3, 17), (1, 1, 0), (40, 1, 0)]:
        assert answer(machine, calls["socket"], *arguments) & 0xFFFF0000 == syscalls.REFUSE
    for name, place in [("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)]:
        for flags, expected in [(0x4000, syscalls.ALLOW), (0x20004000, syscalls.NO)]:
            assert answer(machine, calls[name], *(0,) * place, flags) == expected
    for name, arguments, expected in [
        ("prctl", (1, 9), syscalls.ALLOW),
        ("prctl", (1, 0), syscalls.NO),
        ("prctl", (22, 2), syscalls.ALLOW),
        ("fcntl", (5, 4), syscalls.ALLOW),
        *[("fcntl", (5, command), syscalls.NO) for command in (8, 10, 15)],
        ("ioctl", (5, 0x8901), syscalls.NO),
        ("ioctl", (5, 0x541B), syscalls.ALLOW),
        ("prlimit", (0, 7), syscalls.ALLOW),
        ("prlimit", (1, 7), syscalls.NO),
        ("clone", (0x10000,), syscalls.ALLOW),
        ("clone", (0x11,), syscalls.NO),
    ]:
        assert answer(machine, calls[name], *arguments) == expected, (name, arguments)
    for name, number in numbers.of(numbers.NEVER, numbers.ARCHITECTURES[machine][0]).items():
        assert answer(machine, number) == syscalls.NO, name
