"""The migrated schema is the schema of the models, on both databases."""

from __future__ import annotations

import json

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from backend.db.migrate import config, sync_engine, upgrade
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


def without_search_index(_object: object, name: str | None, _kind: str, _reflected: bool, _compare: object) -> bool:
    """The full-text index is made by SQL of each database's own: shadow tables here, a generated column there."""
    return not (name or "").startswith("knowledge_fts") and name != "alembic_version"


def test_the_ledger_refuses_to_be_changed_by_its_own_database(database_url: str) -> None:
    engine = sync_engine(database_url)
    columns, values = "id, key, kind, workspace_id, label, at", "'t', 'k', 'grant', 'ws', '', '2026-01-01 00:00:00'"
    insert = f"INSERT INTO ledger_transaction ({columns}) VALUES ({values})"
    try:
        with engine.begin() as connection:
            connection.execute(text(insert))
        for change in ("UPDATE ledger_transaction SET label = 'x'", "DELETE FROM ledger_transaction"):
            with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
                connection.execute(text(change))
    finally:
        engine.dispose()


def test_keys_from_before_scopes_keep_what_they_could_do_and_gain_nothing(database_url: str) -> None:
    engine = sync_engine(database_url)
    at = {"at": "2026-01-01 00:00:00"}
    workspace = "INSERT INTO workspace (id, name, created_at) VALUES ('ws_1', 'w', :at)"
    row = "INSERT INTO api_key (id, workspace_id, name, prefix, secret_hash, created_at) VALUES ('key_1', 'ws_1', 'old', 'cmp_', 'h', :at)"
    try:
        with engine.begin() as connection:
            command.downgrade(config(connection), "0006")
            connection.execute(text(workspace), at)
            connection.execute(text(row), at)
        upgrade(database_url)
        with engine.connect() as connection:
            kept = connection.execute(text("SELECT scopes, instances, expires_at FROM api_key")).one()
    finally:
        engine.dispose()
    scopes = kept[0] if isinstance(kept[0], list) else json.loads(kept[0])
    assert (scopes, kept[1], kept[2]) == (["agents", "knowledge", "read", "runs"], None, None)


def test_the_first_migration_can_be_taken_back(database_url: str) -> None:
    engine = sync_engine(database_url)
    try:
        with engine.begin() as connection:
            command.downgrade(config(connection), "base")
        with engine.connect() as connection:
            assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    finally:
        engine.dispose()
    upgrade(database_url)


def test_what_is_posted_outlives_the_change_of_its_trees(database_url: str) -> None:
    engine = sync_engine(database_url)
    posted = "SELECT account, amount, position, balance_after FROM ledger_entry ORDER BY transaction_id, account, position"
    entries = [("t_1", "a", "ws_1", 5, 1, 5), ("t_1", "b", "system:issued", -5, None, None), ("t_2", "c", "ws_1", -2, 2, 3)]
    # A charge of so many lots that its tenth entry is not its last by the alphabet.
    entries += [("t_3", f"ent_3_{n}", "ws_2", -n, n, 100 - n) for n in range(1, 12)]
    try:
        with engine.begin() as connection:
            command.downgrade(config(connection), "0012")
            for txn in ("t_1", "t_2", "t_3"):
                values = "(:t, :t, 'grant', 'ws_1', '', '2026-01-01 00:00:00')"
                connection.execute(
                    text(f"INSERT INTO ledger_transaction (id, key, kind, workspace_id, label, at) VALUES {values}"), {"t": txn}
                )
            for txn, id_, account, amount, position, after in entries:
                row = {"i": id_, "t": txn, "a": account, "n": amount, "p": position, "b": after}
                columns = "id, transaction_id, account, amount, position, balance_after"
                connection.execute(text(f"INSERT INTO ledger_entry ({columns}) VALUES (:i, :t, :a, :n, :p, :b)"), row)
            before = connection.execute(text(posted)).all()
        upgrade(database_url)
        with engine.connect() as connection:
            assert connection.execute(text(posted)).all() == before
            numbered = connection.execute(text("SELECT transaction_id, number FROM ledger_entry ORDER BY 1, 2")).all()
            many = connection.execute(text("SELECT number, amount FROM ledger_entry WHERE transaction_id = 't_3' ORDER BY number")).all()
        assert [tuple(row) for row in numbered] == [("t_1", 1), ("t_1", 2), ("t_2", 1), *(("t_3", n) for n in range(1, 12))]
        assert [tuple(row) for row in many] == [(n, -n) for n in range(1, 12)]
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text("DELETE FROM ledger_entry"))
        with engine.begin() as connection:
            command.downgrade(config(connection), "0012")
            assert connection.execute(text(posted)).all() == before
    finally:
        engine.dispose()
    upgrade(database_url)
