"""What a database cannot hold is the sender's fault, on both databases, and leaves nothing behind."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backend.db.engine import Database
from backend.kernel.errors import Invalid


@pytest.mark.parametrize(("kind", "value"), [("TEXT", "half a pair: \ud800"), ("BIGINT", 2**70)])
async def test_a_value_no_column_holds_is_invalid(database: Database, kind: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        async with database.read() as tx:
            await tx.execute(text(f"SELECT CAST(:value AS {kind})"), {"value": value})
    assert refused.value.code == "unstorable"


async def test_the_null_character_is_refused_where_it_cannot_be_kept(database: Database) -> None:
    if database.is_sqlite:
        async with database.read() as tx:
            assert (await tx.execute(text("SELECT :value"), {"value": "a\x00b"})).scalar_one() == "a\x00b"
        return
    with pytest.raises(Invalid):
        async with database.write() as tx:
            await tx.execute(text("SELECT :value"), {"value": "a\x00b"})
