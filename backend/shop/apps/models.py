"""Apps, their webhooks, and what is on its way to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime

PENDING, SUCCESS, FAILED = "PENDING", "SUCCESS", "FAILED"


class AppRow(Table, table=True):
    """token_hash: SHA-256 of the app's token, of which only the last four characters are kept readable."""

    __tablename__ = "shop_app"
    id: int | None = Field(default=None, primary_key=True)
    identifier: str = Field(unique=True)
    name: str
    type: str
    is_active: bool = True
    permissions: list[str] = Field(default_factory=list, sa_type=JSON)
    token_hash: str = Field(unique=True)
    token_tail: str
    manifest: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    created: datetime = Field(sa_type=UtcDateTime)


class InstallationRow(Table, table=True):
    """An installation under way or failed; one that succeeded is gone, and the app is there."""

    __tablename__ = "shop_app_installation"
    id: int | None = Field(default=None, primary_key=True)
    app_name: str
    manifest_url: str
    status: str = PENDING
    message: str | None = None
    created: datetime = Field(sa_type=UtcDateTime)
    updated: datetime = Field(sa_type=UtcDateTime)


class WebhookRow(Table, table=True):
    __tablename__ = "shop_webhook"
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="shop_app.id", ondelete="CASCADE", index=True)
    name: str
    target_url: str
    is_active: bool = True
    secret_key: str | None = None
    query: str | None = Field(default=None, sa_column=Column(Text))
    async_events: list[str] = Field(default_factory=list, sa_type=JSON)
    sync_events: list[str] = Field(default_factory=list, sa_type=JSON)
    custom_headers: dict[str, str] = Field(default_factory=dict, sa_type=JSON)


class DeliveryRow(Table, table=True):
    """One event on its way to one webhook. It is deleted when it arrived, as Saleor does. work_id: its durable workflow."""

    __tablename__ = "shop_event_delivery"
    id: int | None = Field(default=None, primary_key=True)
    webhook_id: int = Field(foreign_key="shop_webhook.id", ondelete="CASCADE", index=True)
    event: str
    object_id: str
    work_id: str = Field(unique=True)
    status: str = Field(default=PENDING, index=True)
    payload: str | None = Field(default=None, sa_column=Column(Text))
    created: datetime = Field(sa_type=UtcDateTime)


class AttemptRow(Table, table=True):
    """duration: seconds. response_status: None when nobody answered."""

    __tablename__ = "shop_event_delivery_attempt"
    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="shop_event_delivery.id", ondelete="CASCADE", index=True)
    status: str
    duration: float
    response_status: int | None = None
    response: str = Field(sa_column=Column(Text, nullable=False))
    response_headers: str = Field(sa_column=Column(Text, nullable=False))
    request_headers: str = Field(sa_column=Column(Text, nullable=False))
    created: datetime = Field(sa_type=UtcDateTime)
