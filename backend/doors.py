"""Who may call an endpoint. Every route names one of these dependencies; a test lists the routes that name none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request

from backend.kernel.caller import Caller, Door, Role, Scope
from backend.kernel.errors import Forbidden, Unauthenticated

Resolve = Callable[[Request], Awaitable[Caller | None]]
ANY_DOOR = frozenset(Door)
SIGNED_IN = frozenset({Door.WORKSPACE, Door.API})
PEOPLE = frozenset({Door.WORKSPACE})


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
    """Members of a workspace with at least `role`, who came by one of `doors`; a key needs one of `scopes` too.

    whole: what is behind it tells of the whole workspace, so a key that is limited to some agents may not have it.
    """

    def __init__(self, resolve: Resolve, role: Role, doors: frozenset[Door], *scopes: Scope, whole: bool = False) -> None:
        self._resolve, self._role, self._doors, self._scopes, self._whole = resolve, role, doors, frozenset(scopes), whole
        key = f", key scope {' or '.join(scopes)}" if scopes else ""
        self.access = f"{role} via {'/'.join(sorted(doors))}{key}{', all agents' if whole else ''}"

    async def __call__(self, request: Request) -> Caller:
        """Raises Unauthenticated for nobody, an expired session or a forged token, and what `admit` raises."""
        caller = await self._resolve(request)
        if caller is None:
            raise Unauthenticated("Sign in, or send a valid API key as a Bearer token.")
        return self.admit(caller)

    def admit(self, caller: Caller) -> Caller:
        """The caller, who may. Raises Forbidden for a weaker role or another door, and `scope_missing` for a key without the scope."""
        if caller.door is Door.API and Door.API in self._doors and not self._scopes & caller.scopes:
            wanted = " or ".join(f"“{scope}”" for scope in sorted(self._scopes))
            raise Forbidden(f"This key lacks the scope {wanted}. Give it the scope, or use another key.", code="scope_missing")
        if caller.door not in self._doors or not caller.at_least(self._role):
            raise Forbidden("Your role or key does not allow this.")
        if self._whole and caller.instances is not None:
            raise Forbidden("This tells of the whole workspace, and the key is limited to some agents.", code="key_limited_to_agents")
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
        self.viewer = Members(resolve, Role.VIEWER, SIGNED_IN, Scope.READ)
        self.auditor = Members(resolve, Role.VIEWER, SIGNED_IN, Scope.READ, whole=True)
        """Reads what tells of the whole workspace."""
        self.librarian = Members(resolve, Role.MEMBER, SIGNED_IN, Scope.KNOWLEDGE)
        """Changes documents."""
        self.document_reader = Members(resolve, Role.VIEWER, SIGNED_IN, Scope.KNOWLEDGE, Scope.READ)
        self.member = Members(resolve, Role.MEMBER, SIGNED_IN, Scope.AGENTS)
        """Changes agents and their widgets."""
        self.admin = Members(resolve, Role.ADMIN, SIGNED_IN, Scope.MANAGE)
        self.steward = Members(resolve, Role.ADMIN, SIGNED_IN, Scope.MANAGE, whole=True)
        """As `admin`, over what tells of the whole workspace."""
        self.key_reader = Members(resolve, Role.VIEWER, SIGNED_IN, Scope.MANAGE, Scope.READ)
        self.person = Members(resolve, Role.VIEWER, PEOPLE)
        self.boss = Members(resolve, Role.ADMIN, PEOPLE)
        """An owner or admin in person: what bounds keys is not set by keys."""
        self.programs = Members(resolve, Role.VIEWER, frozenset({Door.API}), Scope.RUNS)
        """API keys alone: no cookie of a browser, no visitor's token."""
        self.runs = Members(resolve, Role.VIEWER, ANY_DOOR, Scope.RUNS)
        """Whoever may use an agent; widget visitors too."""
        self.run_reader = Members(resolve, Role.VIEWER, ANY_DOOR, Scope.RUNS, Scope.READ)
        """As `runs`; a key without `read` sees its own runs only, like a visitor."""
        self.run_lister = Members(resolve, Role.VIEWER, SIGNED_IN, Scope.RUNS, Scope.READ)
        """As `run_reader`, without visitors."""
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
