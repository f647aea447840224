"""A flow that is loaded and waits, and the processes that come of it: one for each run, one more kept ready for the next."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.runner.folder import remove
from backend.runner.messages import UNREADABLE, Inbox, send
from backend.runner.nursery import Nursery
from backend.runner.ports import FlowRef

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one message of a run; what says more is not well."""

MOST_PROCESSES = 2**22
"""The highest number that Linux gives a process."""
_SHORTAGE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Unusable(Exception):
    """The flow cannot be loaded; the text is for an operator."""


class Gone(Exception):
    """The template ended; the text, if there is one, is for an operator."""


class Unstarted(Exception):
    """There is no process to be had now; the text is for an operator."""


class RunProcess:
    """A process that waits for one job, does it, and is done with."""

    def __init__(self, template: Template, pid: int, sock: socket.socket) -> None:
        self._template, self.pid, self._sock = template, pid, sock
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> bool:
        """False when it died while it waited, before it was told anything."""
        self._sock.setblocking(False)
        try:
            # Asked of the kernel itself: the loop learns of an end some turns later.
            if not self._sock.recv(1, socket.MSG_PEEK):
                return False
        except BlockingIOError:
            pass
        except OSError:
            return False
        self._reader, self._writer = await asyncio.open_unix_connection(sock=self._sock, limit=MAX_LINE)
        return True

    def say(self, message: Mapping[str, Any]) -> None:
        assert self._writer is not None
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def hear(self) -> dict[str, Any] | None:
        """None when it is dead. Raises ValueError for what is no message: flow code can write there too."""
        assert self._reader is not None
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        message = json.loads(line) if line else None
        if message is not None and not isinstance(message, dict):
            raise ValueError("not a message")
        return message

    def end(self) -> None:
        """At once and for good; the template gives its number and its folder back."""
        if self._writer is None:
            self._sock.close()
        else:
            self._writer.transport.abort()
        self._template.release(self)


class Template:
    """used: how many runs it has under way or waiting. Safe to ask after its end, which raises Gone."""

    def __init__(self, nursery: Nursery, flow: FlowRef, home: Path) -> None:
        """Raises Unusable when the flow's file cannot be read, Unstarted when the system has nothing left to make it of."""
        self._nursery, self._home, self.pid, self.used = nursery, home, 0, 0
        self.missing: list[str] = []
        self._alive = True
        self._asked = 0
        self._spares: deque[RunProcess] = deque()
        self._waiting: deque[asyncio.Future[RunProcess]] = deque()
        self._loop = asyncio.get_running_loop()
        self._loaded: asyncio.Future[None] = self._loop.create_future()
        # Nobody may be waiting when it fails.
        self._loaded.add_done_callback(lambda loaded: loaded.cancelled() or loaded.exception())
        try:
            file = os.open(flow.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as fault:
            if fault.errno in _SHORTAGE:
                raise Unstarted(f"No process can be started: {fault.strerror}.") from fault
            raise Unusable(f"The flow's file cannot be read: {fault.strerror}.") from fault
        try:
            home.mkdir(mode=0o700, parents=True)
            self._sock, theirs = socket.socketpair()
        except OSError as fault:
            remove(home)
            os.close(file)
            raise Unstarted(f"No process can be started: {fault.strerror}.") from fault
        self._sock.setblocking(False)
        self._inbox = Inbox(self._sock)
        with theirs:
            nursery.adopt(theirs, file, flow.content_hash, home, self._named)
        os.close(file)
        self._loop.add_reader(self._sock, self._hear)

    @property
    def alive(self) -> bool:
        return self._alive

    async def loaded(self) -> None:
        """Raises Unusable, Unstarted, Gone."""
        await asyncio.shield(self._loaded)

    def give_up(self) -> None:
        """End it when it is not loaded yet: the module of one of its components may never return."""
        if not self._loaded.done():
            self._loaded.set_exception(Unusable("The flow takes too long to load."))
            self.close()

    async def take(self) -> RunProcess:
        """A process that has not run anything. Raises Unusable, Unstarted, Gone."""
        await self.loaded()
        if not self._alive:
            raise Gone
        if self._spares:
            return self._spares.popleft()
        waiter: asyncio.Future[RunProcess] = self._loop.create_future()
        self._waiting.append(waiter)
        self._fork()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._spares.append(waiter.result())
            raise

    def release(self, run: RunProcess) -> None:
        """Kill it, and have another ready for the next run when nobody waits for the processor now."""
        if not self._alive:
            return
        with contextlib.suppress(ProcessLookupError):
            # Whatever number we were told, it is a process of this flow that ends, for none can leave its group.
            if os.getpgid(run.pid) == self.pid:
                os.kill(run.pid, signal.SIGKILL)
        self._say({"reap": run.pid})
        if not self._spares and not self._waiting and self.used <= 1:
            self._fork()

    def close(self) -> None:
        """With every run it has. Safe to repeat."""
        if not self._alive:
            return
        self._alive = False
        self._loop.remove_reader(self._sock)
        self._inbox.close()
        self._sock.close()
        self._kill()
        if not self._loaded.done():
            self._loaded.set_exception(Gone())
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(Gone())
        for spare in self._spares:
            spare.end()
        remove(self._home)

    def _named(self, pid: int, why: str) -> None:
        self.pid = pid
        if not pid and not self._loaded.done():
            self._loaded.set_exception(Unstarted(why))
        if not pid:
            self.close()
        elif not self._alive:
            self._kill()

    def _kill(self) -> None:
        if self.pid and self._nursery.ready.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
                os.killpg(self.pid, signal.SIGKILL)
            self._nursery.reap(self.pid)

    def _fork(self) -> None:
        self._asked += 1
        self._say({"fork": True})

    def _say(self, message: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError):
            send(self._sock, message)

    def _hear(self) -> None:
        """The module of a flow runs in its template, and may say what it likes here: what is no message of ours is the template's end."""
        try:
            for message in self._inbox.take():
                self._take_in(message)
        except (*UNREADABLE, OSError, asyncio.InvalidStateError):
            self._inbox.closed = True
        if self._inbox.closed:
            self.close()

    def _take_in(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.missing = [str(words) for words in message["open"]]
            self._loaded.set_result(None)
            self._fork()
        elif "learned" in message:
            spares, self._spares = self._spares, deque()
            for spare in spares:
                spare.end()
        elif "failed" in message and not self._loaded.done():
            self._loaded.set_exception(Unusable(str(message["failed"])))
        elif not self._asked:
            raise ValueError("a process that nobody asked for")
        elif "failed" in message:
            self._asked -= 1
            self._came_not(Unstarted(str(message["failed"])))
        else:
            self._asked -= 1
            self._came(self._run(int(message["run"])))

    def _run(self, pid: int) -> RunProcess:
        """Raises ValueError, IndexError and OSError when it cannot be one."""
        if not 1 <= pid <= MOST_PROCESSES:
            raise ValueError("not the number of a process")
        descriptor = self._inbox.take_descriptor()
        try:
            sock = socket.socket(fileno=descriptor)
        except OSError:
            os.close(descriptor)
            raise
        if (sock.family, sock.type) != (socket.AF_UNIX, socket.SOCK_STREAM):
            sock.close()
            raise ValueError("not the socket of a process")
        return RunProcess(self, pid, sock)

    def _came(self, run: RunProcess) -> None:
        while self._waiting:
            if not (waiter := self._waiting.popleft()).done():
                waiter.set_result(run)
                return
        self._spares.append(run)

    def _came_not(self, why: Unstarted) -> None:
        """Only who has no other to wait for is told."""
        waiting = [waiter for waiter in self._waiting if not waiter.done()]
        self._waiting = deque(waiting)
        if len(waiting) > self._asked:
            self._waiting.popleft().set_exception(why)
