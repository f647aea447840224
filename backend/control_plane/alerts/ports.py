"""What alerts need from outside, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from backend.db.engine import Tx
from backend.kernel.ids import WorkspaceId
from backend.ledger.views import Balance


class Ledger(Protocol):
    async def balance(self, workspace_id: WorkspaceId) -> Balance: ...


class Recipients(Protocol):
    async def admins(self, workspace_id: WorkspaceId) -> list[str]:
        """The proven e-mail addresses of owners and admins."""
        ...


class Webhooks(Protocol):
    async def announce(self, tx: Tx, workspace_id: WorkspaceId, event: str, data: Mapping[str, Any]) -> None:
        """Sent after the transaction is committed, or not at all."""
        ...
