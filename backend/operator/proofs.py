"""What makes the books believable, put together: signed receipts, the proof of every room, word of credits that run low."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from backend.control_plane.alerts.ports import Webhooks
from backend.control_plane.alerts.service import Alerts
from backend.control_plane.people import People
from backend.db.engine import Database
from backend.durable import Durable
from backend.gateway import proof as gateway
from backend.gateway.receipts import Receipts
from backend.identity.service import Accounts
from backend.kernel.clock import Clock
from backend.kernel.secrets import SecretBox
from backend.ledger import proof as ledger
from backend.ledger.service import Ledger
from backend.ledger.signing import Keyring
from backend.mail import Mailer
from backend.operator.proving import Proving
from backend.provisioner import proof as provisioner
from backend.settings import Settings
from backend.workspaces.service import Workspaces

CHECKS = (*ledger.CHECKS, *gateway.CHECKS, *provisioner.CHECKS)


@dataclass
class Proofs:
    settings: Settings
    database: Database
    clock: Clock
    ledger: Ledger
    mailer: Mailer
    workspaces: Workspaces
    accounts: Accounts
    webhooks: Webhooks

    def register(self, durable: Durable) -> None:
        """Only before durable work starts."""
        self.proving.register(durable)
        self.alerts.register(durable)

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.database, self.clock, SecretBox(self.settings.secret(), "receipts"))

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self.database, self.ledger, self.keyring, self.settings.base_url)

    @cached_property
    def proving(self) -> Proving:
        brand, operators = self.settings.brand_name, self.settings.operator_emails
        return Proving(self.database, self.clock, self.ledger, self.mailer, CHECKS, brand, operators)

    @cached_property
    def alerts(self) -> Alerts:
        brand, url, people = self.settings.brand_name, self.settings.base_url, People(self.workspaces, self.accounts)
        return Alerts(self.database, self.clock, self.ledger, people, self.mailer, brand, url, self.webhooks)
