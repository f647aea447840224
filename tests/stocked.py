"""The embedded shop as seeding leaves it. Seeding looks for each row before it makes it, which hundreds of tests need not wait for: the
first one of a process seeds, and what that wrote is written to the others' empty databases as it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Table, insert, select, text

from backend import catalogue
from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.shop.models import CategoryRow, ChannelRow, ProductRow, ProductTypeRow, VariantRow, WarehouseRow
from backend.shop.seed import seed

_TABLES: list[Table] = [
    row.metadata.tables[str(row.__tablename__)] for row in (ChannelRow, WarehouseRow, ProductTypeRow, CategoryRow, ProductRow, VariantRow)
]
_NUMBERED = [table.name for table in _TABLES if isinstance(table.c.id.type, Integer)]
_kept: dict[datetime, list[list[dict[str, Any]]]] = {}


async def stock(database: Database, clock: Clock) -> None:
    """`seed` with the catalogue, for a database that has no shop yet."""
    now = clock.now()
    if now in _kept:
        await _write(database, _kept[now])
        return
    await seed(database, catalogue.load(), clock=clock)
    async with database.read() as tx:
        _kept[now] = [[dict(row) for row in (await tx.execute(select(table))).mappings()] for table in _TABLES]


async def _write(database: Database, kept: list[list[dict[str, Any]]]) -> None:
    async with database.write() as tx:
        for table, rows in zip(_TABLES, kept, strict=True):
            await tx.execute(insert(table), rows)
        if not database.is_sqlite:
            # PostgreSQL does not count numbers that were given.
            moves = ", ".join(f"(SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name})" for name in _NUMBERED)
            await tx.execute(text(f"SELECT {moves}"))
