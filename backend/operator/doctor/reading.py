"""Looks: over HTTP, and into Saleor with our app's own token, which is enough for all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from backend.commerce import wire
from backend.commerce.session import Session
from backend.operator.admin import PAGE
from backend.operator.doctor.schemas import Answer, Delivery, Hook, Offered, OwnApp, Place
from backend.operator.setup.reading import webhook

_ERROR = 200
"""Characters of a failed delivery's answer that are shown."""


async def look(http: httpx.AsyncClient, url: str) -> Answer:
    """Never raises for what the other side does."""
    try:
        response = await http.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        return Answer(error=str(fault) or type(fault).__name__)
    try:
        said = response.json()
    except ValueError:
        said = None
    return Answer(response.status_code, _date(response.headers.get("date", "")), said)


async def own_app(session: Session, token: str) -> OwnApp | None:
    data = (await session.ask("OwnApp", {}, token=token))["app"]
    if not data:
        return None
    permissions = frozenset(permission["code"] for permission in data["permissions"] or ())
    hooks = tuple(_hook(found) for found in data["webhooks"] or ())
    return OwnApp(data["id"], data["name"] or "", data["identifier"] or "", data["isActive"], permissions, hooks)


async def place(session: Session, token: str, channel: str) -> Place | None:
    data = (await session.ask("SellingPlace", {"channel": channel}, token=token))["channel"]
    if not data:
        return None
    confirms = data["orderSettings"]["automaticallyConfirmAllNewOrders"]
    return Place(data["isActive"], data["currencyCode"], len(data["warehouses"]), confirms)


async def on_sale(session: Session, channel: str) -> AsyncIterator[Offered]:
    """As anybody sees it, who is not signed in."""
    after: str | None = None
    while True:
        found = (await session.ask("OnSale", {"channel": channel, "first": PAGE, "after": after}))["products"]
        for product in wire.nodes(found):
            yield Offered(product["slug"], bool(product["isAvailable"]), tuple(v["sku"] or "" for v in product["variants"] or ()))
        if not (after := wire.cursor(found)):
            return


def _hook(data: Mapping[str, Any]) -> Hook:
    return Hook(webhook(data), tuple(_delivery(node) for node in wire.nodes(data["eventDeliveries"] or {"edges": []})))


def _delivery(data: Mapping[str, Any]) -> Delivery:
    attempt = next(wire.nodes(data["attempts"] or {"edges": []}), None)
    error = ""
    if attempt and data["status"] != "SUCCESS":
        error = " ".join(str(part) for part in (attempt["responseStatusCode"], attempt["response"]) if part)[:_ERROR]
    return Delivery(data["status"], datetime.fromisoformat(data["createdAt"]), error)


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
