"""One PostgreSQL database for a process of tests, empty again after each: to make one takes the server a third of a second, to empty
one a hundredth. Whatever is not as it was in the template but the rows, has it made anew.
"""

from __future__ import annotations

import uuid

import psycopg
from psycopg import sql

from backend.db.migrate import upgrade
from backend.db.tables import load_metadata

SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT concat('r', c.oid, n.nspname, c.relname, c.relkind) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION ALL SELECT concat('a', attrelid, attname, atttypid, attnotnull, attisdropped) FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT concat('c', oid, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT concat('d', adrelid, adnum, pg_get_expr(adbin, adrelid)) FROM pg_attrdef WHERE adrelid >= 16384
    UNION ALL SELECT concat('t', oid, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat('f', oid, proname, md5(prosrc)) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT concat('n', oid, nspname) FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast_temp)'
    UNION ALL SELECT concat('v', version_num) FROM alembic_version
) AS parts (part)
"""
"""What a test might change beside rows, by oid: a table that was dropped and made again is another one."""
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'"
MOVED = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"


class Postgres:
    """server: the URL of one, with a database to connect to whose user may create others."""

    def __init__(self, server: str) -> None:
        self._server, self._name, self._shape = server, "", ""
        self._template = self._made()
        upgrade(self._url(self._template))
        # Those that refer to others come first.
        self._tables = [table.name for table in reversed(load_metadata().sorted_tables)]
        assert set(self._tables) == set(self._rows(self._template, TABLES))
        unclean = self._filled()
        assert not unclean, f"migrations fill {unclean}, which would be emptied"

    def url(self) -> str:
        """Of a migrated database without a row."""
        if not self._name:
            self._name = self._made(self._template)
            self._shape = self._rows(self._name, SHAPE)[0]
        return self._url(self._name)

    def restore(self) -> None:
        """After a test: nothing that it left, connections and what they hold included, is there for the next one."""
        with psycopg.connect(self._url(self._name)) as connection:
            connection.execute(OTHERS)
            same = connection.execute(SHAPE).fetchone() == (self._shape,)
            if same:
                self._empty(connection)
        if not same:
            self._drop(self._name)
            self._name = ""

    def close(self) -> None:
        for name in filter(None, (self._name, self._template)):
            self._drop(name)

    def _empty(self, connection: psycopg.Connection) -> None:
        holding = set(self._filled(connection))
        filled = [sql.Identifier(name) for name in self._tables if name in holding]
        # The books refuse to be changed by anybody, by a trigger each.
        for table in filled:
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
        for table in filled:
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
        for table in filled:
            connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))
        for (name,) in connection.execute(MOVED).fetchall():
            connection.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(name)))

    def _filled(self, connection: psycopg.Connection | None = None) -> list[str]:
        parts = [sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(name, sql.Identifier(name)) for name in self._tables]
        statement = sql.SQL(" UNION ALL ").join(parts)
        if connection is None:
            return self._rows(self._template, statement)
        return [name for (name,) in connection.execute(statement).fetchall()]

    def _made(self, template: str = "") -> str:
        name = f"cmp_test_{uuid.uuid4().hex[:8]}"
        of = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        self._admin(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + of)
        return name

    def _drop(self, name: str) -> None:
        self._admin(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)

    def _url(self, name: str) -> str:
        return f"{self._server.rsplit('/', 1)[0]}/{name}"

    def _rows(self, database: str, statement: sql.Composed | str) -> list[str]:
        with psycopg.connect(self._url(database)) as connection:
            return [row[0] for row in connection.execute(statement).fetchall()]
