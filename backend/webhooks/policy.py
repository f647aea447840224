"""The rules of webhooks: what can be told, to which addresses, how often it is tried, and when an endpoint is given up. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from yarl import URL

from backend.kernel.errors import Invalid
from backend.webhooks.addresses import is_public

EVENTS: Mapping[str, str] = {
    "run.completed": "A run has ended; one that was stopped too",
    "run.failed": "A run has failed and cost nothing",
    "credits.low": "Few credits are left",
    "instance.provisioned": "A bought agent is ready",
    "instance.suspended": "An agent was stopped because its order was refunded or cancelled",
    "instance.restored": "A suspended agent answers again",
}
"""What an endpoint can ask for, with the words a page shows."""
TEST = "webhook.test"
"""Sent by a press of a button, to one endpoint."""

MAX_ENDPOINTS = 20
MAX_URL, MAX_DESCRIPTION = 500, 80
AFTER = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""How long after each failed attempt the next one is made: ten in all, over three days, as Standard Webhooks advises."""
JITTER = 0.1
"""The share by which a wait may be longer, so that what failed together does not come again together."""
GIVE_UP = timedelta(days=5)
"""An endpoint that has taken nothing for so long is disabled."""
KEEP = timedelta(days=30)
"""How long a message and its deliveries can be seen and sent again."""
OVERLAP, MAX_OVERLAP = 24, 168
"""Hours for which the old secret still signs beside the new one."""
MAX_WAIT = timedelta(days=1)
"""The longest `Retry-After` that is kept."""
SNIPPET, LOG = 500, 12
"""Characters of an answer, and attempts, that are kept."""
_LOCAL = ("localhost", ".localhost", ".local", ".internal", ".home.arpa", ".lan")


def address(text: str, *, private: bool) -> str:
    """The normal form of an endpoint's address, parsed by what will call it. private: local development, where http and our own
    network are allowed.

    Raises Invalid with field `url`. Where a name leads is looked at with each connection, not here.
    """
    text = text.strip()
    try:
        url = URL(text)
        host, port = (url.raw_host or "").rstrip("."), url.port
    except ValueError:
        raise _no_address("This is not an address.") from None
    if not text.isprintable() or not host or len(str(url)) > MAX_URL:
        raise _no_address(f"An address such as https://example.com/hooks, of at most {MAX_URL} characters.")
    if url.scheme != "https" and not (private and url.scheme == "http"):
        raise _no_address("It must begin with https://.")
    if url.raw_user is not None or url.raw_password is not None:
        raise _no_address("It must not hold a user name or a password: the signature proves who sends.")
    if url.raw_fragment:
        raise _no_address("It must not have a part after #.")
    if not private:
        _check_public(host.lower(), port or 0)
    return str(url)


def _check_public(host: str, port: int) -> None:
    if host == _LOCAL[0] or host.endswith(_LOCAL[1:]) or ("." not in host and ":" not in host) or (_numeric(host) and not is_public(host)):
        raise _no_address("It must be reachable from the internet.")
    if port != 443 and port < 1024:
        raise _no_address("Use port 443, or one of 1024 and above.")


def _numeric(host: str) -> bool:
    """An address instead of a name, in any of the ways to write one: no top-level domain ends in a digit."""
    return ":" in host or host[-1:].isdigit() or host.rpartition(".")[2].startswith("0x")


def events(names: Sequence[str]) -> list[str]:
    """Each once, in the order of EVENTS. Raises Invalid with field `events`."""
    if unknown := [name for name in names if name not in EVENTS]:
        raise Invalid("Check the events.", fields={"events": f"There is no event “{unknown[0][:40]}”. There are: {', '.join(EVENTS)}."})
    if not names:
        raise Invalid("Choose what to be told.", fields={"events": "Choose at least one."})
    return [name for name in EVENTS if name in names]


def description(text: str) -> str:
    """Raises Invalid with field `description`."""
    text = " ".join(text.split())
    if len(text) > MAX_DESCRIPTION:
        raise Invalid("Shorten the description.", fields={"description": f"At most {MAX_DESCRIPTION} characters."})
    return text


def overlap(hours: int) -> timedelta:
    """Raises Invalid with field `overlap_hours`."""
    if not 0 <= hours <= MAX_OVERLAP:
        raise Invalid("Check the overlap.", fields={"overlap_hours": f"0 to {MAX_OVERLAP} hours."})
    return timedelta(hours=hours)


def body(kind: str, at_ms: int, data: Mapping[str, Any]) -> bytes:
    """The same bytes each time."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": at, "data": data}, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def next_attempt(tries: int, now: datetime, *, name: str, wait: int = 0) -> datetime | None:
    """When to try again after `tries` failures in a row; None when it is given up. name: of the delivery. wait: seconds the receiver asked
    for."""
    if tries > len(AFTER):
        return None
    longest = max(AFTER[tries - 1], min(timedelta(seconds=wait), MAX_WAIT))
    share = int.from_bytes(hashlib.sha256(f"{name}:{tries}".encode()).digest()[:4]) / 2**32
    return now + longest * (1 + JITTER * share)


def cleaned(text: str, most: int = SNIPPET) -> str:
    """What a stranger's server said, as plain text of bounded length."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)[:most].strip()


def _no_address(words: str) -> Invalid:
    return Invalid("Check the address.", fields={"url": words})
