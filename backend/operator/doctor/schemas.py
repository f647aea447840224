"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.operator.setup.schemas import Webhook


class Level(StrEnum):
    OK = "ok"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """check: what was looked at. seen: what was found there. fix: what to do about it; empty when all is well."""

    check: str
    level: Level
    seen: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """status: Saleor's own word (SUCCESS, FAILED, PENDING). error: of the last attempt; empty when it was answered well."""

    status: str
    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Hook:
    """deliveries: newest first."""

    webhook: Webhook
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class OwnApp:
    id: str
    name: str
    identifier: str
    active: bool
    permissions: frozenset[str]
    hooks: tuple[Hook, ...]


@dataclass(frozen=True, slots=True)
class Place:
    active: bool
    currency: str
    warehouses: int
    confirms: bool
    """Whether new orders are confirmed by themselves; others cannot be fulfilled."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A product in the channel. skus: of its variants."""

    slug: str
    available: bool
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP; status 0 and the reason in `error` when nothing did."""

    status: int = 0
    date: datetime | None = None
    json: object = None
    error: str = ""


Parts = Mapping[str, str]
