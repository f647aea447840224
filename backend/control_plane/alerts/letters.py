"""The mail about credits that run low."""

from __future__ import annotations

from backend.control_plane.alerts.policy import Level
from backend.kernel.money import Credits
from backend.mail import Mail

TOP_UP_PATH = "/app/credits"


def low(to: str, level: Level, balance: Credits, *, brand: str, base_url: str) -> Mail:
    empty = level is Level.EMPTY
    happens = "Runs under way finish. The next one is refused until there are credits again."
    parts = [
        f"Your workspace at {brand} has no credits left." if empty else f"Your workspace at {brand} has {balance.words} left.",
        happens if empty else f"Agents go on as they do until nothing is left. Then: {happens[0].lower()}{happens[1:]}",
        f"Top up, or choose when you are told:\n{base_url}{TOP_UP_PATH}",
        "You get this mail once until credits are added.",
    ]
    return Mail(
        to, f"No credits left at {brand}" if empty else f"Credits are low at {brand}: {balance.words} left", "\n\n".join(parts) + "\n"
    )
