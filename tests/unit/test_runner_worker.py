"""The parts of the processes that run flows which can be looked at without one."""

from __future__ import annotations

import os
import socket

import psutil
import pytest

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
