"""The statements of alerts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlmodel import col

from backend.control_plane.alerts.models import AlertRow, AlertRuleRow
from backend.control_plane.alerts.policy import Rule, Threshold
from backend.db.engine import Tx
from backend.db.upsert import insert_once
from backend.kernel.money import Credits
from backend.ledger.watching import Moved

CLAIM = timedelta(minutes=10)
"""Longer than a mail takes: a process that claimed one and is silent for so long has died."""
Key = tuple[str, str, int]


async def rule(tx: Tx, workspace_id: str) -> Rule:
    return (await rules(tx, [workspace_id])).get(workspace_id, Rule())


async def rules(tx: Tx, workspace_ids: Collection[str]) -> dict[str, Rule]:
    """Of those that have one of their own."""
    rows = await tx.scalars(select(AlertRuleRow).where(col(AlertRuleRow.workspace_id).in_(workspace_ids)))
    return {
        row.workspace_id: Rule(row.percent, None if row.credits_micro is None else Credits(row.credits_micro), row.mail) for row in rows
    }


async def keep_rule(tx: Tx, workspace_id: str, wanted: Rule) -> None:
    micro = wanted.credits.micro if wanted.credits else None
    await tx.merge(AlertRuleRow(workspace_id=workspace_id, percent=wanted.percent, credits_micro=micro, mail=wanted.mail))


async def add(tx: Tx, move: Moved, met: Threshold, at: datetime, *, mail: bool) -> bool:
    """False when it was written before. mail: whether one is owed."""
    values: dict[str, Any] = {"workspace_id": move.workspace_id, "level": met.level.value, "position": move.position}
    values |= {"threshold_micro": met.at.micro, "balance_micro": move.balance.micro}
    values |= {"at": at, "claimed_at": None, "told_at": None if mail else at}
    return await insert_once(tx, AlertRow, values, unique=["workspace_id", "level", "position"])


async def owed(tx: Tx, now: datetime, limit: int) -> list[AlertRow]:
    """Alerts nobody was written to about, and nobody is at it; oldest first."""
    return list(await tx.scalars(select(AlertRow).where(*_free(now)).order_by(col(AlertRow.at)).limit(limit)))


async def claim(tx: Tx, key: Key, now: datetime) -> bool:
    """Whether the caller is the one to send its mail."""
    return await _set(tx, key, {"claimed_at": now}, *_free(now))


async def give_back(tx: Tx, key: Key) -> None:
    await _set(tx, key, {"claimed_at": None})


async def told(tx: Tx, key: Key, at: datetime) -> None:
    await _set(tx, key, {"told_at": at})


def key_of(row: AlertRow) -> Key:
    return row.workspace_id, row.level, row.position


def _free(now: datetime) -> tuple[Any, ...]:
    return (col(AlertRow.told_at).is_(None), or_(col(AlertRow.claimed_at).is_(None), col(AlertRow.claimed_at) < now - CLAIM))


async def _set(tx: Tx, key: Key, values: dict[str, Any], *where: Any) -> bool:
    workspace_id, level, position = key
    one = (col(AlertRow.workspace_id) == workspace_id, col(AlertRow.level) == level, col(AlertRow.position) == position)
    return cast("CursorResult[Any]", await tx.execute(update(AlertRow).where(*one, *where).values(**values))).rowcount == 1
