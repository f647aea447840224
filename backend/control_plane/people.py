"""Who answers for a workspace."""

from __future__ import annotations

from dataclasses import dataclass

from backend.identity.service import Accounts
from backend.kernel.caller import Role
from backend.kernel.ids import WorkspaceId
from backend.workspaces.service import Workspaces


@dataclass(frozen=True, slots=True)
class People:
    workspaces: Workspaces
    accounts: Accounts

    async def admins(self, workspace_id: WorkspaceId) -> list[str]:
        """The e-mail addresses of its owners and admins; only proven ones, because anyone can register a stranger's."""
        people = [await self.accounts.get(account_id) for account_id in await self.workspaces.people(workspace_id, Role.OWNER, Role.ADMIN)]
        return [person.email for person in people if person.email_verified]
