"""The rules of telling an app: what an event is called, and when a delivery is tried again. Pure."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

Verdict = Literal["arrived", "again", "never"]

DELAYS = (10.0, 20.0, 40.0, 80.0, 160.0)
"""Seconds before each further try."""
ANSWER_SECONDS = 18.0
RESPONSE_KEPT = 2_000
"""Characters of an app's answer that are kept."""
HEADER_RULE = re.compile(r"(x-|authorization|brokerproperties)", re.IGNORECASE)
MAX_HEADERS = 5
VERSION = "3.23.28"
SCHEMA_VERSION = "3.23"
USER_AGENT = f"Saleor/{SCHEMA_VERSION}"
"""The Saleor whose behaviour the shop was held against; apps decide by it what they may expect."""


def verdict(status: int | None) -> Verdict:
    """status: HTTP status, None when nobody answered in time. Redirects and 4xx, 429 among them, are an answer: no."""
    if status is None or status >= 500:
        return "again"
    return "arrived" if 200 <= status < 300 else "never"


def typename(event: str) -> str:
    """The GraphQL type of an event: ORDER_FULLY_PAID → OrderFullyPaid."""
    return "".join(word.capitalize() for word in event.split("_"))


def event_header(event: str) -> str:
    return event.lower()


def bad_headers(headers: dict[str, str]) -> bool:
    """Saleor takes up to five, and only X-…, Authorization… and BrokerProperties."""
    return len(headers) > MAX_HEADERS or any(not HEADER_RULE.match(name) or len(value) > 998 for name, value in headers.items())


def is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
