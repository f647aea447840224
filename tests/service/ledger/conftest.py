"""A ledger on each database; after every test it must prove itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import pytest

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource

WS = WorkspaceId("ws_one")
Grant = Callable[..., Awaitable[bool]]


@pytest.fixture
async def ledger(database: Database, clock: FrozenClock) -> AsyncIterator[Ledger]:
    ledger = Ledger(database, clock)
    yield ledger
    assert await ledger.prove() == []


@pytest.fixture
def grant(database: Database, ledger: Ledger) -> Grant:
    """Grant credits in a transaction of their own."""

    async def grant(amount: str, key: str = "k1", *, ref: str = "order-1", workspace: str = WS, expires_at: datetime | None = None) -> bool:
        async with database.write() as tx:
            return await ledger.grant(
                tx,
                workspace_id=WorkspaceId(workspace),
                amount=Credits.of(amount),
                source=LotSource.ORDER,
                ref=ref,
                key=key,
                label=f"lot {key}",
                expires_at=expires_at,
            )

    return grant
