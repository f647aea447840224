"""The statements of the run table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, text, update
from sqlmodel import col

from backend.db.engine import Tx
from backend.gateway.models import GatewayRun
from backend.gateway.records import Subject
from backend.gateway.views import RunStatus, RunView, SourceView
from backend.kernel.caller import Door
from backend.kernel.ids import ConversationId, InstanceId, RunId
from backend.ledger.views import Receipt


async def by_request(tx: Tx, request_key: str) -> GatewayRun | None:
    return (await tx.scalars(select(GatewayRun).where(col(GatewayRun.request_key) == request_key))).one_or_none()


async def renew(tx: Tx, run_ids: Iterable[str], until: datetime) -> None:
    await tx.execute(update(GatewayRun).where(col(GatewayRun.id).in_(list(run_ids))).values(lease_until=until))


async def dead(tx: Tx, now: datetime) -> list[GatewayRun]:
    """Runs that say they run, though nobody has renewed their lease."""
    behind = (col(GatewayRun.status) == RunStatus.RUNNING.value) & (col(GatewayRun.lease_until) < now)
    return list(await tx.scalars(select(GatewayRun).where(behind).order_by(col(GatewayRun.lease_until))))


async def running(tx: Tx, run_ids: Iterable[str]) -> set[str]:
    """Those of these runs that have not ended."""
    wanted = col(GatewayRun.id).in_(list(run_ids)) & (col(GatewayRun.status) == RunStatus.RUNNING.value)
    return set(await tx.scalars(select(col(GatewayRun.id)).where(wanted)))


async def called(tx: Tx, name: str) -> list[str]:
    """The runs under way that their client calls so."""
    # The index of what is under way is short, and is all that is looked through.
    mine = text("status = 'running'") & (col(GatewayRun.request_hash) == name) & col(GatewayRun.request_key).is_(None)
    return list(await tx.scalars(select(col(GatewayRun.id)).where(mine)))


async def ask_to_stop(tx: Tx, run_id: str) -> None:
    running = (col(GatewayRun.id) == run_id) & (col(GatewayRun.status) == RunStatus.RUNNING.value)
    await tx.execute(update(GatewayRun).where(running).values(stop=True))


async def stopping(tx: Tx) -> list[str]:
    """Runs that somebody wants stopped, and that run yet."""
    wanted = col(GatewayRun.stop) & (col(GatewayRun.status) == RunStatus.RUNNING.value)
    return list(await tx.scalars(select(col(GatewayRun.id)).where(wanted)))


async def waiting(tx: Tx) -> list[str]:
    """Runs in the background that have not ended."""
    running = col(GatewayRun.background) & (col(GatewayRun.status) == RunStatus.RUNNING.value)
    return list(await tx.scalars(select(col(GatewayRun.id)).where(running)))


async def forget_key(tx: Tx, run_id: str) -> None:
    """Let its Idempotency-Key be used anew."""
    await tx.execute(update(GatewayRun).where(col(GatewayRun.id) == run_id).values(request_key=None))


async def get(tx: Tx, run_id: str) -> GatewayRun | None:
    return await tx.get(GatewayRun, run_id)


def subject(row: GatewayRun) -> Subject:
    whose = (row.id, row.workspace_id, row.instance_id, row.spender, row.door)
    return Subject(*whose, row.started_at, row.price, row.budgets, row.instance_name, row.conversation_id)


def view(row: GatewayRun, receipt: Receipt | None) -> RunView:
    """duration_ms: 0 while it runs."""
    took = row.finished_at - row.started_at if row.finished_at else None
    return RunView(
        id=RunId(row.id),
        instance_id=InstanceId(row.instance_id),
        instance_name=row.instance_name,
        door=Door(row.door),
        status=RunStatus(row.status),
        query=row.query,
        text=row.text,
        sources=tuple(SourceView(**source) for source in row.sources),
        usage=row.usage,
        receipt=receipt,
        started_at=row.started_at,
        duration_ms=round(took.total_seconds() * 1000) if took else 0,
        error_code=row.error_code,
        error_detail=row.error_detail,
        conversation_id=ConversationId(row.conversation_id),
        owner=row.owner,
    )
