"""Changes behind everybody's back: the guards of the database are off meanwhile, as for its owner at a console."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlalchemy import text

from backend.db.engine import Database

GUARDED = ("ledger_entry", "ledger_transaction", "ledger_refund")


async def tamper(database: Database, *statements: str) -> None:
    if database.is_sqlite:
        # A plain connection of SQLite's looks after no foreign key.
        with closing(sqlite3.connect(database.engine.url.database or "")) as connection, connection:
            for table in GUARDED:
                for verb in ("update", "delete"):
                    connection.execute(f"DROP TRIGGER IF EXISTS {table}_append_only_{verb}")
            for statement in statements:
                connection.execute(statement)
        return
    async with database.write() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await tx.execute(text(statement))
