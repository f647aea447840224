"""One flow, loaded once behind walls and never run; a copy of this process runs it, each time anew.

In: `{"fork": true}`, and `{"reap": pid}` once a run's process has been killed. Out: `{"ready", "open"}` (open: walls that
this system does not have) or `{"failed"}`; then `{"run": pid}` with the socket of a process that waits for a job, or
`{"failed"}` when there is none to be had, and `{"learned": true}` when those made from now on are quicker.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from pathlib import Path

from backend.runner.worker import graph, memory
from backend.runner.worker.channel import Channel
from backend.runner.worker.lessons import Lessons, import_what_is_named, learn
from backend.runner.worker.run import Run
from backend.runner.worker.walls import Walls, die_with_parent

TEACH = 20
"""Runs that are asked what they did for the first time, after each lesson, and then one in as many: being asked costs a run a thousand
page faults."""


class Template:
    def __init__(self, channel: Channel, walls: Walls) -> None:
        self._channel, self._walls = channel, walls

    def live(self, flow: int, content_hash: str, home: Path) -> None:
        """Never returns. flow: descriptor of the flow's file. home: the one folder that its runs may write below."""
        os.setsid()
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with open(flow, "rb") as file:
            source = file.read()
        _say_and_hear_nothing()
        try:
            missing = self._walls.enter(home)
            prepared = asyncio.run(graph.load(source, content_hash))
            import_what_is_named(source)
        except graph.FlowFailed as failure:
            self._channel.say({"failed": str(failure)})
        except BaseException as error:  # noqa: BLE001
            # The module of a component is the flow's own code: whatever it raises, SystemExit too, is the flow's failure.
            self._channel.say({"failed": f"The flow cannot be loaded: {type(error).__name__}: {error}"[:300]})
        else:
            self._settle()
            self._channel.say({"ready": True, "open": missing})
            self._serve(prepared, home)
        os._exit(0)

    def _serve(self, prepared: object, home: Path) -> None:
        while (message := self._channel.hear()) is not None:
            if "reap" in message:
                os.waitpid(message["reap"], 0)
                self._clear(home / str(message["reap"]))
            else:
                self._fork(prepared, home)

    def _clear(self, folder: Path) -> None:
        """A run's folder goes; what the run had to do for the first time is done for those that follow."""
        if learn(folder):
            self._settle()
            self._channel.say({"learned": True})
        shutil.rmtree(folder, ignore_errors=True)

    def _settle(self) -> None:
        self._lessons, self._since = Lessons(), 0
        memory.settle()

    def _fork(self, prepared: object, home: Path) -> None:
        parent = os.getpid()
        try:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                self._since += 1
                teaches = self._since <= TEACH or self._since % TEACH == 0
                if (pid := os.fork()) == 0:
                    self._channel.close()
                    theirs.close()
                    Run(ours, prepared, self._walls, self._lessons if teaches else None).live(parent, home)
                self._channel.say({"run": pid}, theirs.fileno())
        except OSError as fault:
            self._channel.say({"failed": f"No process can be started: {fault.strerror}."})


def _say_and_hear_nothing() -> None:
    """What flow code prints is nobody's: it may be a customer's data. It reads nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
