"""Migrations: the same Alembic scripts on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection

from backend.db.engine import async_url

_SCRIPTS = Path(__file__).parent / "migrations"


def sync_engine(url: str) -> Engine:
    """An engine for tools that are not async. psycopg serves both ways; aiosqlite has the standard library's driver behind it."""
    return create_engine(async_url(url).replace("+aiosqlite", ""))


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    return made


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Safe to repeat. A second process waits for the first."""
    engine = sync_engine(url)
    if engine.dialect.name == "sqlite":
        Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        _transactional_ddl(engine)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4349520)")
            command.upgrade(config(connection), revision)
    finally:
        engine.dispose()


def standing(url: str) -> tuple[str, str]:
    """The database's revision, or "" when there is none yet, and the newest one. Changes nothing, nor makes a missing file.

    Raises OperationalError when the database cannot be reached.
    """
    newest = ScriptDirectory.from_config(config()).get_current_head() or ""
    engine = sync_engine(url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return "", newest
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or "", newest
    finally:
        engine.dispose()


def _transactional_ddl(engine: Engine) -> None:
    """SQLite can roll DDL back, if the driver is kept from committing before it."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
