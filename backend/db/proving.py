"""A proof is a list of checks: each one statement, so that it sees a house at work at one moment, which returns only what disagrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, text

from backend.db.base import UtcDateTime
from backend.db.engine import Tx

MOST = 100
"""Faults that one check names; it tells how many more there are."""
LONG = timedelta(hours=1)
"""What should have been seen to by then, within seconds, will not be any more."""


@dataclass(frozen=True, slots=True)
class Check:
    """name: what it holds against what. sentence: one fault in words, with a place for each column. query: read only, without LIMIT; it may
    ask for `:long_ago`, see `LONG`."""

    name: str
    sentence: str
    query: str

    async def faults(self, tx: Tx, now: datetime | None = None) -> list[str]:
        """One line a disagreement; amounts are micro-credits."""
        # Apart from its limit: PostgreSQL would look for a few rows quickly, and there are none, so that it takes for ever.
        faults = f"WITH faults AS MATERIALIZED ({self.query})"
        long_ago = [bindparam("long_ago", (now or datetime.now(UTC)) - LONG, UtcDateTime())] if ":long_ago" in self.query else []
        found = (await tx.execute(text(f"{faults} SELECT * FROM faults LIMIT {MOST + 1}").bindparams(*long_ago))).all()  # noqa: S608
        lines = [self.sentence.format(*row) for row in found[:MOST]]
        if len(found) > MOST:
            count = (await tx.execute(text(f"{faults} SELECT COUNT(*) FROM faults").bindparams(*long_ago))).scalar_one()  # noqa: S608
            lines.append(f"{self.name}: {count - MOST} more like these")
        return lines


async def faults(tx: Tx, checks: Sequence[Check], now: datetime | None = None) -> list[str]:
    return [line for check in checks for line in await check.faults(tx, now)]
