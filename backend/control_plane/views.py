"""What the control plane gives out: frozen values, free of storage, that any room and any policy may hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from backend.catalogue import Terms
from backend.kernel.ids import InstanceId, Sku, WorkspaceId


@dataclass(frozen=True, slots=True)
class Offering:
    """flow: the product's folder in the catalogue, and flow_hash the SHA-256 of its flow; both empty for credits."""

    sku: Sku
    kind: Literal["agent", "credits"]
    product_slug: str
    product_name: str
    plan_name: str
    plan: str
    emblem: str
    terms: Terms
    flow: str
    flow_hash: str


class Status(StrEnum):
    LIVE = "live"
    PAUSED = "paused"
    """Resting by its owner's wish."""
    SUSPENDED = "suspended"
    """Stopped by us: its order was refunded or cancelled."""


@dataclass(frozen=True, slots=True)
class InstanceView:
    id: InstanceId
    name: str
    status: Status
    sku: Sku
    plan: str
    plan_name: str
    product_slug: str
    product_name: str
    emblem: str
    terms: Terms
    created_at: datetime
    source_key: str
    workspace_id: WorkspaceId
    suspended_for: str = ""
