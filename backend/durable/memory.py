"""The connections to the database that remembers durable work. DBOS makes its own; on SQLite they are made here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url


def remembering(url: str) -> Engine:
    """url: of SQLite or PostgreSQL.

    SQLite takes one writer at a time and lets the others ask again after ever longer naps, so that under load some wait for seconds.
    One connection for all of this process makes them a queue. With a journal ahead of the file (WAL) a commit is one write to the disk.
    """
    if not url.startswith("sqlite"):
        return create_engine(make_url(url).set(drivername="postgresql+psycopg"), pool_size=1, pool_pre_ping=True)
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=60, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
