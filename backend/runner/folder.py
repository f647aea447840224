"""The folder that one server's flows write below. A server that was killed leaves its own behind, and the next one clears it away."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import threading
from pathlib import Path


class Folder:
    """path: of this server alone, below a folder that it may share with others."""

    def __init__(self, shared: Path) -> None:
        self.path = shared / secrets.token_hex(8)
        self._shared = shared
        self._held: int | None = None

    def hold(self) -> None:
        """Make it, and clear away those whose server is gone. Safe to repeat. Raises OSError."""
        if self._held is not None:
            return
        self._shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        shared = os.open(self._shared, os.O_RDONLY)
        try:
            # One server at a time, so that none finds a folder that was made and is not locked yet.
            _lock(shared, fcntl.LOCK_EX)
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._held = os.open(self.path, os.O_RDONLY)
            _lock(self._held, fcntl.LOCK_EX)
            for left in self._shared.iterdir():
                if left != self.path and _nobodys(left):
                    remove(left)
        finally:
            os.close(shared)

    def release(self) -> None:
        """Let it go with all it holds. Safe to repeat."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
        if self.path.exists():
            remove(self.path)


def remove(folder: Path) -> None:
    """Without waiting for it, and not on the loop's own threads, which may be gone before the last runner is."""
    with contextlib.suppress(OSError):
        # An empty one is gone at once, even where no descriptor and no thread is to be had.
        folder.rmdir()
        return
    with contextlib.suppress(RuntimeError):
        threading.Thread(target=shutil.rmtree, args=(folder,), kwargs={"ignore_errors": True}, name="remove").start()


def _nobodys(folder: Path) -> bool:
    """Whether it is a folder that no process holds. The kernel lets go of what a killed one held."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            return _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
    return False


def _lock(descriptor: int, how: int) -> bool:
    """Where the disk knows no locks nothing is ever cleared away, and nothing of a living server either."""
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, how)
        return True
    return False
