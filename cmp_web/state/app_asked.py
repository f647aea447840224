"""What the address of a list of runs asks for, and the filter that this is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from backend.gateway.views import RunFilter, RunStatus
from backend.kernel.caller import Door
from cmp_web import routes
from cmp_web.state import words
from cmp_web.state.app_rows import DOORS, RUN_STATUS

NAMES = ("agent", "door", "status", "owner", "when", "from", "to", "paid", "q", "after")
FILTERS = ("agent", "door", "status", "owner", "when", "paid", "q")
WHENS = {"": "Any time", "1": "Today", "7": "Last 7 days", "28": "Last 28 days", "days": "Choose days"}
DOOR_CHOICES = tuple((door.value, DOORS[door]) for door in Door)
STATUS_CHOICES = tuple((status, said) for status, (said, _) in RUN_STATUS.items())
LONGEST = 200


def asked(parameters: Mapping[str, str]) -> dict[str, str]:
    """Every name, "" where nothing sensible is asked for."""
    found = {name: parameters.get(name, "")[:LONGEST] for name in NAMES}
    known = {"door": dict(DOOR_CHOICES), "status": RUN_STATUS, "when": WHENS, "paid": {"1"}}
    found |= {name: "" for name, choices in known.items() if found[name] not in choices}
    chosen = found["when"] == "days"
    found |= {name: found[name] if chosen and _day(found[name]) else "" for name in ("from", "to")}
    return found | {"q": " ".join(found["q"].split())}


def run_filter(found: Mapping[str, str], now: datetime) -> RunFilter:
    """found: of `asked`. Days are whole ones in UTC."""
    first, last = days(found, now)
    return RunFilter(
        instance_id=found["agent"] or None,
        status=RunStatus(found["status"]) if found["status"] else None,
        cursor=found["after"] or None,
        door=Door(found["door"]) if found["door"] else None,
        owner=found["owner"] or None,
        since=_midnight(first) if first else None,
        until=_midnight(last + timedelta(days=1)) if last and last < date.max else None,
        charged=found["paid"] == "1",
        text=found["q"],
    )


def days(found: Mapping[str, str], now: datetime) -> tuple[date | None, date | None]:
    if found["when"] in {"1", "7", "28"}:
        return now.astimezone(UTC).date() - timedelta(days=int(found["when"]) - 1), None
    return _day(found["from"]), _day(found["to"])


def sheet(found: Mapping[str, str], now: datetime) -> str:
    """Where the same runs are as CSV."""
    first, last = days(found, now)
    given = {"instance_id": found["agent"], "status": found["status"], "door": found["door"], "owner": found["owner"]}
    given |= {"from": first.isoformat() if first else "", "to": last.isoformat() if last else ""}
    return routes.with_query(routes.RUNS_CSV, **given, charged="true" if found["paid"] else "", q=found["q"])


def searched(found: Mapping[str, str], now: datetime) -> str:
    """What a search looks through, in words; "" when nothing is searched for."""
    if not found["q"]:
        return ""
    first, last = days(found, now)
    since = f" since {_written(first)}" if first else ""
    until = f" up to {_written(last)}" if last else ""
    return f"Searched for “{found['q']}” in questions, answers and run ids{since}{until}."


def _written(day: date) -> str:
    return words.day(_midnight(day))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
