"""When the credits run out, at the pace of the days behind. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.kernel.money import MICRO, Credits
from cmp_web.state import words

WEEK, MONTH = 7, 28
FAR = 366


@dataclass(frozen=True)
class Forecast:
    """pace: credits a day, 0.0 without one. days: until nothing is left. said: how it is reckoned, in words, up to `end`: the date, or ""
    when there is none or it is not within a year. enough: whether there was enough to go by."""

    pace: float = 0.0
    days: float = 0.0
    end: str = ""
    said: str = ""
    enough: bool = False


def forecast(spent: Sequence[Credits], available: Credits, now: datetime) -> Forecast:
    """spent: of each of the last 28 days, today's last. A straight line from the mean of the last 7; of all 28 when the last 7 had none; of
    the days since the first run when that is not a week ago."""
    first = next((n for n, amount in enumerate(spent) if amount), None)
    if first is None:
        return Forecast(said=f"Nothing was spent in the last {len(spent)} days, so there is no forecast.")
    since = len(spent) - first
    if since < 2:
        return Forecast(said="Credits were spent on one day so far: too little for a forecast. It stands here from tomorrow.")
    span = min(since, WEEK)
    total = sum(amount.micro for amount in spent[-span:])
    if not total:
        span, total = since, sum(amount.micro for amount in spent)
    pace = total / MICRO / span
    days = available.micro / MICRO / pace
    basis = f"the last {span} days" if span in {WEEK, MONTH} else f"the {span} days since the first charge"
    end = "" if days >= FAR or available.micro <= 0 else f"about {(now + timedelta(days=days)).astimezone(UTC):%-d %b %Y}"
    return Forecast(pace, days, end, _said(pace, basis, end, available), enough=True)


def _said(pace: float, basis: str, end: str, available: Credits) -> str:
    if available.micro <= 0:
        return f"Nothing is left. The mean of {basis} was {rate(pace)} a day."
    return f"At {rate(pace)} a day, the mean of {basis}, credits last " + ("until" if end else "more than a year.")


def rate(pace: float) -> str:
    """To a tenth, with the unit: "1 credit", "0.4 credits"; "under 0.1 credits" for less."""
    if pace < 0.05:
        return "under 0.1 credits"
    number = f"{pace:,.1f}".removesuffix(".0")
    return f"{number} credit{'' if number == '1' else 's'}"


def lapses(lots: Sequence[tuple[datetime | None, Credits]], ahead: Forecast, now: datetime) -> str:
    """A word of warning for lots that expire before they are used, as far as the forecast reaches."""
    soon = [(at, left) for at, left in lots if at is not None and left and at < now + timedelta(days=min(ahead.days or FAR, FAR))]
    if not soon:
        return ""
    at, left = min(soon)
    return f"{words.credits(left)} of them expire on {words.day(at)}."
