"""Onboarding: a new account and its personal workspace, both or neither; and the demo account of a first start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from backend.db.engine import Database
from backend.identity.ports import ProofSender
from backend.identity.service import Accounts, AccountView
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource
from backend.workspaces.service import Workspaces

DEMO_EMAIL = "demo@example.com"
DEMO_CREDITS = Credits.of(25)


class SignUp:
    """proofs: sends the mail that lets the person prove the address; without it none is sent."""

    def __init__(self, database: Database, accounts: Accounts, workspaces: Workspaces, proofs: ProofSender | None = None) -> None:
        self._database, self._accounts, self._workspaces, self._proofs = database, accounts, workspaces, proofs

    async def register(self, email: str, password: str, name: str = "") -> AccountView:
        """Raises Invalid with fields, Conflict `email_taken`. A mail that cannot be sent does not undo the account."""
        email, password_hash = await self._accounts.prepare(email, password)
        async with self._database.write() as tx:
            account = await self._accounts.add(tx, email, password_hash, name)
            await self._workspaces.create_personal(tx, account.id, f"{account.name}’s workspace")
        if self._proofs is not None:
            await self._proofs.send(account)
        return account


@dataclass(frozen=True, slots=True)
class Demo:
    """password: what to print, on the start that made the account; empty afterwards."""

    account: AccountView
    workspace_id: WorkspaceId
    password: str


class DemoAccount:
    def __init__(self, database: Database, accounts: Accounts, workspaces: Workspaces, ledger: Ledger) -> None:
        self._database, self._accounts, self._workspaces, self._ledger = database, accounts, workspaces, ledger

    async def ensure(self, password: str = "") -> Demo:
        """The demo account with its workspace and 25 gift credits. Safe to repeat: an account that stands keeps its password."""
        account, made = await self._accounts.by_email(DEMO_EMAIL), ""
        prepared = None
        if account is None:
            made = password or secrets.token_urlsafe(12)
            prepared = await self._accounts.prepare(DEMO_EMAIL, made)
        async with self._database.write() as tx:
            if account is None and prepared is not None:
                account = await self._accounts.add(tx, *prepared, name="Demo")
            assert account is not None
            await self._accounts.mark_verified(tx, account.id)
            workspace = await self._workspaces.create_personal(tx, account.id, "Demo workspace")
            key = f"gift:demo:{workspace.id}"
            await self._ledger.grant(
                tx, workspace_id=workspace.id, amount=DEMO_CREDITS, source=LotSource.GIFT, ref="demo", key=key, label="Welcome gift"
            )
        return Demo(await self._accounts.get(account.id), workspace.id, made)
