"""Public and private metadata of checkouts, orders and their lines, and of transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import SQLModel, col, select

from backend.db.engine import Tx
from backend.shop import ids
from backend.shop.errors import refuse
from backend.shop.models import CheckoutLineRow, CheckoutRow, OrderLineRow, OrderRow, TransactionRow
from backend.shop.views import MetadataItem, items

Change = Callable[[Mapping[str, str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """permissions: what a change of private metadata takes. open: whether anyone who knows the id may change the public part."""

    model: type[SQLModel]
    permissions: tuple[str, ...]
    open: bool


KINDS = {
    "Checkout": Kind(CheckoutRow, ("MANAGE_CHECKOUTS",), True),
    "CheckoutLine": Kind(CheckoutLineRow, ("MANAGE_CHECKOUTS",), True),
    "Order": Kind(OrderRow, ("MANAGE_ORDERS", "HANDLE_TAXES"), False),
    "OrderLine": Kind(OrderLineRow, ("MANAGE_ORDERS",), False),
    "TransactionItem": Kind(TransactionRow, ("HANDLE_PAYMENTS",), False),
}


@dataclass(frozen=True, slots=True)
class Noted:
    """What carries metadata, as the mutations show it."""

    id: str
    metadata: list[MetadataItem]
    private_metadata: list[MetadataItem]


def kind_of(global_id: str) -> tuple[Kind, str]:
    """(kind, key). Raises Refused with NOT_FOUND for an id of something without metadata."""
    name, _ = ids.parse(global_id) or ("", "")
    key = ids.token(name, global_id)
    if name not in KINDS or key is None:
        raise refuse("NOT_FOUND", f"Couldn't resolve to a node: {global_id}", "id")
    return KINDS[name], key


async def change(tx: Tx, global_id: str, private: bool, how: Change) -> Noted:
    """Replace the metadata by `how` of it. Raises Refused with NOT_FOUND."""
    kind, key = kind_of(global_id)
    model: Any = kind.model
    row = await tx.scalar(select(model).where(col(model.id) == key).with_for_update())
    if row is None:
        raise refuse("NOT_FOUND", f"Couldn't resolve to a node: {global_id}", "id")
    name = "private_meta" if private else "meta"
    setattr(row, name, how(getattr(row, name)))
    tx.add(row)
    await tx.flush()
    return Noted(global_id, items(row.meta), items(row.private_meta))
