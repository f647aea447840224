"""What crosses HTTP: the registration of the app, and orders with their timeline."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Registration(BaseModel):
    auth_token: str = Field(min_length=1, max_length=512)


class Accepted(BaseModel):
    """order: our own ref of it; empty when the delivery is about none of ours."""

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


class SumsOut(_Shown):
    """Amounts with their currency, "" where there is none."""

    subtotal: str
    discount: str
    tax: str = Field(description="Within the total.")
    refunded: str
    charged_back: str


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
    payment: str = Field(description='How the payment stands, such as "paid" or "partly_refunded"; "" before the shop was asked.')
    sums: SumsOut


class OrdersOut(BaseModel):
    items: list[OrderOut]
    next: str | None = Field(description="The cursor of the following page, or null.")


class DeskRowOut(_Shown):
    ref: str
    number: str
    placed_at: datetime
    skus: list[str]
    email: str
    workspace: str
    status: str
    stage: str
    pips: list[str]
    total: str


class DeskRowsOut(BaseModel):
    items: list[DeskRowOut]
    next: str | None = Field(description="The cursor of the following page, or null.")


class DeskUnitOut(_Shown):
    line_id: str
    unit: int
    sku: str
    name: str
    kind: str
    instance_id: str | None
    credits: str
    unspent: str
    active: bool


class DeskEventOut(_Shown):
    at: datetime
    words: str
    by: str


class DeskOrderOut(_Shown):
    row: DeskRowOut
    stages: list[StageOut]
    reason: str
    units: list[DeskUnitOut]
    charged: str
    refunded: str
    charge_status: str
    saleor_status: str
    saleor_url: str
    told_at: datetime | None
    log: list[DeskEventOut]
    actions: list[str]


class ReportOut(_Shown):
    at: datetime
    looked_at: int
    taken_up: list[str]
    without_order: list[str] = Field(description="Refs of what was given without an order that Saleor holds paid.")


class UnitIn(BaseModel):
    line_id: str = Field(min_length=1, max_length=200)
    unit: int = Field(ge=1, le=1_000_000)


class KeepIn(BaseModel):
    reason: str = Field(default="", max_length=500)


class TakeBackIn(KeepIn):
    units: list[UnitIn] = Field(min_length=1, max_length=1_000)
