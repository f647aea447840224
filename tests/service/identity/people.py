"""The rooms of people and what they own, on a real database, for the tests of several rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend import catalogue
from backend.control_plane.access import Access
from backend.control_plane.budgets import Budgets
from backend.control_plane.conversations import Conversations
from backend.control_plane.instances import Instances, InstanceView
from backend.control_plane.keyring import Keyring
from backend.control_plane.offerings import Offerings
from backend.control_plane.onboarding import SignUp
from backend.db.engine import Database
from backend.identity.keys import ApiKeys, KeyLimits
from backend.identity.service import Accounts, AccountView
from backend.identity.sessions import Sessions
from backend.identity.sign_in import SignIn, Throttle
from backend.identity.verification import EmailVerification
from backend.kernel.caller import ALL_SCOPES, Caller, Scope
from backend.kernel.clock import FrozenClock
from backend.kernel.memory import Callers
from backend.mail import Mail
from backend.settings import Settings
from backend.widget.service import Widgets
from backend.workspaces.service import Workspaces

PASSWORD = "correct horse battery"


@dataclass
class Outbox:
    """A mailer that keeps what it is given."""

    sent: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail, *, key: str) -> None:
        self.sent.append(mail)

    def link(self) -> str:
        """The token in the last mail's link."""
        return self.sent[-1].text.split("token=")[1].split()[0]


class Town:
    def __init__(self, database: Database, clock: FrozenClock, settings: Settings) -> None:
        self.database, self.clock, self.settings, self.outbox = database, clock, settings, Outbox()
        self.accounts = Accounts(database, clock)
        self.callers = Callers(clock)
        self.sessions, self.keys = Sessions(database, clock, self.callers), ApiKeys(database, clock, self.callers)
        self.workspaces = Workspaces(database, clock)
        self.budgets = Budgets(database, self.workspaces, self.callers)
        self.verification = EmailVerification(database, clock, self.accounts, self.outbox, settings, self.callers)
        self.sign_up = SignUp(database, self.accounts, self.workspaces, self.verification)
        self.sign_in = SignIn(self.accounts, self.sessions, Throttle())
        self.offerings = Offerings(database, settings.run_timeout_seconds)
        self.instances = Instances(database, clock, self.offerings)
        self.conversations = Conversations(database, clock)
        self.keyring = Keyring(database, self.keys, self.instances, self.budgets)
        self.widgets = Widgets(database, clock, self.instances, self.budgets, settings, self.callers)
        self.access = Access(self.sessions, self.keys, self.workspaces, self.budgets, settings, self.callers)
        self.access.add_bearer("cmpw_", self.widgets.resolve)

    async def person(self, email: str = "ann@example.com") -> AccountView:
        return await self.sign_up.register(email, PASSWORD, "Ann")

    async def member(self, email: str = "ann@example.com") -> Caller:
        """A signed-in owner of a personal workspace."""
        account = await self.person(email)
        caller = await self.access.caller(await self.sessions.open(account.id, "a test"), None)
        assert caller is not None
        return caller

    async def key(self, caller: Caller, *scopes: Scope, **limits: Any) -> str:
        """The secret of a key of the caller's workspace: with these scopes, or with all; limits: of `KeyLimits`."""
        kept = KeyLimits(frozenset(scopes) or ALL_SCOPES, **limits)
        return (await self.keys.create(caller.workspace_id, caller.account_id, "a test", kept)).secret

    async def agent(self, caller: Caller, sku: str = "CSA-BASIC", source_key: str = "order-1:line-1:1") -> InstanceView:
        await self.offerings.sync(catalogue.load())
        offering = await self.offerings.by_sku(sku)
        assert offering is not None
        async with self.database.write() as tx:
            return await self.instances.create(tx, workspace_id=caller.workspace_id, offering=offering, source_key=source_key)
