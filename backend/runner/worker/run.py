"""One run, in a process that has never run anything and never will again.

In: one line, the job: `{"text", "session", "variables", "tweaks", "seconds"}`. Out: `{"token"}`…, and last `{"done", "usage"}` or
`{"failed"}`. Whoever closes the other end ends the run.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import resource
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from backend.runner.worker import graph
from backend.runner.worker.lessons import Lessons
from backend.runner.worker.walls import Walls, die_with_parent, lower


class Run:
    def __init__(self, sock: socket.socket, prepared: Any, walls: Walls, lessons: Lessons | None) -> None:
        self._sock, self._prepared, self._walls, self._lessons = sock, prepared, walls, lessons

    def live(self, parent: int, homes: Path) -> None:
        """Never returns. parent: the template's process id."""
        try:
            die_with_parent()
            self._home = home = homes / str(os.getpid())
            home.mkdir(mode=0o700)
            os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = str(home)
            os.chdir(home)
            self._walls.enter(home, alone=True)
            with self._sock.makefile("rb") as lines:
                line = lines.readline()
            if os.getppid() == parent and line:
                self._run(json.loads(line))
        finally:
            os._exit(0)

    def _run(self, job: dict[str, Any]) -> None:
        # As much of the processor as one core gives in the run's time, however many threads there are.
        seconds = math.ceil(job["seconds"])
        lower(resource.RLIMIT_CPU, seconds, seconds + 1)
        threading.Thread(target=self._watch, daemon=True).start()
        asyncio.run(self._answer(job))

    def _watch(self) -> None:
        """Nothing more is said to a run: what wakes this is the end of whoever asked."""
        self._sock.recv(1)
        os._exit(0)

    async def _answer(self, job: dict[str, Any]) -> None:
        try:
            async for kind, value in graph.stream(self._prepared, job):
                if kind == "done" and self._lessons is not None:
                    self._lessons.write(self._home)
                self._say({"token": value} if kind == "token" else value)
        except graph.FlowFailed as failure:
            self._say({"failed": str(failure)})
        except Exception as error:  # noqa: BLE001
            # Whatever flow code raises is the run's failure.
            self._say({"failed": f"{type(error).__name__}: {error}"[:500]})
        # At once: nothing of a flow is worth waiting for, neither its threads nor its clean-up.
        os._exit(0)

    def _say(self, message: dict[str, Any]) -> None:
        self._sock.sendall(json.dumps(message).encode() + b"\n")
