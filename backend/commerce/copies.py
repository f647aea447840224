"""The last good copy of the catalogue, in the database, so that a restart while the shop is away still shows the shop.

In the database and not in a file of the data folder: every process of a large installation has the database, and its transactions decide
which of two copies is newer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from backend.commerce.models import CatalogueCopyRow
from backend.commerce.snapshot import Snapshot
from backend.commerce.wire import Data
from backend.db.engine import Database
from backend.db.upsert import insert_once

_log = logging.getLogger(__name__)
CONFIRM = timedelta(minutes=10)
"""How often a copy that did not change is written again, to say that it still held then."""


class DatabaseCopies:
    """One row a channel of a shop. shop: its URL."""

    def __init__(self, database: Database, shop: str, channel: str) -> None:
        self._database, self._key = database, (shop, channel)
        self._kept: tuple[datetime, Sequence[Data]] | None = None

    async def load(self) -> Snapshot | None:
        """None when there is none, or none that this version can read."""
        async with self._database.read() as tx:
            row = await tx.get(CatalogueCopyRow, self._key)
        if row is None:
            return None
        try:
            return await asyncio.to_thread(self._unpacked, row)
        except (ValueError, KeyError, TypeError, ArithmeticError, zlib.error) as fault:
            _log.warning("catalogue: the copy of %s cannot be read: %r", row.as_of, fault)
            return None

    async def save(self, snapshot: Snapshot) -> None:
        """Written when something changed, or now and then. An older snapshot never replaces a newer one of another process."""
        kept = self._kept
        if kept and snapshot.as_of - kept[0] < CONFIRM and kept[1] == snapshot.nodes:
            return
        try:
            await self._write(snapshot.as_of, await asyncio.to_thread(_packed, snapshot))
        except SQLAlchemyError as fault:
            # Pages do not depend on it; the next snapshot tries again.
            _log.warning("catalogue: the copy could not be kept: %s", fault)
            return
        self._kept = (snapshot.as_of, snapshot.nodes)

    async def _write(self, as_of: datetime, body: bytes) -> None:
        shop, channel = self._key
        values: dict[str, Any] = {"as_of": as_of, "body": body}
        mine = (col(CatalogueCopyRow.shop) == shop) & (col(CatalogueCopyRow.channel) == channel)
        async with self._database.write() as tx:
            if not await insert_once(tx, CatalogueCopyRow, {"shop": shop, "channel": channel, **values}, unique=["shop", "channel"]):
                await tx.execute(update(CatalogueCopyRow).where(mine & (col(CatalogueCopyRow.as_of) < as_of)).values(**values))

    def _unpacked(self, row: CatalogueCopyRow) -> Snapshot:
        said = json.loads(zlib.decompress(row.body))
        return Snapshot.of(said["products"], row.as_of, self._key[0], whole=said["whole"])


def _packed(snapshot: Snapshot) -> bytes:
    """Amounts are written as decimal strings, which are read back exactly."""
    return zlib.compress(json.dumps({"whole": snapshot.whole, "products": list(snapshot.nodes)}, default=str).encode())
