"""The secrets of endpoints as they are kept: sealed, an old one beside the new for a while."""

from __future__ import annotations

from datetime import datetime

from backend.kernel.secrets import SecretBox
from backend.webhooks import signing


class Keys:
    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def new(self) -> tuple[str, str]:
        """A secret, and the same sealed."""
        secret = signing.new_secret()
        return secret, self._box.seal(secret)

    def opened(self, secret: str, old_secret: str | None, old_until: datetime | None, now: datetime) -> list[str]:
        """Those that sign now, the newest first. Raises ValueError when they were sealed under another key."""
        both = old_secret is not None and old_until is not None and now < old_until
        return [self._box.open(sealed) for sealed in ([secret, old_secret] if both else [secret]) if sealed]
