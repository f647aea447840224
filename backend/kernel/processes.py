"""Ends a child process for good."""

from __future__ import annotations

import asyncio
import contextlib

CHUNK = 65536
"""Bytes."""


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill it, if need be, and return when it is gone.

    What it still has to say is read: asyncio tells of the end of a process only once its output is at its end, and it never looks there
    while more than a reader's limit is waiting.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.stdout is not None:
        while await process.stdout.read(CHUNK):
            pass
    await process.wait()
