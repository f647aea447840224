"""What commerce remembers itself: a visitor's checkout and how it was paid for, our app's token, the shop's last good catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime


class CartRow(Table, table=True):
    """visitor_hash: SHA-256 of the visitor's cookie, so that reading this table does not give a cart away. seen: the prices and amounts the
    visitor was shown last, to tell what changed since (`seen.Seen`). used_at: when it was begun or last looked at.
    """

    __tablename__ = "cart"
    visitor_hash: str = Field(primary_key=True)
    checkout_id: str
    used_at: datetime = Field(sa_type=UtcDateTime, index=True)
    seen: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class AttemptRow(Table, table=True):
    """One try to pay for a checkout and place its order, shared by every tab and device of the buyer.

    number: counts up within a checkout, and is unique in it, so that whoever comes second finds the first one's attempt.
    key: the idempotency key the shop and the payment service are given; made once. stage: `attempts.Stage`.
    amount_minor: what was asked for; 0 when there is nothing to pay. transaction_id: the shop's, once it gave one.
    sealed_action: what the buyer still has to do, sealed, as it may hold a client secret. state_hash: fingerprint of the opaque word that
    brings a buyer back from the bank's pages. held_by, held_until: who works on it just now, so that nobody else does at the same time.
    reason: why an order could not be placed after its payment. tracked: whether the buyer's browser was given the order.
    told_at: when the operators were told of a payment without its order. settled_*: which of them dealt with it by hand, when, and how.
    """

    __tablename__ = "commerce_attempt"
    __table_args__ = (UniqueConstraint("checkout_id", "number"),)
    id: str = Field(primary_key=True)
    checkout_id: str
    number: int
    key: str = Field(unique=True)
    stage: str = Field(index=True)
    visitor_hash: str = Field(index=True)
    workspace_id: str | None = None
    email: str = ""
    gateway: str = ""
    choice: str = ""
    amount_minor: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    currency: str = ""
    transaction_id: str = ""
    message: str = ""
    sealed_action: str = ""
    state_hash: str = Field(default="", index=True)
    order_ref: str = ""
    tracked: bool = False
    reason: str = ""
    told_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    settled_by: str = ""
    settled_reason: str = ""
    held_by: str = ""
    held_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ConnectionRow(Table, table=True):
    """One shop that installed our app. sealed_token can be opened only with the installation's secret."""

    __tablename__ = "commerce_connection"
    api_url: str = Field(primary_key=True)
    app_id: str
    sealed_token: str


class CatalogueCopyRow(Table, table=True):
    """The catalogue of one channel as the shop sent it. as_of: when it was asked. body: JSON, compressed."""

    __tablename__ = "commerce_catalogue_copy"
    shop: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    as_of: datetime = Field(sa_type=UtcDateTime)
    body: bytes
