"""The only wiring: settings in, services out. Nothing above builds a service, nothing below knows this module."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from backend import catalogue, mail
from backend.commerce.carts import Carts
from backend.commerce.client import Commerce
from backend.commerce.connection import AppConnection
from backend.control_plane.access import Access
from backend.control_plane.conversations import Conversations
from backend.control_plane.instances import Instances
from backend.control_plane.knowledge.service import Knowledge
from backend.control_plane.offerings import Offerings
from backend.control_plane.onboarding import DemoAccount, SignUp
from backend.db.engine import Database
from backend.durable import Durable
from backend.gateway.service import Gateway
from backend.identity.keys import ApiKeys
from backend.identity.service import Accounts
from backend.identity.sessions import Sessions
from backend.identity.sign_in import SignIn, Throttle
from backend.identity.verification import EmailVerification
from backend.kernel.clock import Clock
from backend.kernel.secrets import SecretBox
from backend.ledger.service import Ledger
from backend.mail import Mailer
from backend.provisioner.granting import Granting
from backend.provisioner.orders import Orders
from backend.provisioner.reconcile import Reconciler
from backend.provisioner.service import Provisioner
from backend.provisioner.signature import JwksVerifier
from backend.provisioner.workflow import OrderWorkflow
from backend.runner.embedded import EmbeddedRunner
from backend.runner.flows import flow_for
from backend.runner.langflow import LangflowRunner
from backend.runner.ports import Runner
from backend.settings import Settings
from backend.widget.service import Widgets
from backend.workspaces.service import Workspaces


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the doors, the pages and the commands call. It holds no state of its own."""

    settings: Settings
    clock: Clock
    database: Database
    durable: Durable
    mailer: Mailer
    accounts: Accounts
    sessions: Sessions
    keys: ApiKeys
    sign_in: SignIn
    verification: EmailVerification
    workspaces: Workspaces
    sign_up: SignUp
    demo: DemoAccount
    access: Access
    offerings: Offerings
    instances: Instances
    knowledge: Knowledge
    conversations: Conversations
    ledger: Ledger
    connection: AppConnection
    commerce: Commerce
    carts: Carts
    orders: Orders
    provisioner: Provisioner
    reconciler: Reconciler
    runner: Runner
    gateway: Gateway
    widgets: Widgets
    products: tuple[catalogue.Product, ...]
    http: httpx.AsyncClient


_current: Services | None = None


def current() -> Services:
    """The services of this process. For State handlers, which Reflex makes and nobody can hand anything to."""
    if _current is None:
        raise RuntimeError("the services are not wired yet")
    return _current


def make_current(services: Services) -> None:
    global _current
    _current = services


def build(settings: Settings, *, database: Database, durable: Durable, clock: Clock, saleor: httpx.AsyncBaseTransport | None) -> Services:
    """saleor: how Saleor is reached; None is the network, otherwise a server within this process."""
    products, mailer = catalogue.load(), mail.mailer(settings, clock)
    accounts, sessions, keys = Accounts(database, clock), Sessions(database, clock), ApiKeys(database, clock)
    workspaces, ledger, offerings = Workspaces(database, clock), Ledger(database, clock), Offerings(database)
    verification = EmailVerification(database, clock, accounts, mailer, settings)
    instances, conversations = Instances(database, clock, offerings), Conversations(database, clock)
    knowledge = Knowledge(database, clock, settings, durable, instances)
    access = Access(sessions, keys, workspaces, settings)
    connection = AppConnection(database, settings, SecretBox(settings.secret(), "saleor"))
    commerce = Commerce(settings.saleor_url, settings.saleor_channel, transport=saleor, app_token=connection.token, clock=clock)
    granting = Granting(ledger, instances, offerings)
    workflow = OrderWorkflow(
        database, clock, durable, commerce, granting, workspaces, accounts, mailer, settings.brand_name, settings.base_url
    )
    workflow.register()
    reconciler = Reconciler(database, clock, commerce, workflow)
    reconciler.register(durable)
    http = httpx.AsyncClient(transport=saleor, timeout=10)
    verifier = JwksVerifier(urljoin(settings.saleor_url, "/.well-known/jwks.json"), http, clock)
    flows = [flow_for(product, settings).flow for product in products if product.is_agent]
    runner: Runner = LangflowRunner(settings) if settings.langflow_url else EmbeddedRunner(settings, flows=flows)
    widgets = Widgets(database, clock, instances, settings)
    access.add_bearer("cmpw_", widgets.resolve)
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        durable=durable,
        mailer=mailer,
        accounts=accounts,
        sessions=sessions,
        keys=keys,
        sign_in=SignIn(accounts, sessions, Throttle()),
        verification=verification,
        workspaces=workspaces,
        sign_up=SignUp(database, accounts, workspaces, verification),
        demo=DemoAccount(database, accounts, workspaces, ledger),
        access=access,
        offerings=offerings,
        instances=instances,
        knowledge=knowledge,
        conversations=conversations,
        ledger=ledger,
        connection=connection,
        commerce=commerce,
        carts=Carts(database, commerce, clock),
        orders=Orders(database, clock, workspaces, workflow.begin),
        provisioner=Provisioner(database, clock, workflow, commerce, connection, verifier, settings.saleor_url),
        reconciler=reconciler,
        runner=runner,
        gateway=Gateway(database, clock, ledger, instances, knowledge, conversations, runner, products, settings),
        widgets=widgets,
        products=products,
        http=http,
    )
