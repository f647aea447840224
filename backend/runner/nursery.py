"""Keeps the process alive that lfx is imported in, and that a template is forked from for each flow."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from backend.kernel.processes import end
from backend.runner.folder import Folder, remove
from backend.runner.messages import Inbox, send

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
"""Seconds between two starts of a nursery that keeps dying."""


def environment(llm_base_url: str) -> dict[str, str]:
    """Beside its home, everything flow code can find in its environment: no setting and no secret of ours is in it."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    host = urlsplit(llm_base_url).hostname or ""
    # lfx refuses to send a key to a private address unless the host is named.
    allowed = {"LANGFLOW_SSRF_ALLOWED_HOSTS": host, "LANGFLOW_PROVIDER_CREDENTIAL_ALLOWED_HOSTS": host} if host else {}
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX", "DO_NOT_TRACK"), "1")
    return passed | allowed | one | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(_ROOT)}


class Nursery:
    """ready: it can take a flow. trouble: empty then, else why not."""

    def __init__(self, folder: Folder, llm_base_url: str, memory: int, ports: Sequence[int], lost: Callable[[], None]) -> None:
        """memory: bytes of address space of each process. lost: told whenever every template is gone."""
        self._folder, self._environment, self._lost = folder, environment(llm_base_url), lost
        self._arguments = str(memory), ",".join(map(str, ports))
        self._control: socket.socket | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._unnamed: deque[Callable[[int, str], None]] = deque()
        self._said: deque[str] = deque(maxlen=20)
        self.ready = asyncio.Event()
        self.trouble = "starting"
        self.pid = 0

    async def open(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Never raises."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._folder.release()
        self._keeper, self.trouble = None, "stopped"

    def adopt(self, sock: socket.socket, flow: int, content_hash: str, home: Path, named: Callable[[int, str], None]) -> None:
        """Make a template that speaks on `sock`, of the flow whose file the descriptor is. named: told its process id, or 0 and why."""
        if self._say({"open": {"hash": content_hash, "home": str(home)}}, sock.fileno(), flow):
            self._unnamed.append(named)

    def reap(self, pid: int) -> None:
        """Let go of a template that was killed; only then may its number be another's."""
        self._say({"reap": pid})

    def _say(self, message: dict[str, object], *descriptors: int) -> bool:
        if self._control is not None:
            with contextlib.suppress(OSError):
                send(self._control, message, descriptors)
                return True
        return False

    def _hear(self, inbox: Inbox) -> None:
        for message in inbox.take():
            self._unnamed.popleft()(message.get("template", 0), message.get("failed", ""))
        if inbox.closed and self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control)

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                if await self._live():
                    pause = FIRST_PAUSE
                self.trouble = f"the worker ended by itself: {' '.join(self._said)[-300:] or 'without a word'}"
            except (OSError, RuntimeError, MemoryError) as fault:
                # No descriptor, no memory, no thread, no room on the disk: it may be there again in a while.
                self.trouble = f"the worker cannot be started: {fault}"[:300]
            _log.warning("Flows: %s", self.trouble)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _live(self) -> bool:
        """One life, from its start to its end. Returns whether it was ever ready."""
        process, control, home = await self._start()
        words = asyncio.create_task(self._listen(process))
        try:
            # It says that it is ready before all else, and not even that when it dies.
            if not await asyncio.get_running_loop().sock_recv(control, 1000):
                return False
            self._control, self.pid, self.trouble = control, process.pid, ""
            self.ready.set()
            inbox = Inbox(control)
            asyncio.get_running_loop().add_reader(control, self._hear, inbox)
            await process.wait()
            return True
        finally:
            asyncio.get_running_loop().remove_reader(control)
            self.ready.clear()
            self._unnamed.clear()
            self._control = None
            control.close()
            self._lost()
            await end(process)
            words.cancel()
            remove(home)

    async def _start(self) -> tuple[asyncio.subprocess.Process, socket.socket, Path]:
        # lfx keeps things of its own in its home, which no flow is to find there.
        self._folder.hold()
        home = self._folder.path / f"nursery-{secrets.token_hex(8)}"
        with contextlib.ExitStack() as undo:
            undo.callback(remove, home)
            home.mkdir(mode=0o700)
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            ours.setblocking(False)
            with theirs:
                process = await self._launch(home, theirs.fileno())
            undo.pop_all()
        return process, ours, home

    async def _launch(self, home: Path, descriptor: int) -> asyncio.subprocess.Process:
        launching = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "backend.runner.worker", str(descriptor), *self._arguments),
                cwd=home,
                env=self._environment | {"HOME": str(home), "TMPDIR": str(home)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        )
        try:
            return await asyncio.shield(launching)
        except asyncio.CancelledError:
            # Half begun it would keep its descriptors until the collector comes by.
            with contextlib.suppress(OSError):
                await end(await launching)
            raise

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """What it prints is drained, so that it never waits for us, and the last of it kept for the log. Flows print elsewhere."""
        assert process.stderr is not None
        while chunk := await process.stderr.read(65536):
            self._said.extend(chunk.decode(errors="replace").splitlines()[-20:])
