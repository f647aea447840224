"""How many runs this process takes on. One more would make all of them late; whoever is turned away at once can ask another process."""

from __future__ import annotations

from backend.kernel.errors import Unavailable

RETRY_AFTER = 1


class Capacity:
    """most: runs under way at once."""

    def __init__(self, most: int) -> None:
        self._most, self.taken = most, 0

    @property
    def full(self) -> bool:
        return self.taken >= self._most

    def take(self) -> None:
        """Raises Unavailable `overloaded`. What is taken is given back once."""
        if self.full:
            raise overloaded()
        self.taken += 1

    def give_back(self) -> None:
        self.taken -= 1


def overloaded() -> Unavailable:
    return Unavailable(
        "Every place is taken just now. Nothing was begun and nothing is charged.", code="overloaded", retry_after=RETRY_AFTER
    )
