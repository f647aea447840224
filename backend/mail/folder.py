"""Mail for an installation without a mail server: each is an `.eml` file that any mail program opens."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from backend.kernel.clock import Clock
from backend.mail.message import Mail, compose, name_of

log = logging.getLogger(__name__)


class FolderMailer:
    def __init__(self, folder: Path, *, sender: str, clock: Clock) -> None:
        self._folder, self._sender, self._clock = folder, sender, clock

    async def send(self, mail: Mail, *, key: str) -> None:
        message = compose(mail, sender=self._sender, key=key, at=self._clock.now())
        path = await asyncio.to_thread(self._write, name_of(key), message.as_bytes())
        log.info("mail written to %s", path)

    def _write(self, name: str, data: bytes) -> Path:
        """Whole or not at all: a reader never meets half a mail."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}.eml"
        part = path.with_suffix(".part")
        part.write_bytes(data)
        return part.replace(path)
