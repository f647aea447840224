"""The only wiring: settings in, services out. Nothing above builds a service, nothing below knows this module."""

from __future__ import annotations

from functools import cached_property

import httpx

from backend import __version__, catalogue, people
from backend.commerce.carts import Carts
from backend.commerce.client import Commerce
from backend.commerce.connection import AppConnection
from backend.commerce.copies import DatabaseCopies
from backend.commerce.gateways import Gateways
from backend.commerce.session import Session
from backend.commerce.sweep import Sweep
from backend.commerce.telling import Telling as PaymentTelling
from backend.commerce.till import Till
from backend.commerce.transport import HttpxTransport
from backend.control_plane.access import Access
from backend.control_plane.conversations import Conversations
from backend.control_plane.instances import Instances
from backend.control_plane.keyring import Keyring
from backend.control_plane.knowledge.service import Knowledge
from backend.control_plane.offerings import Offerings
from backend.control_plane.onboarding import DemoAccount, SignUp
from backend.control_plane.people import People
from backend.db.engine import Database
from backend.durable import Durable
from backend.gateway import told
from backend.gateway.quotes import Quotes
from backend.gateway.refunds import Refunds
from backend.gateway.service import Gateway
from backend.gateway.spending import Spending
from backend.kernel.clock import Clock
from backend.kernel.secrets import SecretBox
from backend.ledger.service import Ledger
from backend.operator.admin import OPERATIONS, Admin, Credentials
from backend.operator.doctor.service import Doctor
from backend.operator.proofs import Proofs
from backend.operator.setup import wanted
from backend.operator.setup.policy import version_of
from backend.operator.setup.service import Setup
from backend.provisioner import manifest, signature
from backend.provisioner.books import Books
from backend.provisioner.desk import Desk
from backend.provisioner.granting import Granting
from backend.provisioner.handover import Handover
from backend.provisioner.orders import Orders
from backend.provisioner.reconcile import Reconciler
from backend.provisioner.service import Provisioner
from backend.provisioner.settling import Settling
from backend.provisioner.telling import Telling
from backend.provisioner.workflow import OrderWorkflow
from backend.runner.local import local_runner
from backend.runner.ports import Runner
from backend.runner.remote import RemoteRunner
from backend.settings import Settings
from backend.webhooks.outbox import Outbox
from backend.webhooks.room import Room
from backend.widget.service import Widgets


class Services(people.People):
    """Everything the doors, the pages and the commands call. Each service is built once, when it is first asked for.

    saleor: how Saleor is reached; None is the network, otherwise a server within this process.
    """

    def __init__(
        self, settings: Settings, *, database: Database, durable: Durable, clock: Clock, saleor: httpx.AsyncBaseTransport | None
    ) -> None:
        super().__init__(settings, database, clock)
        self.durable = durable
        self._saleor = saleor
        self.products = catalogue.load()
        # Durable work can be registered only before it starts.
        self.workflow.register()
        self.webhook_room.telling.register(durable)
        for room in (self.reconciler, self.proofs, self.sweep):
            room.register(durable)
        _ = self.knowledge, self.gateway

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """For plain HTTP to Saleor, beside its GraphQL."""
        return httpx.AsyncClient(transport=self._saleor, timeout=10)

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.database, self.keys, self.instances, self.budgets)

    @cached_property
    def spending(self) -> Spending:
        return Spending(self.database, self.clock)

    @cached_property
    def sign_up(self) -> SignUp:
        return SignUp(self.database, self.accounts, self.workspaces, self.verification)

    @cached_property
    def demo(self) -> DemoAccount:
        return DemoAccount(self.database, self.accounts, self.workspaces, self.ledger)

    @cached_property
    def access(self) -> Access:
        access = Access(self.sessions, self.keys, self.workspaces, self.budgets, self.settings, self.callers)
        access.add_bearer("cmpw_", self.widgets.resolve)
        return access

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.database, self.clock)

    @cached_property
    def offerings(self) -> Offerings:
        return Offerings(self.database, self.settings.run_timeout_seconds)

    @cached_property
    def instances(self) -> Instances:
        return Instances(self.database, self.clock, self.offerings)

    @cached_property
    def knowledge(self) -> Knowledge:
        return Knowledge(self.database, self.clock, self.settings, self.durable, self.instances)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.database, self.clock)

    @cached_property
    def connection(self) -> AppConnection:
        return AppConnection(self.database, self.settings, SecretBox(self.settings.secret(), "saleor"))

    @cached_property
    def commerce(self) -> Commerce:
        url, channel = self.settings.saleor_url, self.settings.saleor_channel
        copies = DatabaseCopies(self.database, url, channel)
        return Commerce(url, channel, transport=self._saleor, app_token=self.connection.token, clock=self.clock, copies=copies)

    @cached_property
    def carts(self) -> Carts:
        return Carts(self.database, self.commerce, self.clock)

    @cached_property
    def settling(self) -> Settling:
        return Settling(self.clock, Granting(self.ledger, self.instances, self.offerings, self.outbox))

    @cached_property
    def till(self) -> Till:
        return Till(
            self.database,
            self.clock,
            self.commerce,
            self.carts,
            self.orders,
            SecretBox(self.settings.secret(), "payments"),
            gateways=Gateways(self.settings.redirect_gateways, ours=self.settings.base_url),
            checkout_url=f"{self.settings.base_url}/checkout",
        )

    @cached_property
    def sweep(self) -> Sweep:
        brand, url, operators = self.settings.brand_name, self.settings.base_url, self.settings.operator_emails
        return Sweep(self.till, PaymentTelling(self.database, self.clock, self.mailer, brand, url, operators))

    @cached_property
    def workflow(self) -> OrderWorkflow:
        brand, url, operators = self.settings.brand_name, self.settings.base_url, self.settings.operator_emails
        telling = Telling(self.database, self.clock, self.mailer, brand, url, operators)
        handover = Handover(self.commerce, url)
        rooms = (self.database, self.clock, self.durable, self.commerce, self.settling)
        return OrderWorkflow(*rooms, handover, telling, self.workspaces, self.accounts, self.settings.saleor_channel)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.database, self.clock, self.workspaces, self.workflow.begin)

    @cached_property
    def provisioner(self) -> Provisioner:
        url, secret = self.settings.saleor_url, self.settings.saleor_webhook_secret.get_secret_value()
        verifier = signature.verifier(url, secret, self.http, self.clock)
        return Provisioner(self.database, self.clock, self.workflow, self.commerce, self.connection, self.commerce, verifier, url)

    @cached_property
    def reconciler(self) -> Reconciler:
        return Reconciler(self.database, self.clock, self.commerce, self.workflow)

    def saleor_setup(self, credentials: Credentials) -> Setup:
        """For one run; close its `admin` afterwards."""
        session = Session(HttpxTransport(self.settings.saleor_url, self._saleor), OPERATIONS)
        admin = Admin(session, self.settings.saleor_url, credentials, self.clock)
        app = manifest.manifest(self.settings.base_url, __version__)
        return Setup(admin, self.settings, self.products, app, self.commerce, self.connection)

    def doctor(self) -> Doctor:
        """For one examination; close it afterwards. It asks over the network, as Saleor and the buyers would."""
        session = None if self.settings.embedded_shop else Session(HttpxTransport(self.settings.saleor_url, self._saleor), OPERATIONS)
        app = manifest.manifest(self.settings.base_url, __version__)
        return Doctor(
            self.settings,
            self.clock,
            httpx.AsyncClient(timeout=5),
            session,
            self.connection,
            wanted.app(app),
            version_of(app["requiredSaleorVersion"]),
            [variant.sku for product in self.products for variant in product.variants],
            self.till.gateways,
            self.desk.last_report,
        )

    @cached_property
    def books(self) -> Books:
        return Books(self.database, self.ledger, self.commerce)

    @cached_property
    def desk(self) -> Desk:
        begin, url = self.workflow.begin, self.settings.saleor_api_url
        return Desk(self.database, self.clock, self.settling, begin, self.reconciler, self.ledger, self.workspaces, self.books, url)

    @cached_property
    def runner(self) -> Runner:
        return RemoteRunner(self.settings) if self.settings.runner_url else local_runner(self.settings, self.products)

    @cached_property
    def gateway(self) -> Gateway:
        rooms = (self.ledger, self.instances, self.knowledge, self.conversations, self.runner)
        return Gateway(self.database, self.clock, *rooms, self.products, self.settings, self.durable, self.outbox)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.database, self.clock)

    @cached_property
    def webhook_room(self) -> Room:
        admins, content = People(self.workspaces, self.accounts).admins, told.Content(lambda: self.gateway)
        where = (self.database, self.clock, self.mailer, self.settings)
        return Room(*where, outbox=self.outbox, admins=admins, content=content)

    @cached_property
    def quotes(self) -> Quotes:
        return Quotes(self.database, self.clock, self.ledger, self.instances, self.settings, self.spending)

    @cached_property
    def refunds(self) -> Refunds:
        return Refunds(self.ledger)

    @cached_property
    def proofs(self) -> Proofs:
        return Proofs(self.settings, self.database, self.clock, self.ledger, self.mailer, self.workspaces, self.accounts, self.outbox)

    @cached_property
    def widgets(self) -> Widgets:
        return Widgets(self.database, self.clock, self.instances, self.budgets, self.settings, self.callers)


_current: Services | None = None


def current() -> Services:
    """The services of this process. For State handlers, which Reflex makes and nobody can hand anything to."""
    if _current is None:
        raise RuntimeError("the services are not wired yet")
    return _current


def make_current(services: Services) -> None:
    global _current
    _current = services
