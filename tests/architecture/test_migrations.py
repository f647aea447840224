"""The migrated schema is the schema of the models, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from backend.db.migrate import sync_engine, upgrade
from backend.db.tables import load_metadata


def test_migrations_and_models_agree(database_url: str) -> None:
    engine = sync_engine(database_url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_object": without_search_index})
            assert compare_metadata(context, load_metadata()) == []
    finally:
        engine.dispose()


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url)


def without_search_index(_object: object, name: str | None, kind: str, _reflected: bool, _compare: object) -> bool:
    """The full-text index is made by statements of its own, and SQLite's has shadow tables; no model describes either."""
    return not ((name or "").startswith("knowledge_fts") or (kind == "table" and name == "alembic_version"))
