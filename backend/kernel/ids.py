"""Typed, prefixed, time-sortable identifiers.

A public id is `<prefix>_<ULID>`: 26 characters of Crockford base 32, the first ten of them the time in milliseconds, so ids sort by
creation. The prefix tells a reader, and a log, what kind of thing is meant.
"""

from __future__ import annotations

from typing import NewType

from ulid import ULID

AccountId = NewType("AccountId", str)
WorkspaceId = NewType("WorkspaceId", str)
InstanceId = NewType("InstanceId", str)
DocumentId = NewType("DocumentId", str)
ConversationId = NewType("ConversationId", str)
RunId = NewType("RunId", str)
LotId = NewType("LotId", str)
KeyId = NewType("KeyId", str)
WidgetId = NewType("WidgetId", str)
Sku = NewType("Sku", str)
SaleorOrderId = NewType("SaleorOrderId", str)
"""Saleor's own global id of an order. Anyone who holds it can read the order, so it is treated as a secret."""


def new_id(prefix: str) -> str:
    """A fresh public id, such as `run_01KAN4S2…`. `prefix` is lower-case letters only."""
    return f"{prefix}_{ULID()}"


def new_account_id() -> AccountId:
    return AccountId(new_id("acc"))


def new_workspace_id() -> WorkspaceId:
    return WorkspaceId(new_id("ws"))


def new_instance_id() -> InstanceId:
    return InstanceId(new_id("inst"))


def new_document_id() -> DocumentId:
    return DocumentId(new_id("doc"))


def new_conversation_id() -> ConversationId:
    return ConversationId(new_id("conv"))


def new_run_id() -> RunId:
    return RunId(new_id("run"))


def new_lot_id() -> LotId:
    return LotId(new_id("lot"))


def new_key_id() -> KeyId:
    return KeyId(new_id("key"))


def new_widget_id() -> WidgetId:
    return WidgetId(new_id("wid"))
