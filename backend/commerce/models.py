"""What commerce remembers itself: which checkout a visitor is filling, the token the shop gave to our app, its last good catalogue."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from backend.db.base import Table, UtcDateTime


class CartRow(Table, table=True):
    """visitor_hash: SHA-256 of the visitor's cookie, so that reading this table does not give a cart away."""

    __tablename__ = "cart"
    visitor_hash: str = Field(primary_key=True)
    checkout_id: str
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


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
