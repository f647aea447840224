"""Small views every part of the shop shows: money, metadata, pages. Attribute names are GraphQL's, in snake case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from backend.kernel.money import Money

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MoneyView:
    """amount: in major units, as Saleor's JSON has it (19.99)."""

    amount: float
    currency: str


@dataclass(frozen=True, slots=True)
class TaxedView:
    """Digital goods sold without tax: gross and net are one amount."""

    gross: MoneyView
    net: MoneyView
    tax: MoneyView
    currency: str


@dataclass(frozen=True, slots=True)
class MetadataItem:
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Edge(Generic[T]):
    node: T
    cursor: str


@dataclass(frozen=True, slots=True)
class Connection(Generic[T]):
    edges: Sequence[Edge[T]]
    page_info: PageInfo
    total_count: int


def money(minor: int, currency: str) -> MoneyView:
    return MoneyView(float(Money(minor, currency).decimal), currency)


def taxed(minor: int, currency: str) -> TaxedView:
    amount = money(minor, currency)
    return TaxedView(amount, amount, money(0, currency), currency)


def items(meta: Mapping[str, str]) -> list[MetadataItem]:
    return [MetadataItem(key, meta[key]) for key in sorted(meta)]


def moment(at: datetime) -> str:
    return at.isoformat()


def snake_name(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
