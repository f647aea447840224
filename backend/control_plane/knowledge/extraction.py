"""Starts the process that reads a document, and ends it when it takes too long."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from backend.control_plane.knowledge.policy import Block
from backend.kernel.errors import Invalid
from backend.kernel.processes import end

TIMEOUT = 180.0
"""Seconds."""
_ROOT = Path(__file__).resolve().parents[3]
_PASSED_ON = ("PATH", "LANG", "LC_ALL")


async def extract(kind: str, path: Path, *, seconds: float = TIMEOUT) -> list[Block]:
    """The passages of the document at `path`, which is absolute. Raises Invalid, in words for the customer, when it cannot be read."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "backend.control_plane.knowledge.extract",
        kind,
        str(path),
        cwd=_ROOT,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"MALLOC_ARENA_MAX": "2"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate()
    except TimeoutError:
        raise Invalid("Reading it took longer than a document should need.") from None
    finally:
        if process.returncode is None:
            await end(process)
    return _passages(process.returncode, out)


def _passages(returncode: int | None, out: bytes) -> list[Block]:
    answer: dict[str, Any]
    try:
        answer = json.loads(out) if returncode == 0 else {"error": "It could not be read: it is broken, or needs more memory than allowed."}
    except ValueError:
        answer = {"error": "It could not be read."}
    if "error" in answer:
        raise Invalid(answer["error"])
    found: list[list[str]] = answer["passages"]
    return [Block(_clean(place), _clean(text)) for place, text in found]


def _clean(text: str) -> str:
    """Broken PDFs give null characters and halves of surrogate pairs, which no database keeps."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode()
