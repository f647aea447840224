"""Every path a browser can open. Pages, links and redirects take them from here."""

from __future__ import annotations

from urllib.parse import urlencode

HOME = "/"
ABOUT = "/about"
PRICING = "/pricing"
MARKETPLACE = "/marketplace"
PRODUCT = "/marketplace/[slug]"
CREDIT_PACKS = "/marketplace?category=credit-packs"
CART = "/cart"
CHECKOUT = "/checkout"
ORDER = "/orders/[ref]"
SIGN_IN = "/signin"
REGISTER = "/register"
DEVELOPERS = "/developers"
TERMS = "/terms"
PRIVACY = "/privacy"

APP = "/app"
APP_AGENTS = "/app/agents"
APP_AGENT = "/app/agents/[instance_id]"
APP_RUNS = "/app/runs"
APP_CREDITS = "/app/credits"
APP_USAGE = "/app/usage"
APP_KEYS = "/app/keys"
APP_WEBHOOKS = "/app/webhooks"
APP_ORDERS = "/app/orders"
APP_MEMBERS = "/app/members"
APP_SETTINGS = "/app/settings"

RUNS_CSV = "/v1/runs.csv"
ENTRIES_CSV = "/v1/credits/entries.csv"
RECEIPTS = "/v1/receipts"

OPERATOR_ORDERS = "/operator/orders"
OPERATOR_BOOKS = "/v1/operator/books.csv"

API_REFERENCE = "/docs"
READY = "/ready"
LOGIN = "/auth/login"
CREATE_ACCOUNT = "/auth/register"
LOGOUT = "/auth/logout"


def product(slug: str) -> str:
    return f"{MARKETPLACE}/{slug}"


def order(ref: str) -> str:
    return f"/orders/{ref}"


def agent(instance_id: str) -> str:
    return f"{APP_AGENTS}/{instance_id}"


def webhook(webhook_id: str) -> str:
    return with_query(APP_WEBHOOKS, webhook=webhook_id)


def run(run_id: str) -> str:
    return with_query(APP_RUNS, run=run_id)


def sign_in(after: str = "") -> str:
    """The sign-in page, coming back to the path `after`."""
    return with_query(SIGN_IN, next=after)


def with_query(path: str, **params: str) -> str:
    """`path` with those parameters that are not empty."""
    given = {name: value for name, value in params.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
