"""Our side of a set-up: the connection that keeps the token, the client, and the set-up itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from backend import catalogue
from backend.commerce.client import Commerce
from backend.commerce.connection import AppConnection
from backend.commerce.session import Session
from backend.commerce.transport import HttpxTransport
from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.secrets import SecretBox
from backend.operator.admin import OPERATIONS, Admin, Credentials
from backend.operator.setup.schemas import Step, Wanted
from backend.operator.setup.service import Setup
from backend.provisioner.manifest import manifest
from backend.settings import Settings
from tests.service.operator.saleor import EMAIL, PASSWORD

LOGIN = Credentials(email=EMAIL, password=PASSWORD)


@dataclass
class House:
    settings: Settings
    database: Database
    clock: Clock
    transport: httpx.AsyncBaseTransport
    _sessions: list[Session] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection = AppConnection(self.database, self.settings, SecretBox(self.settings.secret(), "saleor"))
        self.commerce = Commerce(
            self.settings.saleor_url,
            self.settings.saleor_channel,
            transport=self.transport,
            app_token=self.connection.token,
            clock=self.clock,
        )

    def session(self) -> Session:
        self._sessions.append(Session(HttpxTransport(self.settings.saleor_url, self.transport), OPERATIONS))
        return self._sessions[-1]

    def setup(self, credentials: Credentials = LOGIN) -> Setup:
        admin = Admin(self.session(), self.settings.saleor_url, credentials, self.clock)
        app = manifest(self.settings.base_url, "1.0")
        return Setup(admin, self.settings, catalogue.load(), app, self.commerce, self.connection)

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()
        await self.commerce.close()
        await self.database.dispose()


def goal(setup: Setup) -> Wanted:
    return setup.wanted(currency="USD", country="US")


async def run(setup: Setup) -> list[str]:
    """The words of what was done."""

    def unseen(_number: int, _total: int, _step: Step) -> None:
        """Nobody watches."""

    return [step.words for step in await setup.run(goal(setup), unseen)]


async def plan(setup: Setup) -> list[str]:
    return [step.words for step in await setup.plan(goal(setup))]
