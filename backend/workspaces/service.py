"""Workspaces and their members. A workspace owns agents, credits and keys; people come and go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.db.upsert import insert_once
from backend.kernel.caller import Role
from backend.kernel.clock import Clock
from backend.kernel.ids import AccountId, WorkspaceId, new_workspace_id
from backend.workspaces.models import MembershipRow, WorkspaceRow


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    id: WorkspaceId
    name: str


@dataclass(frozen=True, slots=True)
class Membership:
    workspace: WorkspaceView
    role: Role


class Workspaces:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def create_personal(self, tx: Tx, account_id: AccountId, name: str) -> WorkspaceView:
        """The account's own workspace, with the account as owner. A repeat returns the first one."""
        now = self._clock.now()
        values = {"id": new_workspace_id(), "name": name[:120], "personal_of": account_id, "created_at": now}
        await insert_once(tx, WorkspaceRow, values, unique=["personal_of"])
        row = (await tx.scalars(select(WorkspaceRow).where(col(WorkspaceRow.personal_of) == account_id))).one()
        member = {"workspace_id": row.id, "account_id": account_id, "role": Role.OWNER.value, "created_at": now}
        await insert_once(tx, MembershipRow, member, unique=["workspace_id", "account_id"])
        return WorkspaceView(WorkspaceId(row.id), row.name)

    async def of(self, account_id: AccountId) -> list[Membership]:
        """Every workspace the account belongs to, its personal one first, then the oldest."""
        joined = select(WorkspaceRow, MembershipRow).join(MembershipRow, col(MembershipRow.workspace_id) == col(WorkspaceRow.id))
        mine = joined.where(col(MembershipRow.account_id) == account_id).order_by(col(WorkspaceRow.id))
        async with self._database.read() as tx:
            rows = sorted(await tx.execute(mine), key=lambda pair: pair[0].personal_of != account_id)
        return [Membership(WorkspaceView(WorkspaceId(ws.id), ws.name), Role(member.role)) for ws, member in rows]

    async def exists(self, workspace_id: WorkspaceId) -> bool:
        async with self._database.read() as tx:
            return await tx.get(WorkspaceRow, workspace_id) is not None

    async def names(self, ids: Collection[str]) -> dict[str, str]:
        """By id, of those that there are."""
        async with self._database.read() as tx:
            rows = await tx.execute(select(WorkspaceRow.id, WorkspaceRow.name).where(col(WorkspaceRow.id).in_(ids)))  # type: ignore[call-overload]
            return {str(row[0]): str(row[1]) for row in rows}

    async def with_role(self, workspace_id: WorkspaceId, roles: Collection[Role]) -> list[AccountId]:
        """Who has one of these roles in it."""
        where = (col(MembershipRow.workspace_id) == workspace_id, col(MembershipRow.role).in_([role.value for role in roles]))
        async with self._database.read() as tx:
            found = await tx.scalars(select(col(MembershipRow.account_id)).where(*where).order_by(col(MembershipRow.account_id)))
            return [AccountId(one) for one in found]

    async def role(self, account_id: AccountId, workspace_id: WorkspaceId) -> Role | None:
        """None for someone who does not belong to it."""
        async with self._database.read() as tx:
            row = await tx.get(MembershipRow, (workspace_id, account_id))
        return Role(row.role) if row else None
