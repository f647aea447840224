"""The provisioner with everything it stands on, as the real parts, in front of a Saleor reached over HTTP."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from dbos import DBOS

from backend import catalogue
from backend.commerce.client import Commerce
from backend.commerce.connection import AppConnection
from backend.control_plane.instances import Instances
from backend.control_plane.offerings import Offerings
from backend.db.engine import Database
from backend.durable import Durable, Retry
from backend.identity.service import Accounts, AccountView
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import Clock
from backend.kernel.ids import WorkspaceId
from backend.kernel.secrets import SecretBox
from backend.ledger.service import Ledger
from backend.mail import FolderMailer
from backend.provisioner.books import Books
from backend.provisioner.desk import Desk
from backend.provisioner.door import Door as WebhookDoor
from backend.provisioner.granting import Granting
from backend.provisioner.handover import Handover
from backend.provisioner.manifest import EVENTS
from backend.provisioner.orders import Orders
from backend.provisioner.reconcile import Reconciler
from backend.provisioner.service import Provisioner
from backend.provisioner.settling import Settling
from backend.provisioner.signature import JwksVerifier, jwks_url
from backend.provisioner.telling import Telling
from backend.provisioner.workflow import NAME, OrderWorkflow
from backend.settings import Settings
from backend.webhooks.outbox import Outbox
from backend.workspaces.service import Workspaces
from tests.service.provisioner.saleor import APP_ID, APP_TOKEN, FakeSaleor

BASE_URL = "http://localhost:3000"
OPERATORS = ("operator@example.com",)
PATIENT = 60.0
"""Seconds a delivery may take here: how quick the machine is, is not what these tests are about."""
QUICK = Retry(attempts=3, interval=0.01, backoff=1.0)


@dataclass
class House:
    database: Database
    durable: Durable
    accounts: Accounts
    workspaces: Workspaces
    ledger: Ledger
    instances: Instances
    workflow: OrderWorkflow
    orders: Orders
    provisioner: Provisioner
    reconciler: Reconciler
    books: Books
    desk: Desk
    connection: AppConnection
    commerce: Commerce
    http: httpx.AsyncClient
    mail: Path

    async def open(self) -> None:
        await Offerings(self.database).sync(catalogue.load())
        await self.durable.start()

    async def close(self) -> None:
        await self.durable.stop()
        await self.commerce.close()
        await self.http.aclose()
        await self.database.dispose()

    async def member(self, email: str = "buyer@example.com", *, verified: bool = True) -> tuple[AccountView, Caller]:
        """An account with its personal workspace."""
        async with self.database.write() as tx:
            # The hash is of no password: nobody signs in here.
            account = await self.accounts.add(tx, email, "no-password")
            workspace = await self.workspaces.create_personal(tx, account.id, "Theirs")
            if verified:
                await self.accounts.mark_verified(tx, account.id)
        return await self.accounts.get(account.id), Caller(Door.WORKSPACE, workspace.id, Role.OWNER, account.id, email)

    async def deliver(
        self, saleor: FakeSaleor, order_id: str, event: str = "OrderFullyPaid", issued: str = "2026-11-22T12:00:00+00:00"
    ) -> str:
        """A delivery by Saleor, and its workflow to the end. Our ref of the order."""
        raw, headers = saleor.delivery(order_id, event, issued)
        cause = next(cause for cause, events in EVENTS.items() if event in events.values())
        ref = await self.provisioner.receive(cause, raw, headers)
        await self.wait(f"order:{ref}:{cause}:{hashlib.sha256(raw).hexdigest()[:32]}")
        return ref

    async def update(self, saleor: FakeSaleor, order_id: str) -> str:
        """ORDER_UPDATED, and every workflow that came of it to the end. Our ref, or "" when the order is none of ours."""
        raw, headers = saleor.delivery(order_id, "OrderUpdated")
        ref = await self.provisioner.receive("updated", raw, headers)
        await self.rest()
        return ref

    async def rest(self) -> None:
        """Until no workflow is under way."""
        for workflow_id in await self.begun():
            await self.wait(workflow_id)

    async def begun(self) -> list[str]:
        """The ids of all workflows about orders, oldest first."""
        return [found.workflow_id for found in await DBOS.list_workflows_async(name=NAME)]

    async def wait(self, workflow_id: str) -> None:
        """Until the workflow has ended, looked at more often than a program would, because dozens of tests wait here."""
        handle: Any = await DBOS.retrieve_workflow_async(workflow_id)
        await handle.get_result(polling_interval_sec=0.02)

    async def available(self, caller: Caller) -> str:
        return str((await self.ledger.balance(WorkspaceId(caller.workspace_id))).available)


def build(
    settings: Settings,
    clock: Clock,
    database: Database,
    durable: Durable,
    transport: httpx.AsyncBaseTransport | None,
    *,
    mail: Path,
    ledger: Ledger | None = None,
) -> House:
    accounts, workspaces = Accounts(database, clock), Workspaces(database, clock)
    ledger, offerings = ledger or Ledger(database, clock), Offerings(database)
    instances = Instances(database, clock, offerings)
    connection = AppConnection(database, settings, SecretBox(settings.secret(), "saleor"))
    commerce = Commerce(settings.saleor_url, settings.saleor_channel, transport=transport, app_token=connection.token, clock=clock)
    http = httpx.AsyncClient(transport=transport)
    settling = Settling(clock, Granting(ledger, instances, offerings, Outbox(database, clock)))
    mailer = FolderMailer(mail, sender="CMP <no-reply@localhost>", clock=clock)
    telling = Telling(database, clock, mailer, "CMP", BASE_URL, OPERATORS)
    handover = Handover(commerce, BASE_URL)
    channel = settings.saleor_channel
    workflow = OrderWorkflow(
        *(database, clock, durable, commerce, settling, handover, telling, workspaces, accounts, channel),
        retry=QUICK,
        door=WebhookDoor(PATIENT),
    )
    workflow.register()
    verifier = JwksVerifier(jwks_url(settings.saleor_url), http, clock)
    provisioner = Provisioner(database, clock, workflow, commerce, connection, commerce, verifier, settings.saleor_url)
    orders = Orders(database, clock, workspaces, workflow.begin)
    reconciler = Reconciler(database, clock, commerce, workflow)
    books = Books(database, ledger, commerce)
    desk = Desk(database, clock, settling, workflow.begin, reconciler, ledger, workspaces, books, settings.saleor_api_url)
    return House(
        database,
        durable,
        accounts,
        workspaces,
        ledger,
        instances,
        workflow,
        orders,
        provisioner,
        reconciler,
        books,
        desk,
        connection,
        commerce,
        http,
        mail,
    )


async def installed(house: House) -> House:
    await house.connection.store(APP_ID, APP_TOKEN)
    return house
