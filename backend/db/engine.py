"""The database: one engine, read and write units of work, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from backend.db.writer import SqliteWriter
from backend.kernel.errors import Invalid

Tx = AsyncSession
"""One open unit of work. It commits when its block ends and rolls back on any error; nothing below it commits."""


class Database:
    """url: a SQLAlchemy URL; `sqlite:///…` and `postgresql://…` are given their async drivers here."""

    def __init__(self, url: str, *, pooled: bool = True) -> None:
        self.url = async_url(url)
        self.is_sqlite = self.url.startswith("sqlite")
        options: dict[str, Any] = {} if pooled else {"poolclass": NullPool}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": 30}
        elif pooled:
            options |= {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}
        self.engine: AsyncEngine = create_async_engine(self.url, **options)
        if self.is_sqlite:
            _tame_sqlite(self.engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # SQLite lets a second writer ask again after ever longer naps; in a queue each has its turn as soon as it comes.
        self._lock = asyncio.Lock()
        self._turn: AbstractAsyncContextManager[None] = self._lock if self.is_sqlite else nullcontext()
        self._writer: SqliteWriter | None = None
        self._farewells: list[Callable[[], Awaitable[None]]] = []

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """One use case, one transaction. On SQLite it takes the write lock at once, so two writers queue instead of failing.

        Raises Invalid `unstorable`, here and in `read`, for a value that the database cannot hold.
        """
        with _storable():
            async with self._turn, self._sessions.begin() as tx:
                self.check()
                if self.is_sqlite:
                    await tx.connection(execution_options={"cmp_begin": "IMMEDIATE"})
                yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A consistent view; anything written in it is thrown away."""
        with _storable():
            async with self._sessions() as tx:
                yield tx

    @property
    def writer(self) -> SqliteWriter:
        """Changes that share a commit with others'. On SQLite only."""
        if self._writer is None:
            path = self.engine.url.database
            assert path, "a database of SQLite, in a file"
            self._writer = SqliteWriter(path, self._lock)
        return self._writer

    def check(self) -> None:
        """Raises Unavailable when nothing may be written any more: see `SqliteWriter.check`. `write` does so by itself."""
        if self._writer is not None:
            self._writer.check()

    def at_dispose(self, farewell: Callable[[], Awaitable[None]]) -> None:
        """Have `farewell` called when the database is let go of."""
        self._farewells.append(farewell)

    async def dispose(self) -> None:
        for farewell in self._farewells:
            await farewell()
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
        # A connection that is in use just now, or is made by somebody who reads on, comes back to a pool that nobody closes any more. The
        # pool that takes the place of this one has its listeners.
        event.listen(self.engine.pool, "checkin", lambda _connection, record: record.invalidate())
        await self.engine.dispose()


@contextmanager
def _storable() -> Iterator[None]:
    """PostgreSQL refuses the null character, both refuse half a surrogate pair and numbers beyond 64 bits: a stranger can send any."""
    try:
        yield
    except (DataError, UnicodeEncodeError, OverflowError) as fault:
        raise Invalid("A value holds characters or numbers that cannot be kept.", code="unstorable") from fault


def async_url(url: str) -> str:
    for plain, driver in (
        ("sqlite://", "sqlite+aiosqlite://"),
        ("postgresql://", "postgresql+psycopg://"),
        ("postgres://", "postgresql+psycopg://"),
    ):
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    return url


def _tame_sqlite(engine: AsyncEngine) -> None:
    """Hand transaction control to us: the driver's own implicit BEGIN is deferred and makes two writers deadlock on upgrade."""

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        mode = connection.get_execution_options().get("cmp_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")
