"""Who is asking. Built at a door (cookie, API key or widget token), carried by value, and never trusted from the outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from backend.kernel.ids import AccountId, InstanceId, KeyId, WidgetId, WorkspaceId
from backend.kernel.money import Credits


class Role(StrEnum):
    """A member's place in a workspace, strongest first."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


_RANK = {Role.OWNER: 3, Role.ADMIN: 2, Role.MEMBER: 1, Role.VIEWER: 0}


class Door(StrEnum):
    """The way a caller came in."""

    WORKSPACE = "workspace"
    API = "api"
    OPENAI = "openai"
    """An API key, through the paths that OpenAI's clients know."""
    MCP = "mcp"
    """An API key, as a tool of an assistant."""
    WIDGET = "widget"


class Scope(StrEnum):
    """What an API key may be used for."""

    RUNS = "runs"
    """Run agents, and read and cancel the runs of this key."""
    READ = "read"
    """Read what the workspace owns: agents, documents' names, every run, receipts, credits, orders, the list of keys."""
    KNOWLEDGE = "knowledge"
    """Add and delete documents."""
    AGENTS = "agents"
    """Rename, pause and resume agents; set their widgets."""
    MANAGE = "manage"
    """Make, change and revoke keys; set webhooks."""


ALL_SCOPES = frozenset(Scope)
NEW_KEY_SCOPES = frozenset({Scope.RUNS, Scope.READ})
"""What a key may do when nothing is said about it."""


Period = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a subject may spend in one UTC day or calendar month. subject: `key:key_01…`, `widget:wid_01…`, `member:ws_01…:acc_01…`
    or `workspace:ws_01…`."""

    subject: str
    period: Period
    limit: Credits


@dataclass(frozen=True, slots=True)
class Caller:
    """workspace_id: the one workspace this caller may touch. instances: when set, the only instances it may use."""

    door: Door
    workspace_id: WorkspaceId
    role: Role
    account_id: AccountId | None = None
    email: str = ""
    key_id: KeyId | None = None
    widget_id: WidgetId | None = None
    session_id: str = ""
    """For a widget caller: the visitor's conversation, named by us."""
    instances: frozenset[InstanceId] | None = None
    operator: bool = False
    scopes: frozenset[Scope] = ALL_SCOPES
    """What a key was made for. A person may do what the role allows."""
    budgets: tuple[Budget, ...] = ()
    """Every one of them is kept by each run of this caller."""

    def at_least(self, role: Role) -> bool:
        return _RANK[self.role] >= _RANK[role]

    @property
    def own_runs_only(self) -> bool:
        """Whether it sees no runs but those it asked for itself."""
        return self.door is Door.WIDGET or Scope.READ not in self.scopes

    def may_use(self, instance_id: InstanceId) -> bool:
        return self.instances is None or instance_id in self.instances
