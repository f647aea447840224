"""SQL that was written once is not written again for the engine of every test.

SQLAlchemy keeps what it compiled by the dialect of an engine, and every test has engines of its own: a tenth of the time of a test went
into compiling what the one before had compiled. Here all dialects of one kind are the same, as their server is; what they compile is
kept for the process. Connections, and all that is in a database, remain a test's own.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

from backend.db import engine


def keep_compiled(patch: pytest.MonkeyPatch) -> None:
    """For every `Database` made while `patch` lasts."""
    kept: Any = LRUCache(2000)

    def create(url: str, **options: Any) -> AsyncEngine:
        return create_async_engine(url, execution_options={"compiled_cache": kept}, **options)

    for kind in (PGDialectAsync_psycopg, SQLiteDialect_aiosqlite):
        patch.setattr(kind, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(kind, "__hash__", lambda self: hash(type(self)))
    patch.setattr(engine, "create_async_engine", create)
