"""The small shapes that come back in every answer: money, metadata, connections. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backend.kernel.money import Money

Data = Mapping[str, Any]


def money(data: Data) -> Money:
    """From `{amount, currency}`; the amount is read exactly, as a decimal."""
    return Money.of(data["amount"], data["currency"])


def gross(data: Data) -> Money:
    """From a TaxedMoney."""
    return money(data["gross"])


def metadata(items: list[Data]) -> dict[str, str]:
    return {item["key"]: item["value"] for item in items}


def metadata_input(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def nodes(connection: Data) -> Iterator[Data]:
    return (edge["node"] for edge in connection["edges"])


def cursor(connection: Data) -> str | None:
    """The cursor of the next page, or None at the end."""
    page = connection["pageInfo"]
    return page["endCursor"] if page["hasNextPage"] else None
