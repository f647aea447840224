"""Who may call an endpoint. Every route names one of these dependencies; a test lists the routes that name none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request

from backend.kernel.caller import Caller, Door, Role
from backend.kernel.errors import Forbidden, Unauthenticated

Resolve = Callable[[Request], Awaitable[Caller | None]]
ANY_DOOR = frozenset(Door)
SIGNED_IN = frozenset({Door.WORKSPACE, Door.API})


class Public:
    """Anyone may call. It is written out so that an endpoint is never public by omission."""

    access = "public"

    async def __call__(self) -> None:
        return None


class Signed:
    """The body proves itself by a signature that the handler verifies (webhooks)."""

    access = "signed"

    async def __call__(self) -> None:
        return None


class Members:
    """Members of a workspace with at least `role`, who came by one of `doors`."""

    def __init__(self, resolve: Resolve, role: Role, doors: frozenset[Door]) -> None:
        self._resolve, self._role, self._doors = resolve, role, doors
        self.access = f"{role} via {'/'.join(sorted(doors))}"

    async def __call__(self, request: Request) -> Caller:
        """Raises Unauthenticated for nobody, an expired session or a forged token; Forbidden for a weaker role or another door."""
        caller = await self._resolve(request)
        if caller is None:
            raise Unauthenticated("Sign in, or send a valid API key as a Bearer token.")
        if caller.door not in self._doors or not caller.at_least(self._role):
            raise Forbidden("Your role or key does not allow this.")
        return caller


class Operators:
    """People who run the market."""

    access = "operator"

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def __call__(self, request: Request) -> Caller:
        caller = await self._resolve(request)
        if caller is None:
            raise Unauthenticated("Sign in as an operator.")
        if not caller.operator:
            raise Forbidden("Only operators may do this.")
        return caller


class Who:
    """The vocabulary of access, built once from the way a request is resolved to its caller."""

    public = Public()
    signed = Signed()

    def __init__(self, resolve: Resolve) -> None:
        self.viewer = Members(resolve, Role.VIEWER, SIGNED_IN)
        self.member = Members(resolve, Role.MEMBER, SIGNED_IN)
        self.admin = Members(resolve, Role.ADMIN, SIGNED_IN)
        self.owner = Members(resolve, Role.OWNER, SIGNED_IN)
        self.runs = Members(resolve, Role.VIEWER, ANY_DOOR)
        """Whoever may use an agent; widget visitors too."""
        self.operator = Operators(resolve)


def same_origin(request: Request) -> bool:
    """Whether a browser's request comes from a page of ours. Cookie-authenticated writes need it, against CSRF."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return True
    origin = request.headers.get("origin")
    if origin is not None:
        return _host(origin) == request.headers.get("host")
    return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def _host(origin: str) -> str | None:
    """None for what is no address: a program can send anything as its Origin."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
