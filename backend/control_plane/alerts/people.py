"""Who looks after a workspace's credits."""

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
        accounts = [await self.accounts.get(one) for one in await self.workspaces.with_role(workspace_id, {Role.OWNER, Role.ADMIN})]
        return [account.email for account in accounts if account.email_verified]
