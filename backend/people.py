"""The wiring of people and their proofs: the part of the container that knows nothing of agents."""

from __future__ import annotations

from functools import cached_property

from backend import mail
from backend.control_plane.budgets import Budgets
from backend.db.engine import Database
from backend.identity.keys import ApiKeys
from backend.identity.service import Accounts
from backend.identity.sessions import Sessions
from backend.identity.sign_in import SignIn, Throttle
from backend.identity.verification import EmailVerification
from backend.kernel.clock import Clock
from backend.kernel.memory import Callers
from backend.mail import Mailer
from backend.settings import Settings
from backend.workspaces.service import Workspaces


class People:
    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self.settings, self.database, self.clock = settings, database, clock

    @cached_property
    def callers(self) -> Callers:
        return Callers(self.clock)

    @cached_property
    def mailer(self) -> Mailer:
        return mail.mailer(self.settings, self.clock)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.database, self.clock)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.database, self.clock, self.callers)

    @cached_property
    def keys(self) -> ApiKeys:
        return ApiKeys(self.database, self.clock, self.callers)

    @cached_property
    def workspaces(self) -> Workspaces:
        return Workspaces(self.database, self.clock)

    @cached_property
    def budgets(self) -> Budgets:
        return Budgets(self.database, self.workspaces, self.callers)

    @cached_property
    def sign_in(self) -> SignIn:
        return SignIn(self.accounts, self.sessions, Throttle())

    @cached_property
    def verification(self) -> EmailVerification:
        return EmailVerification(self.database, self.clock, self.accounts, self.mailer, self.settings, self.callers)
