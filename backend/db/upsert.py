"""Insert-or-ignore, the house's way to do a thing once: a unique key, not a look before the leap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from backend.db.engine import Tx


async def insert_once(tx: Tx, model: type[SQLModel], values: Mapping[str, Any], *, unique: Sequence[str]) -> bool:
    """Insert the row unless one with the same `unique` columns stands already. True when this call inserted it."""
    return await insert_new(tx, model, [values], unique=unique) == 1


async def insert_new(tx: Tx, model: type[SQLModel], rows: Sequence[Mapping[str, Any]], *, unique: Sequence[str]) -> int:
    """Insert those of the rows whose `unique` columns do not stand already. How many those were."""
    if not rows:
        return 0
    insert = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    table = model.__table__  # type: ignore[attr-defined]
    # The rows apart from the statement: written into it, each of their values would have to be compiled.
    statement = insert(table).on_conflict_do_nothing(index_elements=list(unique))
    done = cast(
        "CursorResult[Any]", await tx.execute(statement, [dict(row) for row in rows], execution_options={"preserve_rowcount": True})
    )
    return done.rowcount
