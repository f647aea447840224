"""What pages say about the shop when it does not answer, or answers slowly. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.commerce.schemas import Freshness
from cmp_web.state import words

NEVER = "The shop does not answer just now; these are the prices it opened with. Checkout waits until it does."
LOCAL = "The shop’s own search does not answer just now, so your words are looked for in names and descriptions only."


def of(known: Freshness, now: datetime) -> str:
    """ "" while all is well."""
    if not known.trouble:
        return ""
    if known.as_of is None:
        return NEVER
    at = f"Prices as of {moment(known.as_of, now)}"
    if known.trouble == "slow":
        return f"{at}; the shop answers slowly just now. Checkout may have to wait for it."
    return f"{at}; the shop does not answer just now. Checkout waits until it does."


def moment(at: datetime, now: datetime) -> str:
    """ "14:05 UTC", with its day when that is not today."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    clock = f"{at:%H:%M} UTC"
    return clock if at.date() == now.date() else f"{words.day(at)}, {clock}"
