"""Amounts and dates in the words pages use. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.kernel.money import Credits

MEGABYTE = 1024 * 1024


def credits(amount: Credits) -> str:  # noqa: A001 the field calls them credits
    """ "1 credit", "2.5 credits": always with the unit."""
    return f"{amount} credit" if str(amount) == "1" else f"{amount} credits"


def megabytes(size: int) -> str:
    """size: bytes."""
    return f"{size // MEGABYTE} MB"


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def number(value: float) -> str:
    """ "1,234.5": thousands apart, no zeros at the end."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def joined(words: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def day(at: datetime) -> str:
    """ "16 Nov 2026"."""
    return f"{at.astimezone(UTC):%-d %b %Y}"


def time(at: datetime) -> str:
    """ "09:41:07 UTC" without its zone: pages say once that times are UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def moment(at: datetime, now: datetime, *, seconds: bool = False) -> str:
    """ "22 Nov, 13:05" in UTC; the year where it is not this one."""
    there = at.astimezone(UTC)
    date = f"{there:%-d %b}" if there.year == now.astimezone(UTC).year else f"{there:%-d %b %Y}"
    return f"{date}, {there:%H:%M:%S}" if seconds else f"{date}, {there:%H:%M}"
