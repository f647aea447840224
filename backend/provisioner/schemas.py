"""What crosses HTTP: the registration of the app, and orders with their timeline."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Registration(BaseModel):
    auth_token: str = Field(min_length=1, max_length=512)


class Accepted(BaseModel):
    """order: our own ref of it."""

    status: str = "accepted"
    order: str


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class LineOut(_Shown):
    sku: str
    name: str
    quantity: int
    total: str
    outcome: str
    instance_id: str | None
    instance_ids: list[str]


class StageOut(_Shown):
    key: str
    title: str
    status: str = Field(description='"done", "now", "todo" or "stuck"')
    at: datetime | None
    note: str


class OrderOut(_Shown):
    id: str = Field(validation_alias="ref")
    number: str
    email: str
    status: str
    total: str = Field(description="With its currency.")
    placed_at: datetime
    lines: list[LineOut]
    stages: list[StageOut]
    stuck_reason: str
    claimable: bool


class OrdersOut(BaseModel):
    items: list[OrderOut]
    next: str | None = Field(description="The cursor of the following page, or null.")
