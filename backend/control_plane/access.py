"""Access: from a cookie or a Bearer token to a caller. The one place where a request learns who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http.cookies import CookieError, SimpleCookie

from fastapi import Request

from backend.control_plane.budgets import Budgets
from backend.doors import same_origin
from backend.identity.keys import PREFIX, ApiKeys
from backend.identity.service import AccountView
from backend.identity.sessions import COOKIE, Sessions
from backend.kernel.caller import Caller, Door, Role, Scope
from backend.kernel.errors import Forbidden
from backend.kernel.memory import Callers, Memory
from backend.settings import Settings
from backend.workspaces.service import Workspaces

Resolver = Callable[[str], Awaitable[Caller | None]]


class Access:
    """callers: remembers for a second who is behind a token or cookie; the rooms that change who that is are given the same one."""

    def __init__(
        self, sessions: Sessions, keys: ApiKeys, workspaces: Workspaces, budgets: Budgets, settings: Settings, callers: Callers
    ) -> None:
        self._sessions, self._keys, self._workspaces, self._budgets = sessions, keys, workspaces, budgets
        self._callers = callers
        self._operators = frozenset(settings.operator_emails)
        self._bearers: dict[str, Resolver] = {PREFIX: self._by_key}

    def add_bearer(self, prefix: str, resolver: Resolver) -> None:
        """Let another room recognise the tokens that begin with `prefix`."""
        self._bearers[prefix] = resolver

    def known(self, bearer: str) -> Caller | None:
        """Who came with this token within the last second; never waits, and asks nothing. None: ask `caller`."""
        return self._callers.bearers.look(bearer)

    async def caller(self, cookie: str | None, bearer: str | None) -> Caller | None:
        """A Bearer token, when there is one, is the only thing that counts: a bad one is not helped out by a cookie.

        Raises Unauthenticated `key_revoked` or `key_expired` for a key that was once good.
        """
        if bearer is not None:
            return await _remembered(self._callers.bearers, bearer, self._by_bearer)
        return await _remembered(self._callers.cookies, cookie, self._by_cookie) if cookie else None

    async def resolve(self, request: Request) -> Caller | None:
        """Raises Forbidden `foreign_origin` when another site makes a browser act with our cookie."""
        bearer, cookie = _bearer(request.headers.get("authorization")), request.cookies.get(COOKIE)
        if bearer is None and cookie and not same_origin(request):
            raise Forbidden("This request came from another site.", code="foreign_origin")
        return await self.caller(cookie, bearer)

    async def from_cookie_header(self, header: str) -> Caller | None:
        """For a connection that has no Request, such as the UI's websocket. header: the raw value of `Cookie`."""
        try:
            morsel = SimpleCookie(header).get(COOKIE)
        except CookieError:
            return None
        return await self.caller(morsel.value, None) if morsel else None

    async def _by_bearer(self, bearer: str) -> Caller | None:
        resolver = next((found for prefix, found in self._bearers.items() if bearer.startswith(prefix)), None)
        return await self._bound(await resolver(bearer)) if resolver else None

    async def _by_cookie(self, cookie: str) -> Caller | None:
        account = await self._sessions.account(cookie)
        return await self._bound(await self._member(account)) if account else None

    async def _bound(self, caller: Caller | None) -> Caller | None:
        """The caller with every budget that a run of theirs must keep."""
        return replace(caller, budgets=await self._budgets.bound(caller)) if caller else None

    async def _by_key(self, secret: str) -> Caller | None:
        key = await self._keys.find(secret)
        if key is None:
            return None
        return Caller(
            door=Door.API,
            workspace_id=key.workspace_id,
            role=Role.ADMIN if Scope.MANAGE in key.limits.scopes else Role.MEMBER,
            account_id=key.account_id,
            key_id=key.id,
            instances=key.limits.instances,
            scopes=key.limits.scopes,
        )

    async def _member(self, account: AccountView) -> Caller | None:
        """The account in its first workspace. Only a proven e-mail makes an operator: anyone can type an operator's address."""
        membership = next(iter(await self._workspaces.of(account.id)), None)
        if membership is None:
            return None
        return Caller(
            door=Door.WORKSPACE,
            workspace_id=membership.workspace.id,
            role=membership.role,
            account_id=account.id,
            email=account.email,
            operator=account.email_verified and account.email in self._operators,
        )


async def _remembered(memory: Memory[Caller], secret: str, resolve: Resolver) -> Caller | None:
    if caller := memory.look(secret):
        return caller
    return await memory.together.ask((secret, memory.asking()), _kept(memory, secret, resolve))


async def _kept(memory: Memory[Caller], secret: str, resolve: Resolver) -> Caller | None:
    asked = memory.asking()
    if caller := await resolve(secret):
        memory.keep(secret, caller, asked)
    return caller


def _bearer(header: str | None) -> str | None:
    """The token, empty when the header is there but holds none; None without the header."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
