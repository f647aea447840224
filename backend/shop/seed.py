"""Fills the shop from the `catalogue/` folder. Safe to repeat: what is there is brought up to date, nothing is made twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlmodel import SQLModel, col, select, update

from backend.catalogue import Product
from backend.db.engine import Database, Tx
from backend.kernel.clock import Clock, SystemClock
from backend.shop import ids
from backend.shop.models import CategoryRow, ChannelRow, ProductRow, ProductTypeRow, VariantRow, WarehouseRow

PLENTY = 1_000_000
"""Units of digital goods in stock. Saleor calls a product available only when it has stock."""
_TYPE_NAMES = {"ai-agent": "AI Agent", "credit-pack": "Credit Pack"}

Row = TypeVar("Row", bound=SQLModel)


async def seed(database: Database, products: Sequence[Product], channel: str = "default-channel", *, clock: Clock | None = None) -> None:
    """Products that have left the folder are taken off sale, and kept: orders may name them."""
    now = (clock or SystemClock()).now()
    async with database.write() as tx:
        currency = products[0].variants[0].price.currency if products else "USD"
        await _ensure(tx, ChannelRow, {"slug": channel}, {"name": "Default Channel", "currency": currency, "country": "US"})
        place: Any = await tx.scalar(select(WarehouseRow).where(WarehouseRow.slug == "default-warehouse"))
        if place is None:
            tx.add(WarehouseRow(id=ids.fresh(), slug="default-warehouse", name="Default Warehouse"))
        await tx.execute(update(ProductRow).values(published=False))
        for product in products:
            kind = await _ensure(tx, ProductTypeRow, {"slug": product.type}, {"name": _TYPE_NAMES.get(product.type, _title(product.type))})
            category = await _ensure(tx, CategoryRow, {"slug": product.category}, {"name": _title(product.category)})
            values = {
                "name": product.name,
                "description": editor_document(product.description),
                "type_id": kind.id,
                "category_id": category.id,
                "published": True,
                "meta": {"emblem": product.emblem, "summary": product.summary},
                "updated": now,
            }
            row = await _ensure(tx, ProductRow, {"slug": product.slug}, values, first={"created": now})
            for position, variant in enumerate(product.variants):
                values = {
                    "product_id": row.id,
                    "name": variant.name,
                    "position": position,
                    "price": variant.price.amount_minor,
                    "stock": PLENTY,
                    "updated": now,
                }
                await _ensure(tx, VariantRow, {"sku": variant.sku}, values, first={"created": now})


def editor_document(text: str) -> str:
    """Plain paragraphs as the EditorJS document that Saleor stores."""
    blocks = [{"id": f"p{n}", "type": "paragraph", "data": {"text": part.strip()}} for n, part in enumerate(text.split("\n\n"))]
    return json.dumps({"blocks": blocks, "version": "2.24.3"})


def _title(slug: str) -> str:
    words = slug.replace("-", " ").capitalize()
    return words.replace("Ai ", "AI ")


async def _ensure(tx: Tx, model: type[Row], where: dict[str, Any], values: dict[str, Any], first: dict[str, Any] | None = None) -> Any:
    """The row that `where` names, made or brought up to date. first: values that only a new row gets."""
    column, wanted = next(iter(where.items()))
    row: Any = await tx.scalar(select(model).where(col(getattr(model, column)) == wanted))
    if row is None:
        row = model(**where, **values, **(first or {}))
    else:
        changed = {name: value for name, value in values.items() if name != "updated" and getattr(row, name) != value}
        for name, value in (values if changed else {}).items():
            setattr(row, name, value)
    tx.add(row)
    await tx.flush()
    return row
