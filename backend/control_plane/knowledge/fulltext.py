"""The full-text index: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL.

Whatever belongs to it has a name that begins with `knowledge_fts`, so that comparing the schema with the models can pass it over.
`SQLITE` and `POSTGRESQL` are the statements that make it, for a migration to run; `attach` runs them whenever the passage table is made.
FTS5 keeps no copy of the text (external content) and is kept in step by triggers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import DDL, Table, TextClause, text

SQLITE = (
    """CREATE VIRTUAL TABLE knowledge_fts USING fts5(
        scope, place, text, content='knowledge_passage', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER knowledge_fts_insert AFTER INSERT ON knowledge_passage BEGIN
        INSERT INTO knowledge_fts(rowid, scope, place, text) VALUES (new.id, new.scope, new.place, new.text);
    END""",
    """CREATE TRIGGER knowledge_fts_delete AFTER DELETE ON knowledge_passage BEGIN
        INSERT INTO knowledge_fts(knowledge_fts, rowid, scope, place, text) VALUES ('delete', old.id, old.scope, old.place, old.text);
    END""",
)
SQLITE_DROP = ("DROP TABLE IF EXISTS knowledge_fts",)
POSTGRESQL = (
    """ALTER TABLE knowledge_passage ADD COLUMN knowledge_fts tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', place), 'B') || setweight(to_tsvector('english', text), 'A')) STORED""",
    "CREATE INDEX knowledge_fts_gin ON knowledge_passage USING gin (knowledge_fts)",
)

_SELECT = "SELECT p.document_id, d.name, p.place, p.text FROM {source} JOIN knowledge_document d ON d.id = p.document_id"
# The scope column only filters, so it weighs nothing.
_SEARCH_SQLITE = text(
    _SELECT.format(source="knowledge_fts f JOIN knowledge_passage p ON p.id = f.rowid")
    + " WHERE knowledge_fts MATCH :match AND p.instance_id = :instance ORDER BY bm25(knowledge_fts, 0.0, 0.6, 1.0), p.id LIMIT :limit"
)
_SEARCH_POSTGRESQL = text(
    _SELECT.format(source="knowledge_passage p")
    + " WHERE p.instance_id = :instance AND p.knowledge_fts @@ to_tsquery('english', :match)"
    + " ORDER BY ts_rank(p.knowledge_fts, to_tsquery('english', :match)) DESC, p.id LIMIT :limit"
)


def statements(dialect: str) -> tuple[str, ...]:
    return SQLITE if dialect == "sqlite" else POSTGRESQL


def attach(event: Any, table: Table) -> None:
    """Make the index right after `table` on either database, and drop FTS5's own tables before it."""
    for dialect in ("sqlite", "postgresql"):
        for statement in statements(dialect):
            # DDL formats its text with %, of which these have none.
            event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]
    for statement in SQLITE_DROP:
        event.listen(table, "before_drop", DDL(statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]


def scope(instance_id: str) -> str:
    """The instance's id as one word: letters and digits only, whatever the tokenizer makes of the rest."""
    return re.sub(r"[^a-z0-9]", "", instance_id.lower())


def query(dialect: str, instance_id: str, words: Sequence[str], limit: int) -> tuple[TextClause, dict[str, Any]]:
    """Any of `words`, best first. `words` are letters and digits only (`policy.words`), so no text of a user is ever query syntax."""
    assert all(word.isalnum() for word in words)
    if dialect == "sqlite":
        any_word = " OR ".join(f'"{word}"' for word in words)
        match = f'scope:"{scope(instance_id)}" AND {{place text}}:({any_word})'
        return _SEARCH_SQLITE, {"match": match, "instance": instance_id, "limit": limit}
    return _SEARCH_POSTGRESQL, {"match": " | ".join(f"'{word}'" for word in words), "instance": instance_id, "limit": limit}
