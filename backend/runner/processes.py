"""One worker process as its parent sees it: started clean, spoken to in lines of JSON, ended without asking."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backend.kernel.processes import end

_ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
Messages = asyncio.Queue[dict[str, Any] | None]
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one message of a worker; what says more is not well."""


def environment(home: Path, llm_base_url: str) -> dict[str, str]:
    """Everything flow code can find in its environment: no setting and no secret of ours is in it."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    host = urlsplit(llm_base_url).hostname or ""
    # lfx refuses to send a key to a private address unless the host is named.
    allowed = {"LANGFLOW_SSRF_ALLOWED_HOSTS": host, "LANGFLOW_PROVIDER_CREDENTIAL_ALLOWED_HOSTS": host} if host else {}
    return (
        passed | allowed | {"HOME": str(home), "TMPDIR": str(home), "MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1", "DO_NOT_TRACK": "1"}
    )


class WorkerProcess:
    """ready: it has said so. retired: it takes no new runs. idle: it has none. runs: a queue of messages for each; None when it died."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.ready = asyncio.Event()
        self.retired = False
        self.idle = asyncio.Event()
        self.idle.set()
        self.runs: dict[str, Messages] = {}
        self._said: deque[str] = deque(maxlen=20)
        self.ended = asyncio.ensure_future(self._attend())

    @classmethod
    async def start(cls, env: Mapping[str, str], memory: int) -> WorkerProcess:
        """memory: bytes of address space it may have. Its working folder is its home, so that no file of ours is near."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "backend.runner.worker", str(memory)),
            cwd=env["HOME"],
            env=dict(env) | {"PYTHONPATH": str(_ROOT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_LINE,
            start_new_session=True,
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self.ended.done()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def last_words(self) -> str:
        return " ".join(self._said)[-300:]

    def take_on(self, run: str) -> Messages:
        self.idle.clear()
        return self.runs.setdefault(run, Messages())

    def forget(self, run: str) -> None:
        self.runs.pop(run, None)
        if not self.runs:
            self.idle.set()

    def say(self, message: Mapping[str, Any]) -> None:
        """Never raises: a worker that cannot be spoken to is found dead by `ended`."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            with contextlib.suppress(OSError, RuntimeError):
                stdin.write(json.dumps(message).encode() + b"\n")

    def kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _attend(self) -> None:
        """Hand each message to its run until the process ends; then every run that is left hears of it."""
        listening = asyncio.ensure_future(self._keep_words())
        try:
            await self._hand_out()
        finally:
            await end(self._process)
            listening.cancel()
            for queue in self.runs.values():
                queue.put_nowait(None)
            self.idle.set()

    async def _hand_out(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                message = json.loads(line)
                if message.get("ready"):
                    self.ready.set()
                elif queue := self.runs.get(message.get("run", "")):
                    queue.put_nowait(message)
        except (ValueError, AttributeError) as fault:
            # Not a line of JSON, or one without end: it no longer speaks our language, so it is done for.
            self._said.append(f"unreadable message: {fault}")

    async def _keep_words(self) -> None:
        """What it prints is drained, so that it never waits for us, and the last of it kept for the log."""
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(65536):
            self._said.extend(chunk.decode(errors="replace").splitlines()[-20:])
