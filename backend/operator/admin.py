"""Saleor as its staff sees it: a login or a token, and every way it can refuse, in words with the fix."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from backend.commerce.errors import NotPermitted
from backend.commerce.session import Session
from backend.commerce.transport import Upload
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, DomainError, Forbidden, Invalid, Unauthenticated, Unavailable, UpstreamFailed

OPERATIONS = Path(__file__).parent / "operations"
_SPARE_SECONDS = 60
"""A login is renewed this long before it ends. Saleor's last five minutes unless its settings say otherwise."""
PAGE = 100
"""The most Saleor gives at once."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Either a staff account's e-mail and password, or a token. A password stays good for a set-up that outlasts a token."""

    email: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the credentials are. is_app: the token is an app's, which Saleor does not let create another app."""

    name: str
    permissions: frozenset[str]
    is_app: bool


def api_url(given: str) -> str:
    """Saleor's GraphQL URL as Saleor writes it, from what people paste. Raises Invalid."""
    url = urlsplit(given.strip() if "//" in given else f"https://{given.strip()}")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise Invalid(f"{given!r} is no address of a Saleor. It looks like https://shop.example.com/graphql/.", code="saleor_url")
    path = url.path.rstrip("/") or "/graphql"
    return urlunsplit((url.scheme, url.netloc, f"{path}/", "", ""))


class Admin:
    """url: Saleor's GraphQL URL. Calls carry the token of the login, which is made at the first call and renewed before it ends."""

    def __init__(self, session: Session, url: str, credentials: Credentials, clock: Clock) -> None:
        self._session, self._url, self._credentials, self._clock = session, url, credentials, clock
        self._token = credentials.token
        self._ends = 0.0

    async def ask(self, operation: str, variables: Mapping[str, Any] | None = None, *, upload: Upload | None = None) -> dict[str, Any]:
        """The operation's data. Raises DomainError, each kind in words for whoever runs the set-up."""
        token = await self._fresh()
        try:
            return await self._session.ask(operation, variables or {}, token=token, upload=upload)
        except NotPermitted as fault:
            raise Forbidden(f"Saleor does not allow this: {fault.said}", code="saleor_permission") from None
        except Unavailable:
            raise Unavailable(f"Nothing answers at {self._url}. Is that Saleor running, and can it be reached from here?") from None
        except UpstreamFailed as fault:
            raise self._strange() from fault

    async def pages(self, operation: str, variables: Mapping[str, Any] | None = None) -> AsyncIterator[dict[str, Any]]:
        """Every node of a connection, the only field of the operation."""
        after: str | None = None
        while True:
            data = await self.ask(operation, {**(variables or {}), "first": PAGE, "after": after})
            (connection,) = data.values()
            for edge in connection["edges"]:
                yield edge["node"]
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    async def close(self) -> None:
        await self._session.close()

    async def identity(self) -> Identity:
        """Who we are there. Raises Unauthenticated for a wrong login or token, Forbidden for an account that is not staff."""
        me = (await self.ask("Me"))["me"]
        if me is None:
            return await self._app()
        if not me["isStaff"]:
            raise Forbidden(f"{me['email']} is a customer of this Saleor, not staff. Use a staff account.", code="not_staff")
        return Identity(me["email"], _codes(me["userPermissions"]), is_app=False)

    async def _app(self) -> Identity:
        try:
            app = (await self.ask("TokenApp"))["app"]
        except Forbidden:
            app = None
        if app is None:
            raise Unauthenticated(
                "Saleor does not know this token, or it has ended. Log in with --email and --password instead.", code="bad_token"
            )
        return Identity(f"the app {app['name']}", _codes(app["permissions"]), is_app=True)

    async def _fresh(self) -> str:
        """A token that is still good. One that was given stays as it is."""
        if self._credentials.password and self._clock.now().timestamp() > self._ends - _SPARE_SECONDS:
            self._token = await self._login()
            # Where a token says nothing of its end, the shortest is taken: the next call logs in again.
            self._ends = _end_of(self._token)
        return self._token

    async def _login(self) -> str:
        given = {"email": self._credentials.email, "password": self._credentials.password}
        try:
            done = (await self._session.ask("Login", given))["done"]
        except Unavailable:
            raise Unavailable(f"Nothing answers at {self._url}. Is that Saleor running, and can it be reached from here?") from None
        except UpstreamFailed as fault:
            raise self._strange() from fault
        if done["errors"] or not done["token"]:
            raise Unauthenticated(
                f"Saleor does not accept this e-mail and password ({_said(done['errors'])}). Use those of a staff account of the Saleor at "
                f"{self._url}.",
                code="bad_login",
            )
        return str(done["token"])

    def _strange(self) -> DomainError:
        return UpstreamFailed(
            f"What answers at {self._url} is no Saleor. Give the address of its API, which ends in /graphql/, not the dashboard's.",
            code="not_saleor",
        )


def require(identity: Identity, permissions: Collection[str]) -> None:
    """Raises Forbidden naming every permission that is missing."""
    if missing := sorted(set(permissions) - identity.permissions):
        raise Forbidden(
            f"{identity.name} lacks {', '.join(missing)} in Saleor. Add it to a permission group that has them (dashboard: Configuration → "
            "Permission groups), or use another account.",
            code="saleor_permission",
        )


def refused(what: str, errors: list[dict[str, Any]]) -> Conflict:
    """For the `errors` of a mutation."""
    return Conflict(f"Saleor refused to {what}: {_said(errors)}", code="saleor_refused")


def _said(errors: list[dict[str, Any]]) -> str:
    parts = [f"{e.get('message') or 'no reason given'} ({' '.join(filter(None, (e.get('field'), e.get('code'))))})" for e in errors]
    return "; ".join(dict.fromkeys(parts)) or "no reason given"


def _codes(permissions: list[dict[str, str]] | None) -> frozenset[str]:
    return frozenset(permission["code"] for permission in permissions or ())


def _end_of(token: str) -> float:
    """When a JWT ends, in seconds since 1970; 0 when it does not say. It is not verified: it came from the issuer itself."""
    try:
        body = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return 0.0
